"""Waiting for a condition, instead of for time to pass."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, overload

T = TypeVar("T")

PATIENCE = 20.0


@overload
async def eventually(condition: Callable[[], Coroutine[Any, Any, T | None]], *, within: float = PATIENCE) -> T: ...


@overload
async def eventually(condition: Callable[[], T | None], *, within: float = PATIENCE) -> T: ...


async def eventually(condition: Callable[[], Any], *, within: float = PATIENCE) -> Any:
    """What ``condition`` answers once that is true. Fails with its last answer after ``within`` seconds."""
    answer = None
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
