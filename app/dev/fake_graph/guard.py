"""No web page but the fake's own may drive it, and none under a name that was made to lead here.

Programs send no Origin and go on as they are. The Graph API itself is left alone: it wants a bearer.
"""

import ipaddress
import socket
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

GUARDED: Final = ("/_fake/", "/dev/")
WITH_JSON: Final = frozenset({"POST", "PUT", "PATCH"})
LOOPBACK: Final = "localhost"


class Guard:
    """``hosts`` tells the further names of this server; ``takes_files`` the guarded paths whose bodies are no JSON."""

    def __init__(self, app: ASGIApp, hosts: Callable[[], tuple[str, ...]], takes_files: Callable[[str], bool]) -> None:
        self._app = app
        self._hosts = hosts
        self._takes_files = takes_files
        machine = socket.gethostname().lower()
        self._machine = {machine, f"{machine.partition('.')[0]}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(GUARDED) and (refusal := self._refusal(scope)):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_own(host):
            return PlainTextResponse("This server does not go by that name.", 403)
        origin = headers.get("origin")
        foreign = headers.get("sec-fetch-site") in {"cross-site", "same-site"} and scope["path"].startswith("/_fake/")
        if foreign or (origin is not None and origin.lower().partition("://")[2] != host.lower()):
            return PlainTextResponse("Only this server's own page may do that.", 403)
        if scope["method"] in WITH_JSON and not self._takes_files(scope["path"]):
            content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
            if content_type != "application/json":
                return PlainTextResponse("The body is to be application/json.", 415)
        return None

    def _is_own(self, host: str) -> bool:
        """A name of this machine, or an address: no name server can make somebody else's page come from one."""
        name = _without_port(host.lower())
        if name == LOOPBACK or name.endswith(f".{LOOPBACK}") or name in {*self._machine, *self._hosts()}:
            return True
        try:
            ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return True


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
