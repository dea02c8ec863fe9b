"""The commands of a socket: a name, the shape of its fields, and what it does."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec

from app.core.errors import Invalid
from app.ws.faults import bad_field, check_texts

S = TypeVar("S")
A = TypeVar("A", bound=msgspec.Struct)
Handler = Callable[[S, A], Awaitable[None]]


class CommandTable(Generic[S]):
    """The commands of one contract. ``key`` is the field that names the command, ``S`` the socket that they work on."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._commands: dict[str, tuple[type[msgspec.Struct], Callable[[S, Any], Awaitable[None]]]] = {}

    def command(self, name: str, shape: type[A]) -> Callable[[Handler[S, A]], Handler[S, A]]:
        """Declare the function below as what ``name`` does with fields of ``shape``."""

        def declare(handler: Handler[S, A]) -> Handler[S, A]:
            self._commands[name] = (shape, handler)
            return handler

        return declare

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._commands)

    async def run(self, socket: S, text: str | None) -> None:
        """Carry out one frame. Raises Invalid for what is no command, and whatever the command raises."""
        fields = _decode(text)
        name = fields.get(self._key)
        known = self._commands.get(name) if isinstance(name, str) else None
        if known is None:
            raise Invalid("Unknown command.", code="unknown_command")
        shape, handler = known
        try:
            arguments = msgspec.convert(fields, shape)
        except msgspec.ValidationError as error:
            raise bad_field(str(name), error) from None
        await handler(socket, arguments)


def _decode(text: str | None) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode((text or "").encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise Invalid("Invalid JSON format", code="bad_json") from None
    if not isinstance(fields, dict):
        raise Invalid("A command is a JSON object.", code="bad_json")
    check_texts(fields)
    return fields
