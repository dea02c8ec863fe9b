"""Request bodies, read strictly: what the database or the next client could not take is refused as a bad field.

Python's own JSON reader lets NaN, lone surrogates and nesting of any depth through; this one does not, and it refuses
texts with the character NUL.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.core.text import holds_nul


class StrictRequest(Request):
    async def json(self) -> Any:
        """Raises json.JSONDecodeError, which FastAPI turns into an answer."""
        try:
            value = msgspec.json.decode(await self.body())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise json.JSONDecodeError(str(error) or "nested too deeply", "", 0) from None
        if holds_nul(value):
            raise json.JSONDecodeError("a text may not hold the character NUL", "", 0)
        return value


class StrictRoute(APIRoute):
    """The route class of every router of ours that takes a JSON body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return handle_strictly
