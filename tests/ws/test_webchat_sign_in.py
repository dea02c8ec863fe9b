"""Whom a visitor's socket opens to, by what they show and wherever they show it, and how it ends with their session."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.core.clock import utc_now
from app.core.events import AccountChanged
from app.core.principal import VisitorPrincipal
from app.core.types import StayStatus, UserType
from app.models import Channel, Stay, VisitorSession
from tests.sockets import open_socket
from tests.world import PASSWORD, World, token_of
from tests.ws.webchat import Scene, begun, path_of, unanswered

Shown = dict[str, Any]
"""Options of ``open_socket``."""


@pytest.fixture
def ann(scene: Scene) -> VisitorPrincipal:
    return scene.site.visitor()


def cookies(**named: str) -> Shown:
    return {"additional_headers": {"Cookie": "; ".join(f"{name}={value}" for name, value in named.items())}}


async def signs_in(client: httpx.AsyncClient, username: str) -> tuple[str, str]:
    """The cookie of a user's new session, and its CSRF token."""
    answer = await client.post("/api/auth/token/", json={"username": username, "password": PASSWORD})
    return answer.cookies["lobby_auth"], answer.cookies["csrftoken"]


WHERE: dict[str, Callable[[str], Shown]] = {
    "the query": lambda token: {"token": token},
    "a header": lambda token: {"additional_headers": {"Authorization": f"Bearer {token}"}},
    "the subprotocol": lambda token: {"subprotocols": ["bearer", token]},
}


# Who may


@pytest.mark.parametrize("who", ["a registered guest", "a user of the staff", "a visitor", "a guest by their link"])
async def test_it_opens_to_everybody_who_may_visit_by_their_token(
    scene: Scene, server: str, world: World, client: httpx.AsyncClient, ann: VisitorPrincipal, who: str
) -> None:
    match who:
        case "a visitor":
            token, account = scene.token(ann), ann.account
        case "a guest by their link":
            stay_id = await world.guest(scene.hotel)
            assert stay_id is not None
            token, account = await scene.link_session(stay_id)
        case _:
            kind = UserType.GUEST if who == "a registered guest" else UserType.RECEPTIONIST
            account = f"webchat_user_{await world.user(scene.hotel, 'gustav', kind)}"
            token = await token_of(client, "gustav")

    for where, shown in WHERE.items():
        async with open_socket(server, path_of(account), **shown(token)) as socket:
            assert await begun(socket) == account, where
    async with open_socket(server, path_of(account)) as socket:
        await socket.send({"type": "auth", "token": token})
        assert await begun(socket) == account


async def test_the_id_that_a_visitor_was_told_opens_the_default_chat_when_they_have_signed_in(
    scene: Scene, server: str, world: World, client: httpx.AsyncClient, ann: VisitorPrincipal
) -> None:
    account = f"webchat_user_{await world.user(scene.hotel, 'gustav', UserType.GUEST)}"
    said = {"username": "gustav", "password": PASSWORD, "guest_token": scene.token(ann)}
    token = (await client.post("/api/auth/token/", json=said)).json()["access_token"]

    async with open_socket(server, path_of(ann.account), token=token) as socket:
        assert await begun(socket) == account


async def test_a_visitors_cookie_opens_it_from_our_own_pages(scene: Scene, server: str, ann: VisitorPrincipal) -> None:
    cookie = cookies(lobby_session=scene.token(ann))
    for origin in (None, server):
        async with open_socket(server, path_of(ann.account), origin=origin, **cookie) as socket:
            assert await begun(socket) == ann.account
    async with open_socket(server, path_of(ann.account), **cookie, origin="https://elsewhere.example") as theirs:
        assert await theirs.closed_with() == 4401


