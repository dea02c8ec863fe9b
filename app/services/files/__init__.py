"""Guests' files and staff's.

service.py    staff's uploads, what is served, and the provider's names of what we send
fetching.py   guests' files, from the provider to the store
worker.py     the loop that fetches
shares.py     how many at once, and of whom
documents.py  documents of a stay: who may look, and every look on record
keeping.py    what is deleted in time
"""
