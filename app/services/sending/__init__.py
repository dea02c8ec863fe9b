"""Everything that staff say.

service.py   what may be sent, when, and what it brings about
outgoing.py  from what is to be said to messages, and from a message to what its channel sends
receipts.py  what guests see of our reading and typing
"""
