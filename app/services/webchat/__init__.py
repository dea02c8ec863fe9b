"""The web chat: who its visitors are, what they write, what they may read, and how they become users (contract 5)."""
