"""Who is typing, as the sockets of one room have been told, so that nobody types for ever.

Whoever begins is taken for typing until they say that they have stopped, until their message is there, or for 6 s after
they last said so. Each process counts for itself: a client that falls silent, or a process that dies, leaves nothing
behind on a colleague's screen.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from app.core.events import MessageCreated
from app.core.signals import Typing

LASTS: Final = 6.0
MOST_TYPING: Final = 500
"""In one hotel; of more, those who have said so longest ago have stopped."""


class Typists:
    """``tell`` is called with whoever has stopped by themselves. Must be closed."""

    def __init__(self, tell: Callable[[Typing], None], lasts: float = LASTS) -> None:
        self._tell = tell
        self._lasts = lasts
        # By conversation and user, the oldest first: each lasts as long as the others.
        self._typing: dict[tuple[int, int], tuple[float, Typing]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        self._typing.clear()
        if self._timer is not None:
            self._timer.cancel()

    def take(self, signal: Typing) -> bool:
        """Somebody types, or has stopped. Whether that is to be told as it is: whoever heard of the beginning hears of
        the end, though the conversation may be another department's by then, and nobody stops who was not typing."""
        key = (signal.conversation.id, signal.user_id)
        if not signal.is_typing or self._has_moved(key, signal):
            self._stop(key)
        if not signal.is_typing:
            return False
        self._typing.pop(key, None)
        loop = asyncio.get_running_loop()
        if len(self._typing) >= MOST_TYPING:
            self._stop(next(iter(self._typing)))
        self._typing[key] = (loop.time() + self._lasts, signal)
        if self._timer is None:
            self._timer = loop.call_later(self._lasts, self._expire)
        return True

    def written(self, event: MessageCreated) -> None:
        """A message is there, and whoever wrote it has stopped."""
        if (author := event.message.staff_user_id) is not None:
            self._stop((event.conversation.id, author))

    def _has_moved(self, key: tuple[int, int], signal: Typing) -> bool:
        """Whether they typed there when the conversation was another department's."""
        told = self._typing.get(key)
        return told is not None and told[1].conversation.department is not signal.conversation.department

    def _stop(self, key: tuple[int, int]) -> None:
        if (found := self._typing.pop(key, None)) is not None:
            self._tell(msgspec.structs.replace(found[1], is_typing=False))

    def _expire(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        for key, (until, _) in list(self._typing.items()):
            if until > loop.time():
                self._timer = loop.call_at(until, self._expire)
                return
            self._stop(key)
