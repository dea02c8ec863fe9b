"""What Meta's channels share.

signature.py   is this body Meta's?
graph.py       who may be named in a request to the Graph API
posting.py     a message handed over, and what became of it
"""
