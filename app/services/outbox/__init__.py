"""Everything that waits to leave.

service.py  one delivery: claimed, handed over, and what became of it
worker.py   the loop
resend.py   a failed message once more
"""
