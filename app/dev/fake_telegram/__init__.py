"""A stand-in for Telegram: the Bot API that the real sender calls, and the updates that reach the real webhook.

For tests. It holds everything in memory and forgets it when it ends.

    bots.py     the bots, their chats, their files, and being told to fail
    methods.py  the methods that Lobby calls, as strict as Telegram is
    app.py      all of it, served, and what a test asks
"""

from app.dev.fake_telegram.app import create_fake_telegram
from app.dev.fake_telegram.bots import Bot

__all__ = ["Bot", "create_fake_telegram"]