async def test_a_users_cookie_counts_before_the_visitors_while_their_session_runs(
    scene: Scene, server: str, world: World, client: httpx.AsyncClient, ann: VisitorPrincipal
) -> None:
    user = f"webchat_user_{await world.user(scene.hotel, 'gustav', UserType.GUEST)}"
    cookie, csrf = await signs_in(client, "gustav")
    both = cookies(lobby_auth=cookie, lobby_session=scene.token(ann))
    async with open_socket(server, path_of(user), **both) as socket:
        assert await begun(socket) == user
    async with open_socket(server, path_of(user), **both, origin="https://elsewhere.example") as theirs:
        assert await theirs.closed_with() == 4401

    signed_out = await client.post("/api/auth/logout/", headers={"X-CSRFToken": csrf})
    assert signed_out.status_code == 200, signed_out.text

    async with open_socket(server, path_of(ann.account), **both) as socket:
        assert await begun(socket) == ann.account
    async with open_socket(server, path_of(user), **cookies(lobby_auth=cookie)) as socket:
        assert await socket.closed_with() == 4401


async def test_a_token_counts_whatever_the_cookies_say(scene: Scene, server: str, ann: VisitorPrincipal) -> None:
    ben = scene.site.visitor()
    cookie = cookies(lobby_session=scene.token(ben))
    async with open_socket(server, path_of(ann.account), token=scene.token(ann), **cookie) as socket:
        assert await begun(socket) == ann.account
    async with open_socket(server, path_of(ben.account), token="nonsense", **cookie) as socket:
        assert await socket.closed_with() == 4401


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "a" * 32, "a" * 32 + "." + "b" * 64, "\ufffd", "x" * 4000])
async def test_a_bad_token_is_told_4401_wherever_it_is_shown(
    scene: Scene, server: str, ann: VisitorPrincipal, token: str
) -> None:
    async with open_socket(server, path_of(ann.account), token=token) as socket:
        assert await socket.closed_with() == 4401
    async with open_socket(server, path_of(ann.account)) as socket:
        await socket.send({"type": "auth", "token": token})
        assert await socket.closed_with() == 4401
    if token.isascii() and token:
        async with open_socket(server, path_of(ann.account), **cookies(lobby_session=token)) as socket:
            assert await socket.closed_with() == 4401


