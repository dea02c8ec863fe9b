"""Waiting for a condition, instead of for time to pass."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 20.0


async def eventually(condition: Callable[[], T | Awaitable[T]], *, within: float = PATIENCE) -> T:
    """What ``condition`` answers once that is true. Fails with its last answer after ``within`` seconds."""
    answer: T | Awaitable[T] | None = None
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    while loop.time() < until:
        answer = condition()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {within} s: {answer!r}")
