"""How the places of one process are shared among those whose files wait: nobody holds up everybody."""

from collections import Counter
from collections.abc import Iterable
from typing import Final, Protocol

AT_ONCE: Final = 16
OF_A_CONVERSATION: Final = 4
OF_A_CHANNEL: Final = AT_ONCE // 2


class Placed(Protocol):
    """A file that has a place, or wants one."""

    @property
    def conversation_id(self) -> int: ...

    @property
    def channel_id(self) -> int: ...


class Shares:
    """Who holds how many places; ``under_way`` are those that have one."""

    def __init__(self, under_way: Iterable[Placed] = ()) -> None:
        held = list(under_way)
        self._conversations = Counter(each.conversation_id for each in held)
        self._channels = Counter(each.channel_id for each in held)

    def take(self, file: Placed) -> bool:
        """Give this file a place; False where its guest or its channel has no more."""
        if (
            self._conversations[file.conversation_id] >= OF_A_CONVERSATION
            or self._channels[file.channel_id] >= OF_A_CHANNEL
        ):
            return False
        self._conversations[file.conversation_id] += 1
        self._channels[file.channel_id] += 1
        return True

    @property
    def full_conversations(self) -> list[int]:
        return [each for each, held in self._conversations.items() if held >= OF_A_CONVERSATION]

    @property
    def full_channels(self) -> list[int]:
        return [each for each, held in self._channels.items() if held >= OF_A_CHANNEL]
