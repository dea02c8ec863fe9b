"""What a guest sees of our reading and typing; told once, and never in anybody's way."""

from typing import Any

import pytest

from app.channels.base import Credentials, SendOutcome, SendResult
from app.channels.registry import ChannelRegistry
from app.channels.whatsapp import WhatsApp
from app.core.events import ChannelChanged
from app.core.settings import Settings
from app.core.signals import Signal
from app.core.vault import Vault
from app.models import Channel, Message, Participant
from app.services.sending.receipts import ReadBack, ReceiptService
from app.store.database import Database
from tests.desk import open_desk, principal
from tests.eventually import eventually
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.sending.conftest import GUEST, Desk
from tests.sign_ins import HeldClock
from tests.sockets import open_socket
from tests.world import HotelWorld, World


async def reads(graph: FakeGraph) -> list[dict[str, Any]]:
    """What Meta was told of reading and typing, taken or not."""
    return [each["body"] for each in await graph.requests() if each["body"].get("status") == "read"]


async def wait_for_reads(graph: FakeGraph, count: int) -> list[dict[str, Any]]:
    async def enough() -> list[dict[str, Any]] | None:
        told = await reads(graph)
        return told if len(told) >= count else None

    return await eventually(enough)


def read(external_id: str, *, typing: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": external_id}
    return {**body, "typing_indicator": {"type": "text"}} if typing else body


async def test_the_guest_sees_that_the_newest_message_was_read_once(desk: Desk, ledger: Ledger) -> None:
    newest = await desk.graph.guest_writes(GUEST, "Is anybody there?")

    for _ in range(3):
        assert (await desk.post("read")).status_code == 204
    assert (await desk.post("typing", {"is_typing": True})).status_code == 204

    assert await wait_for_reads(desk.graph, 2) == [read(newest["id"]), read(newest["id"], typing=True)]
    shown = [each for each in await desk.graph.events(GUEST) if each["kind"] in {"status", "typing"}]
    assert {each["kind"] for each in shown} == {"status", "typing"}
    reader = await ledger.row(Participant)
    assert reader.last_read_message_id == (await ledger.rows(Message))[-1].id
    assert reader.last_read_at is not None


async def test_an_answer_counts_as_reading(desk: Desk) -> None:
    await desk.send(text="Good evening!")
    await desk.send(text="How can I help?")
    await desk.post("read")

    assert len(await desk.arrived(2)) == 2
    assert await wait_for_reads(desk.graph, 1) == [read(desk.guests_external_id)]


async def test_a_guests_reaction_is_not_what_was_read(desk: Desk) -> None:
    reaction = {"type": "reaction", "reaction": {"message_id": desk.guests_external_id, "emoji": "👍"}}
    await desk.graph.guest_writes(GUEST, message=reaction)

    await desk.post("read")

    assert await wait_for_reads(desk.graph, 1) == [read(desk.guests_external_id)]


async def test_who_stops_typing_tells_nobody(desk: Desk) -> None:
    assert (await desk.post("typing", {"is_typing": False})).status_code == 204
    await desk.post("read")

    assert await wait_for_reads(desk.graph, 1) == [read(desk.guests_external_id)]


async def test_typing_is_told_at_most_every_twenty_seconds(
    settings: Settings, hotel: HotelWorld, fake_graph: FakeGraph
) -> None:
    clock = HeldClock()
    await fake_graph.configure(reads="any")
    async with open_desk(settings, clock) as desk:
        await desk.say("Hello")
        rita = principal(hotel)
        for seconds in (0, 10, 9, 1, 19, 1):
            clock.move(seconds=seconds)
            await desk.services.receipts.typing(rita, 1, True)

    assert ["typing_indicator" in each for each in await reads(fake_graph)] == [True] * 3


async def test_the_socket_tells_likewise(desk: Desk, server: str, ledger: Ledger) -> None:
    token = desk.headers["Authorization"].removeprefix("Bearer ")
    about = {"conversation_id": desk.conversation_id}
    async with open_socket(server, "/ws/staff/", token=token) as rita:
        await rita.send({"command": "mark_read", **about})
        await rita.send({"command": "typing", **about, "is_typing": True})
        await rita.send({"command": "typing", **about, "is_typing": "perhaps"})
        await rita.send({"command": "mark_read"})
        await rita.send({"command": "mark_read", "conversation_id": 999_999})
        codes = [(await rita.receive_until("error"))["code"] for _ in range(3)]

    assert codes == ["bad_fields", "bad_fields", "not_found"]
    told = await wait_for_reads(desk.graph, 2)
    assert sorted("typing_indicator" in each for each in told) == [False, True]
    assert len(await ledger.rows(Participant)) == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"code": 131009}, {"down": True}])
async def test_what_the_provider_does_about_it_is_no_error_for_staff(desk: Desk, fault: dict[str, Any]) -> None:
    await desk.graph.configure(reads="known")
    await desk.graph.fail(**fault, times=0)

    answers = [await desk.post("read"), await desk.post("typing", {"is_typing": True})]

    assert [each.status_code for each in answers] == [204, 204]
    await desk.graph.mend()
    await desk.send(text="Good evening!")
    assert len(await desk.arrived(1)) == 1


async def test_a_refused_token_pauses_the_channel(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, settings: Settings
) -> None:
    stale = Vault(settings.secret_key.get_secret_value()).seal(Credentials(access_token="EAAG-stale"))
    await ledger.change(Channel, credentials=stale)

    assert (await desk.post("read")).status_code == 204

    async def paused() -> Any:
        return (await ledger.row(Channel)).paused_at

    await eventually(paused)
    told = [each for each in await ledger.events(hotel.id) if isinstance(each, ChannelChanged)]
    assert len(told) == 1
    assert told[0].channel.pause_reason
    assert (await desk.post("typing", {"is_typing": True})).status_code == 204


async def test_a_conversation_in_which_the_guest_has_said_nothing_has_nothing_to_read(
    desk: Desk, ledger: Ledger
) -> None:
    await ledger.remove(Message, Message.sender_type == "guest")

    assert (await desk.post("read")).status_code == 204
    assert (await desk.post("typing", {"is_typing": True})).status_code == 204

    await desk.send(text="Good evening!")
    await desk.arrived(1)
    assert await reads(desk.graph) == []


async def test_is_typing_has_to_be_said(desk: Desk) -> None:
    for body in (None, {}, {"is_typing": "perhaps"}):
        answer = await desk.post("typing", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_body" if body is None else "bad_fields")


class Unheard:
    """Where nobody listens."""

    def signal(self, hotel_id: int, signal: Signal) -> None:
        pass


async def test_a_token_that_was_mended_while_it_was_refused_pauses_nothing(
    settings: Settings, database: Database, ledger: Ledger, world: World, hotel: HotelWorld
) -> None:
    class Meta(WhatsApp):
        def __init__(self) -> None:
            pass

        async def mark_read(
            self, external_id: str, *, to: str, typing: bool, account: str, credentials: Credentials
        ) -> SendResult:
            await world.seal_anew(hotel)
            return SendResult(outcome=SendOutcome.PAUSE, code=190)

    receipts = ReceiptService(
        database=database,
        channels=ChannelRegistry([Meta()]),
        vault=Vault(settings.secret_key.get_secret_value()),
        signals=Unheard(),
        clock=HeldClock(),
    )
    sealed = (await ledger.row(Channel)).credentials
    receipts.tell(ReadBack(channel_id=hotel.channel_id, external_id="wamid.A", address="351912345678"))
    await receipts.stop(patience=20)

    channel = await ledger.row(Channel)
    assert (channel.credentials != sealed, channel.paused_at) == (True, None)