async def test_a_visitor_who_shows_nothing_is_told_4401_after_a_while(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    async with open_socket(server, path_of(ann.account)) as socket:
        assert await socket.closed_with() == 4401


@pytest.mark.parametrize("frame", ["hello", "{}", json.dumps({"action": "ping"})])
async def test_a_first_frame_that_is_no_sign_in_is_told_4401(
    scene: Scene, server: str, ann: VisitorPrincipal, frame: str
) -> None:
    async with open_socket(server, path_of(ann.account)) as socket:
        await socket.send(frame)
        assert await socket.closed_with() == 4401


async def test_a_visitors_token_opens_nothing_of_staffs_or_of_a_guests_number(
    scene: Scene, server: str, world: World, ann: VisitorPrincipal
) -> None:
    await world.guest(scene.hotel)
    for path in ("/ws/staff/", "/ws/chat/", "/ws/chat/reception/", "/ws/guest/351912345678/"):
        async with open_socket(server, path, token=scene.token(ann)) as socket:
            assert await socket.closed_with() == 4401, path


async def test_the_path_answers_without_its_slash(scene: Scene, server: str, ann: VisitorPrincipal) -> None:
    async with open_socket(server, path_of(ann.account).rstrip("/"), token=scene.token(ann)) as socket:
        assert await begun(socket) == ann.account


async def test_a_user_resumes_from_before_their_sign_in_by_fetching_afresh(
    scene: Scene, server: str, client: httpx.AsyncClient, ann: VisitorPrincipal
) -> None:
    """What was told to the visitor whom they were is not told again; what is since the sign-in is."""
    rita = scene.hotel.staff["rita"]
    account, token = f"webchat_user_{rita}", await token_of(client, "rita")
    await scene.site.say(ann, "Hello")
    await scene.ledger.change(VisitorSession, VisitorSession.key == ann.key, ended_at=utc_now(), user_id=rita)
    async with scene.site.services.database.transaction() as work:
        before = await work.events.head(scene.hotel.id)
        work.emit(scene.hotel.id, AccountChanged(channel_id=scene.site.channel_id, account=ann.account))

    async with open_socket(server, f"{path_of(account)}?since={before}", token=token) as socket:
        assert await socket.closed_with() == 4409
    async with open_socket(server, f"{path_of(account)}?since={before + 1}", token=token) as socket:
        assert await begun(socket) == account
        assert (await socket.receive())["type"] == "heartbeat"


# How it ends


async def test_it_ends_with_the_session_of_its_user_and_no_others(
    scene: Scene, server: str, client: httpx.AsyncClient
) -> None:
    account = f"webchat_user_{scene.hotel.staff['rita']}"
    ended, other = await token_of(client, "rita"), await token_of(client, "rita")
    async with (
        open_socket(server, path_of(account), token=ended) as one,
        open_socket(server, path_of(account), token=other) as two,
    ):
        await begun(one), await begun(two)
        await client.post("/api/auth/logout/", headers={"Authorization": f"Bearer {ended}"})

        assert await one.closed_with() == 4401
        assert await unanswered(two) == []


async def test_it_ends_when_its_visitor_has_signed_in(scene: Scene, server: str, ann: VisitorPrincipal) -> None:
    """That ends the visitor's session: what was theirs is the user's."""
    await scene.site.say(ann, "Hello")
    ben = scene.site.visitor()
    async with (
        open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket,
        open_socket(server, path_of(ben.account), token=scene.token(ben)) as other,
    ):
        await begun(socket), await begun(other)
        await scene.ledger.change(VisitorSession, VisitorSession.key == ann.key, ended_at=utc_now())
        async with scene.site.services.database.transaction() as work:
            work.emit(scene.hotel.id, AccountChanged(channel_id=scene.site.channel_id, account=ann.account))

        assert await socket.closed_with() == 4401
        assert await unanswered(other) == []
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        assert await socket.closed_with() == 4401


async def test_it_goes_on_when_the_account_becomes_another_guests(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        await begun(socket)
        async with scene.site.services.database.transaction() as work:
            work.emit(scene.hotel.id, AccountChanged(channel_id=scene.site.channel_id, account=ann.account))
        await scene.site.say(ann, "Still here")

        assert (await socket.receive())["message"]["text"] == "Still here"


async def test_it_ends_with_the_session_of_a_link_and_with_the_stay(
    scene: Scene, server: str, world: World, client: httpx.AsyncClient
) -> None:
    stay_id = await world.guest(scene.hotel)
    assert stay_id is not None
    (ended, one), (lasting, two) = [await scene.link_session(stay_id) for _ in range(2)]
    async with (
        open_socket(server, path_of(one), token=ended) as gone,
        open_socket(server, path_of(two), token=lasting) as here,
    ):
        await begun(gone), await begun(here)
        await client.delete("/api/guest/session/", headers={"Authorization": f"Bearer {ended}"})
        assert await gone.closed_with() == 4401
        assert await unanswered(here) == []
    await scene.ledger.change(Stay, status=StayStatus.COMPLETED)
    async with open_socket(server, path_of(two), token=lasting) as socket:
        assert await socket.closed_with() == 4401


async def test_of_a_channel_that_has_gone_a_socket_is_told_when_it_is_looked_at_again(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        await begun(socket)
        await scene.ledger.change(Channel, Channel.id == scene.site.channel_id, is_active=False)
        async with scene.site.services.database.transaction() as work:
            work.emit(scene.hotel.id, AccountChanged(channel_id=scene.site.channel_id, account=ann.account))

        assert await socket.closed_with() == 4401
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        assert await socket.closed_with() == 4404
