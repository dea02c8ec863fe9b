"""Request bodies, read strictly: what the database or the next client could not take is refused as a bad field.

Python's own JSON reader lets NaN, lone surrogates and nesting of any depth through; this one does not, and it refuses
texts with the character NUL. A text that JSON has, but that we cannot keep, is named as the field that it is.
"""

import json
import re
from collections.abc import Callable, Coroutine, Iterator
from itertools import islice
from typing import Any, Final

import msgspec
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.core.text import clean

MOST_FAULTS: Final = 20

_Place = tuple["_Place", str | int] | None
"""The way to a value, from its end: its parents' way is shared by all that lie deeper."""

_UNKEEPABLE: Final = re.compile("[\\x00\\ud800-\\udfff]")
_NUL: Final = "A text may not hold the character NUL."
_SURROGATE: Final = "A text may not hold one half of a surrogate pair."
_NO_NUMBER: Final = "NaN and Infinity are no JSON."


class _BadBody(HTTPException):
    """What is wrong, in the form of pydantic's faults. FastAPI lets no other exception out of the reading of a body."""

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        super().__init__(400)
        self.faults = faults


class StrictRequest(Request):
    async def json(self) -> Any:
        """Raises json.JSONDecodeError, which FastAPI turns into an answer, and what StrictRoute does."""
        body = await self.body()
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if faults := _why_not(body):
                raise _BadBody(faults) from None
            raise json.JSONDecodeError(str(error) or "nested too deeply", "", 0) from None
        if faults := list(islice(_bad_texts(value), MOST_FAULTS)):
            raise _BadBody(faults)
        return value


class StrictRoute(APIRoute):
    """The route class of every router of ours that takes a JSON body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            try:
                return await handle(StrictRequest(request.scope, request.receive))
            except _BadBody as error:
                raise RequestValidationError(error.faults) from None

        return handle_strictly


def _why_not(body: bytes) -> list[dict[str, Any]]:
    """What is wrong with a body that only a lenient reader takes; nothing where that takes it neither."""
    try:
        return list(islice(_bad_texts(_LENIENT.decode(body.decode())), MOST_FAULTS))
    except _NoNumber:
        return [_fault(_NO_NUMBER)]
    except (ValueError, RecursionError):
        return []


def _bad_texts(value: object) -> Iterator[dict[str, Any]]:
    """A fault for each text that we cannot keep."""
    waiting: list[tuple[_Place, object]] = [(None, value)]  # not by recursion: nesting may be deep
    while waiting:
        place, each = waiting.pop()
        if isinstance(each, str):
            if bad := _UNKEEPABLE.search(each):
                yield _fault(_NUL if bad[0] == "\0" else _SURROGATE, place)
        elif isinstance(each, dict):
            for key, inner in each.items():
                here = place, clean(key)
                waiting += [(here, key), (here, inner)]
        elif isinstance(each, list):
            waiting += [((place, index), inner) for index, inner in enumerate(each)]


def _fault(sentence: str, place: "_Place" = None) -> dict[str, Any]:
    steps: list[str | int] = []
    while place is not None:
        place, step = place
        steps.append(step)
    return {"type": "value_error", "loc": ("body", *reversed(steps)), "msg": sentence, "input": None}


class _NoNumber(ValueError):
    pass


def _refuse(_: str) -> None:
    raise _NoNumber


_LENIENT: Final = json.JSONDecoder(parse_constant=_refuse)
