"""Guest links and sessions by REST, and the page behind a link."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from app.core.types import StayStatus
from app.models import Guest, Stay
from app.store.database import Database
from tests.fake_graph import FakeGraph
from tests.guests import GUEST, SESSION, ask_for_link, conversation_of, link_on_phone, session_of, staying
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned
from tests.world import HotelWorld, World, signed_in


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await staying(world, hotel)
    return hotel


@pytest.fixture
async def rita(client: httpx.AsyncClient, hotel: HotelWorld) -> dict[str, str]:
    return await signed_in(client, "rita")


@pytest.fixture
async def johns(client: httpx.AsyncClient, rita: dict[str, str]) -> int:
    return await conversation_of(client, rita)


@pytest.fixture
async def link(client: httpx.AsyncClient, fake_graph: FakeGraph, rita: dict[str, str], johns: int) -> str:
    """What stands in the link on John's phone."""
    asked = await ask_for_link(client, rita, johns)
    assert asked.status_code == 201, asked.text
    return await link_on_phone(fake_graph)


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


async def use(client: httpx.AsyncClient, token: object) -> httpx.Response:
    return await client.post(SESSION, json={"token": token})


async def test_asking_for_a_link_answers_with_the_message_that_staff_see(
    client: httpx.AsyncClient, rita: dict[str, str], johns: int
) -> None:
    answer = await ask_for_link(client, rita, johns)

    assert answer.status_code == 201
    message = answer.json()
    assert message["details"]["guest_link"].keys() == {"id", "stay_id", "number", "expires"}
    message["details"]["guest_link"]["expires"] = "<time>"
    assert_json_pinned("guest_socket/link_message.json", message)


async def test_the_same_clients_id_is_answered_with_the_first_message(
    client: httpx.AsyncClient, rita: dict[str, str], johns: int
) -> None:
    mine = {"client_message_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"}
    first, second = [await ask_for_link(client, rita, johns, **mine) for _ in range(2)]

    assert first.json()["id"] == second.json()["id"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"status": StayStatus.COMPLETED}, "not_staying"), ({"status": StayStatus.PENDING}, "not_staying")],
)
async def test_who_is_not_staying_gets_no_link(
    client: httpx.AsyncClient, rita: dict[str, str], johns: int, ledger: Ledger, changed: dict[str, Any], code: str
) -> None:
    await ledger.change(Stay, **changed)

    answer = await ask_for_link(client, rita, johns)

    assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_a_link_goes_to_the_guests_own_number_alone(
    client: httpx.AsyncClient, rita: dict[str, str], johns: int, ledger: Ledger
) -> None:
    await ledger.change(Guest, phone="+4915112345678")

    answer = await ask_for_link(client, rita, johns)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_to_their_number")


async def test_a_link_opens_a_session(client: httpx.AsyncClient, link: str) -> None:
    answer = await use(client, link)

    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    session = answer.json()
    assert len(session["guest_token"]) == 43
    assert_json_pinned("guest_socket/session.json", session | {"guest_token": "<token>", "seq": "<seq>"})


async def test_a_used_link_is_gone(client: httpx.AsyncClient, link: str) -> None:
    await use(client, link)

    again = await use(client, link)

    assert (again.status_code, again.json()["code"]) == (410, "link_used")


async def test_of_ten_who_use_a_link_at_once_one_gets_in(client: httpx.AsyncClient, link: str) -> None:
    answers = await asyncio.gather(*(use(client, link) for _ in range(10)))

    assert sorted(each.status_code for each in answers) == [201, *[410] * 9]


async def test_what_opens_nothing_is_told_apart_by_nothing(
    client: httpx.AsyncClient, fake_graph: FakeGraph, rita: dict[str, str], johns: int, link: str, ledger: Ledger
) -> None:
    await ask_for_link(client, rita, johns)
    newer = await link_on_phone(fake_graph, which=2)
    forged = link[:-1] + ("A" if link[-1] != "A" else "B")
    answers = [await use(client, each) for each in ("", "x" * 5000, forged, link.replace(GUEST, "4915112345678"), link)]
    await ledger.change(Guest, phone="+4915112345678")
    answers.append(await use(client, newer))
    await ledger.change(Guest, phone=f"+{GUEST}")
    await ledger.change(Stay, status=StayStatus.COMPLETED)
    answers.append(await use(client, newer))

    assert {each.status_code for each in answers} == {401}
    assert len({each.content for each in answers}) == 1
    await ledger.change(Stay, status=StayStatus.ACTIVE)
    assert (await use(client, newer)).status_code == 201


@pytest.mark.parametrize("body", [{}, {"token": None}, {"token": 5}, {"token": ["x"]}, [], {"token": "\0"}])
async def test_a_body_without_a_token_is_refused(client: httpx.AsyncClient, hotel: HotelWorld, body: object) -> None:
    assert (await client.post(SESSION, json=body)).status_code == 422


async def test_a_session_is_ended_by_its_token(
    client: httpx.AsyncClient, fake_graph: FakeGraph, rita: dict[str, str], johns: int
) -> None:
    session = await session_of(client, fake_graph, rita, johns)
    headers = {"Authorization": f"Bearer {session['guest_token']}"}

    assert (await client.delete(SESSION, headers=headers)).status_code == 204
    for shown in (headers, {}, {"Authorization": "Bearer nonsense"}, rita):
        again = await client.delete(SESSION, headers=shown)
        assert (again.status_code, again.json()["code"]) == (401, "unauthenticated")


# The page


@pytest.mark.parametrize("path", ["/guest/", "/guest"])
async def test_the_page_may_run_what_stands_in_it_and_load_nothing(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["referrer-policy"] == "no-referrer"
    policy = dict(each.strip().split(" ", 1) for each in page.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["connect-src"]) == ("'none'", "'self'")
    for kind in ("script-src", "style-src"):
        assert re.fullmatch("'sha256-[A-Za-z0-9+/]{43}='", policy[kind]), kind
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert re.findall(r"(?:src|href)=|url\(|@import|innerHTML|outerHTML|insertAdjacent", page.text) == []
