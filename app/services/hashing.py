"""Passwords, hashed in threads of their own: two at once, so that the event loop and the machine stay free.

``Hashing`` is made once per process. When more wait than ``MAX_WAITING``, the next is turned away at once: a queue
that long is an attack, or a wait of seconds that nobody should be kept in.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from app.core.errors import Unavailable
from app.core.passwords import hash_password, verify_password

T = TypeVar("T")

AT_ONCE: Final = 2
MAX_WAITING: Final = 50


class Hashing:
    """Raises Unavailable where too many wait already."""

    def __init__(self, at_once: int = AT_ONCE, max_waiting: int = MAX_WAITING) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        self._room = at_once + max_waiting

    async def hash(self, password: str) -> str:
        return await self._run(hash_password, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        return await self._run(verify_password, stored, password)

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        if not self._room:
            raise Unavailable("Too many people are signing in right now. Please try again in a moment.")
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        finally:
            self._room += 1
