"""The chat on a hotel's site (contract 5): visitors write by REST, and read by REST and on their own socket."""

from app.channels.house import House
from app.core.types import Platform


class WebChat(House):
    """An ``account`` is ``{hotel's slug}/{name}``, an address the account's id in contract 5: ``webchat_user_12``."""

    platform = Platform.WEBCHAT
