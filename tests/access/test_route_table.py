"""The paths that clients know: which there are, and that a slash at the end makes no difference."""

import httpx
from fastapi import FastAPI

from app.store.database import Database
from tests.access.surfaces import FILES, SOCKET, Surface, surfaces
from tests.pinned import assert_pinned
from tests.sockets import open_socket
from tests.webchats import open_web_chat
from tests.world import World

NO_SOCKET = "/{path:path}"
NEW_EACH_TIME = Surface("/unicom/webchat/session/", "POST")


def test_paths_methods_and_sockets_are_those_that_are_pinned(app: FastAPI) -> None:
    assert_pinned("routes.txt", "".join(f"{each}\n" for each in surfaces(app)))


async def test_every_path_answers_with_and_without_its_slash(
    app: FastAPI, client: httpx.AsyncClient, world: World, database: Database
) -> None:
    await open_web_chat(database, await world.hotel())
    for surface in surfaces(app):
        if surface.method in {SOCKET, FILES} or is_file(surface):
            continue
        path = surface.path.replace("{conversation_id}", "1").rstrip("/")
        with_slash, without = [await client.request(surface.method, each) for each in (f"{path}/", path)]
        assert with_slash.status_code == without.status_code, surface
        assert not with_slash.is_redirect, surface
        assert with_slash.status_code not in {404, 405}, surface
        assert with_slash.content == without.content or surface == NEW_EACH_TIME, surface


async def test_every_socket_answers_with_and_without_its_slash(app: FastAPI, server: str) -> None:
    for surface in surfaces(app):
        if surface.method == SOCKET and surface.path != NO_SOCKET:
            named = surface.path.replace("{department_name}", "Room%20Service").replace("{whatsapp_number}", "+1")
            named = named.replace("{conversation_id:digits}", "1")
            for path in (named, named.rstrip("/")):
                async with open_socket(server, path, token="x") as socket:
                    assert await socket.closed_with() == 4401, path


def is_file(surface: Surface) -> bool:
    return "." in surface.path.rpartition("/")[2]
