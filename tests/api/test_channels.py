"""How a hotel learns that one of its numbers is silent, and how it speaks again."""

import httpx
import pytest

from app.core.types import OutboxState, UserType
from app.models import AuditEntry, Channel, Delivery
from app.store.database import Database
from tests.eventually import eventually
from tests.fake_graph import ALPINE_NUMBER, FakeGraph
from tests.ledger import Ledger
from tests.sockets import open_socket
from tests.world import HotelWorld, World, guest_writes, signed_in, token_of

GUEST = "351912345678"


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    """Sea View, with Rita at the reception and Mara as its manager, and another hotel."""
    sea_view, _ = await world.two_hotels()
    await world.user(sea_view, "rita")
    await world.user(sea_view, "mara", UserType.MANAGER)
    return sea_view


async def the_channel(client: httpx.AsyncClient, username: str = "rita") -> dict[str, object]:
    answer = await client.get("/api/channels/", headers=await signed_in(client, username))
    assert answer.status_code == 200, answer.text
    (channel,) = answer.json()
    found: dict[str, object] = channel
    return found


async def resume(client: httpx.AsyncClient, username: str, channel_id: int) -> httpx.Response:
    return await client.post(f"/api/channels/{channel_id}/resume/", headers=await signed_in(client, username))


async def test_a_bad_token_silences_one_number_all_staff_hear_it_and_a_manager_has_it_speak_again(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld, fake_graph: FakeGraph, ledger: Ledger
) -> None:
    await fake_graph.fail(code=190, to=GUEST)
    async with open_socket(server, "/ws/staff/", token=await token_of(client, "rita")) as socket:
        await guest_writes(client, "Hello")
        told = await socket.receive_until("channel_status")
        assert (told["channel_id"], told["state"]) == (hotel.channel_id, "paused")
        assert "access token" in told["reason"]
        await eventually(lambda: ledger.rows(Delivery, Delivery.state == OutboxState.PENDING))
        await guest_writes(client, "Hello", number=ALPINE_NUMBER)
        await fake_graph.wait_for_texts(GUEST, 1)

        channel = await the_channel(client)
        assert (channel["state"], channel["reason"], channel["waiting"]) == ("paused", told["reason"], 1)
        assert str(channel["since"]).endswith("Z")
        refused = await resume(client, "rita", hotel.channel_id)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")

        answer = await resume(client, "mara", hotel.channel_id)
        assert (answer.status_code, answer.json()["state"], answer.json()["reason"]) == (200, "active", None)
        assert (await socket.receive_until("channel_status"))["state"] == "active"

    assert len(await fake_graph.wait_for_texts(GUEST, 2)) == 2
    audited = await ledger.row(AuditEntry)
    assert (audited.user_id, audited.action, audited.target) == (
        hotel.staff["mara"],
        "channel.resumed",
        f"channel:{hotel.channel_id}",
    )


async def test_a_channel_that_is_not_paused_and_one_of_another_hotel_are_not_resumed(
    client: httpx.AsyncClient, hotel: HotelWorld, ledger: Ledger
) -> None:
    alpine = await ledger.row(Channel, Channel.account == ALPINE_NUMBER)
    for channel_id, status, code in ((hotel.channel_id, 409, "not_paused"), (alpine.id, 404, "not_found")):
        answer = await resume(client, "mara", channel_id)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await ledger.rows(AuditEntry) == []


async def test_a_failed_message_is_sent_again_by_rest(
    client: httpx.AsyncClient, hotel: HotelWorld, fake_graph: FakeGraph, ledger: Ledger
) -> None:
    await fake_graph.fail(code=131026)
    await guest_writes(client, "Hello")
    delivery = (await eventually(lambda: ledger.rows(Delivery, Delivery.state == OutboxState.DEAD)))[0]
    headers = await signed_in(client, "rita")

    listed = await client.get(
        f"/api/message_manager/conversations/{delivery.conversation_id}/messages/", headers=headers
    )
    failed = listed.json()[-1]
    assert (failed["delivery_status"], failed["delivery_error_code"]) == ("failed", 131026)
    assert failed["delivery_error"].startswith("The guest cannot be reached")

    answer = await client.post(f"/api/messages/{failed['id']}/retry/", headers=headers)

    assert answer.status_code == 200
    assert answer.json()["id"] == failed["id"]
    assert (answer.json()["delivery_status"], answer.json()["delivery_error"]) == ("queued", None)
    assert len(await fake_graph.wait_for_texts(GUEST, 1)) == 1
