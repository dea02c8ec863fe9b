"""Templates that the provider has to approve.

service.py  listed, offered in a conversation, filled and sent
content.py  a template in a message
wishes.py   who may be written to unasked
news.py     what the provider says of one later
"""
