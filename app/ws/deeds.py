"""What a socket's own commands have brought about: it has their acknowledgement, and needs no news of them."""

from collections.abc import Sequence
from typing import Final

from app.core.events import ConversationChanged, MessageCreated, StoredEvent

MOST: Final = 200


class OwnDeeds:
    """The last ones of a socket, by their numbers in the hotel's sequence."""

    def __init__(self) -> None:
        self._numbers: dict[int, None] = {}

    def committed(self, events: Sequence[StoredEvent]) -> None:
        """What one transaction of its commands has written. A change that came with a message, as when a closed
        conversation is answered, is news all the same: the acknowledgement says nothing of it."""
        wrote = any(isinstance(each.event, MessageCreated) for each in events)
        for each in events:
            if not (wrote and isinstance(each.event, ConversationChanged)):
                self._numbers[each.seq] = None
        while len(self._numbers) > MOST:
            del self._numbers[next(iter(self._numbers))]

    def hold(self, stored: StoredEvent) -> bool:
        """Whether an event is one of them."""
        return stored.seq in self._numbers
