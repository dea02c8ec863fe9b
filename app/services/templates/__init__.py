"""Templates that the provider has to approve.

service.py  listed, offered in a conversation, filled and sent
content.py  a template in a message
news.py     what the provider says of one later
"""
