"""Document 1, "REST API Interface": its samples, as printed."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from app.core.types import ConversationStatus
from app.models import Stay
from app.store.database import Database
from app.store.guests import Address
from tests.contracts.desk import JOHN, Desk, assert_as_printed
from tests.contracts.printed import ACTIVE, DETAIL, LISTED, MESSAGES, RELAY_ENDED, SEND, SENT
from tests.pinned import TIMESTAMP, assert_json_pinned
from tests.world import HotelWorld, World, guest_writes

STRANGER = "4915112345678"


async def test_the_list_is_as_printed(desk: Desk, johns: int) -> None:
    listed = await desk.get()

    assert_as_printed(listed, LISTED)
    assert listed["results"][0]["id"] == johns
    assert_json_pinned("message_manager/conversations.json", listed)


async def test_the_detail_is_as_printed(desk: Desk, johns: int) -> None:
    detail = await desk.get(f"{johns}/")

    assert_as_printed(detail, DETAIL)
    assert_json_pinned("message_manager/conversation.json", detail)


async def test_active_conversations_are_as_printed(
    desk: Desk, world: World, hotel: HotelWorld, database: Database
) -> None:
    await one_without_a_message(world, database, hotel)

    assert_as_printed(await desk.get("active_conversations/"), ACTIVE)


async def test_an_active_conversation_with_a_message_shows_it(desk: Desk, world: World, hotel: HotelWorld) -> None:
    await world.guest(hotel, "John Doe", JOHN)
    await desk.hear(JOHN, "Hi")

    assert_json_pinned("message_manager/active_conversations.json", await desk.get("active_conversations/"))
    assert (await desk.get())["count"] == 0, "none of them is in relay"


async def test_messages_are_as_printed_the_oldest_first(desk: Desk, johns: int) -> None:
    await desk.hear(JOHN, MESSAGES[0]["content"])
    await desk.send(johns, MESSAGES[1]["content"])

    messages = await desk.get(f"{johns}/messages/")

    assert_as_printed(messages[-2:], MESSAGES)
    assert [each["id"] for each in messages] == sorted(each["id"] for each in messages)
    assert_json_pinned("message_manager/messages.json", messages)


async def test_a_sent_message_is_answered_as_printed(desk: Desk, johns: int) -> None:
    answer = await desk.call("POST", f"{johns}/send_message/", json=SEND)

    assert answer.status_code == 201
    assert_as_printed(answer.json(), SENT)
    assert_json_pinned("message_manager/send_message.json", answer.json())
    assert answer.json() == (await desk.get(f"{johns}/messages/"))[-1]


async def test_an_ended_relay_is_answered_as_printed(desk: Desk, johns: int) -> None:
    answer = await desk.end_relay(johns)

    assert (answer.status_code, answer.json()) == (200, RELAY_ENDED)


async def test_every_moment_is_utc_and_ends_in_z(desk: Desk, johns: int) -> None:
    before = datetime.now(UTC)
    sent = await desk.send(johns, "Good evening!")
    bodies = [await desk.get(), await desk.get(f"{johns}/"), await desk.get(f"{johns}/messages/"), sent]

    moments = [moment for body in bodies for moment in moments_of(body)]

    assert len(moments) >= 10
    for moment in moments:
        assert TIMESTAMP.fullmatch(moment), moment
    assert before <= datetime.fromisoformat(sent["timestamp"]) <= datetime.now(UTC)


def moments_of(body: Any) -> list[str]:
    if isinstance(body, list):
        return [moment for each in body for moment in moments_of(each)]
    if not isinstance(body, dict):
        return []
    inner = [moment for each in body.values() for moment in moments_of(each)]
    return inner + [each for key, each in body.items() if key in {"timestamp", "created_at", "updated_at"}]


async def test_a_demo_has_no_stay_and_no_room(desk: Desk) -> None:
    for text in ("Hello", "services", "2"):
        await guest_writes(desk.client, text, STRANGER, name="Ina Weiß")

    listed = (await desk.get())["results"][0]

    assert (listed["stay_id"], listed["room_number"], listed["department_name"]) == (None, None, "Housekeeping")
    assert listed["guest_name"] == "Ina Weiß"
    assert (await desk.get(f"{listed['id']}/"))["guest_phone"] == f"+{STRANGER}"


async def one_without_a_message(world: World, database: Database, hotel: HotelWorld) -> None:
    """Jane Smith has a conversation in which nobody has written yet."""
    stay_id = await world.guest(hotel, "Jane Smith", "351911111111", room="102")
    async with database.transaction() as work:
        guest_id = await work.connection.scalar(select(Stay.guest_id).where(Stay.id == stay_id))
        assert guest_id is not None
        address = Address(channel_id=hotel.channel_id, address="351911111111", hotel_id=hotel.id)
        [account] = await work.guests.lock_accounts([address])
        await work.conversations.open(
            hotel_id=hotel.id,
            guest_id=guest_id,
            channel_id=hotel.channel_id,
            account_id=account.id,
            stay_id=stay_id,
            status=ConversationStatus.ACTIVE,
        )
