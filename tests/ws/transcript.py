"""What is said over several sockets, and who is told what, written down to be kept as a golden file."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.pinned import assert_json_pinned
from tests.sockets import Socket
from tests.ws.chat import PATH, Chat

NUMBER = re.compile(r"/\d+/")


class Transcript:
    """Sockets by the names of whoever holds them; all that goes over them is written down."""

    def __init__(self, chat: Chat, stack: AsyncExitStack) -> None:
        self.chat = chat
        self.lines: list[dict[str, Any]] = []
        self._stack = stack
        self._sockets: dict[str, Socket] = {}

    async def open(self, name: str, username: str = "", path: str = PATH, **options: Any) -> None:
        """Another socket, under a name of its own."""
        opening = self.chat.open(username or name, path, **options)
        self.lines.append({"opens": name, "path": NUMBER.sub("/<id>/", path)})
        self._sockets[name] = await self._stack.enter_async_context(opening)
        await self.hear()

    async def say(self, name: str, frame: dict[str, Any] | str) -> None:
        """Somebody sends a frame; then everybody is asked what they were told, whoever sent it first."""
        self.lines.append({"from": name, "frame": frame})
        await self._sockets[name].send(frame)
        await self.hear(name)

    async def guest(self, text: str) -> None:
        self.lines.append({"guest": text})
        await self.chat.write(text)
        await self.hear()

    async def hear(self, *first: str) -> None:
        for name in dict.fromkeys((*first, *self._sockets)):
            self.lines += [{"to": name, "frame": frame} for frame in await self._sockets[name].pending()]

    def pin(self, name: str) -> None:
        assert_json_pinned(f"{name}.json", self.lines)


@asynccontextmanager
async def recorded(chat: Chat, name: str) -> AsyncIterator[Transcript]:
    """Kept under ``name`` once the block has ended."""
    async with AsyncExitStack() as stack:
        transcript = Transcript(chat, stack)
        yield transcript
        transcript.pin(name)
