"""``/api/requests/``: what became of visitors' messages, for managers."""

import httpx
import pytest

from app.core.settings import Settings
from app.core.types import UserType
from app.models import Message, Request
from app.services.container import Services
from app.store.database import Database
from tests.desk import WELCOME
from tests.ledger import Ledger
from tests.triggers import trigger
from tests.webchats import Site, open_web_chat
from tests.world import HotelWorld, World, signed_in

REQUESTS = "/api/requests/"
FAULT = "IF NEW.sender_type = 'system' THEN RAISE EXCEPTION 'no answers today'; END IF"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing is tried again by itself."""
    return settings.model_copy(update={"run_outbox": False})


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await world.user(hotel, "mia", UserType.MANAGER)
    return hotel


@pytest.fixture
async def site(services: Services, hotel: HotelWorld, database: Database) -> Site:
    return Site(services, hotel, await open_web_chat(database, hotel))


@pytest.fixture
async def mia(client: httpx.AsyncClient, hotel: HotelWorld) -> dict[str, str]:
    return await signed_in(client, "mia")


@pytest.fixture
async def failed(site: Site, ledger: Ledger) -> int:
    """A request that has failed."""
    async with trigger(ledger.database, "INSERT ON messages", FAULT):
        await site.say(site.visitor(), "Hello")
    request_id: int = (await ledger.row(Request)).id
    return request_id


async def test_managers_see_every_field_of_a_request(
    client: httpx.AsyncClient, mia: dict[str, str], site: Site
) -> None:
    visitor = site.visitor()
    message = await site.say(visitor, "Hello")

    answer = await client.get(REQUESTS, headers=mia)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["count"], body["next"], body["previous"]) == (1, None, None)
    (request,) = body["results"]
    assert request == {
        "id": request["id"],
        "message_id": str(message.id),
        "conversation_id": message.conversation_id,
        "chat_id": visitor.account,
        "guest": {"id": request["guest"]["id"], "name": f"Visitor {(visitor.key or '')[:6]}"},
        "status": "COMPLETED",
        "category": "demo",
        "attempts": 1,
        "error": None,
        "history": request["history"],
        "next_attempt_at": None,
        "created_at": request["created_at"],
        "updated_at": request["updated_at"],
    }
    assert [each["status"] for each in request["history"]] == [
        "PENDING",
        "IDENTIFYING",
        "CATEGORIZING",
        "QUEUED",
        "PROCESSING",
        "COMPLETED",
    ]
    assert all(each["at"].endswith("Z") for each in request["history"])


async def test_the_newest_stand_first_and_lists_are_paged(
    client: httpx.AsyncClient, mia: dict[str, str], site: Site
) -> None:
    visitor = site.visitor()
    sent = [str((await site.say(visitor, f"Hello {number}")).id) for number in range(3)]

    first = (await client.get(REQUESTS, headers=mia, params={"page_size": 2})).json()
    second = (await client.get(httpx.URL(first["next"]).raw_path.decode(), headers=mia)).json()

    assert [each["message_id"] for each in first["results"]] == sent[:0:-1]
    assert [each["message_id"] for each in second["results"]] == sent[:1]
    assert (first["count"], second["count"], second["next"]) == (3, 3, None)
    assert (await client.get(REQUESTS, headers=mia, params={"page": 2})).json()["code"] == "no_such_page"


async def test_a_list_is_narrowed_by_status(
    client: httpx.AsyncClient, mia: dict[str, str], site: Site, failed: int
) -> None:
    await site.say(site.visitor(), "Hello")

    async def listed(status: str) -> list[str]:
        answer = await client.get(REQUESTS, headers=mia, params={"status": status})
        return [each["status"] for each in answer.json()["results"]]

    assert await listed("FAILED") == ["FAILED"]
    assert await listed("completed") == ["COMPLETED"]
    assert await listed("FAILED,COMPLETED") == ["COMPLETED", "FAILED"]
    assert await listed("PENDING") == []
    assert (await client.get(REQUESTS, headers=mia, params={"status": "LOST"})).status_code == 422


async def test_a_failed_one_is_tried_again_once(
    client: httpx.AsyncClient, mia: dict[str, str], ledger: Ledger, failed: int
) -> None:
    first = await client.post(f"{REQUESTS}{failed}/retry/", headers=mia)
    second = await client.post(f"{REQUESTS}{failed}/retry", headers=mia)

    assert (first.status_code, first.json()["status"], first.json()["attempts"]) == (200, "COMPLETED", 2)
    assert (second.status_code, second.json()["code"]) == (409, "request_not_failed")
    assert await ledger.texts(Message.sender_type == "system") == [WELCOME]


async def test_nobody_else_sees_or_tries_them(client: httpx.AsyncClient, world: World, site: Site, failed: int) -> None:
    other = await world.hotel("alpine-lodge", "700000000000002")
    await world.user(other, "max", UserType.MANAGER)
    rita, stranger = await signed_in(client, "rita"), await signed_in(client, "max")

    assert (await client.get(REQUESTS, headers=rita)).status_code == 403
    assert (await client.post(f"{REQUESTS}{failed}/retry/", headers=rita)).status_code == 403
    assert (await client.get(REQUESTS, headers=stranger)).json()["results"] == []
    assert (await client.post(f"{REQUESTS}{failed}/retry/", headers=stranger)).status_code == 404
