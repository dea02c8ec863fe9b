"""The hotel's own channel, "Guest app": guests write by the guest webhook and read on their own socket."""

from app.channels.house import House
from app.core.types import Platform


class Internal(House):
    """An ``account`` is ``hotel-{id}``, an address the digits of a guest's number."""

    platform = Platform.INTERNAL
