"""Who of the hotel has read what, who takes part, and who is typing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from app.core.drafts import Draft
from app.core.events import MessageCreated, MessagesRead
from app.core.principal import Principal
from app.core.signals import Told, Typing
from app.core.types import ConversationStatus, Department, MessageType, SenderType
from app.models import Conversation, Message, Participant
from app.realtime import audiences
from app.realtime.room import Broadcast
from app.services.sending.receipts import ReceiptService
from tests.colleagues import hired, refusal
from tests.desk import STRANGER, Desk
from tests.eventually import eventually
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World, text_message

GUESTS = Message.sender_type == SenderType.GUEST


@pytest.fixture
def receipts(desk: Desk) -> ReceiptService:
    return desk.services.receipts


@pytest.fixture
async def chatting(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> int:
    """A guest has written three times, and the flow answered."""
    await desk.say("Hello", "Are you there?", "Anybody?")
    conversation_id: int = (await ledger.conversation()).id
    return conversation_id


async def guests_ids(ledger: Ledger) -> list[int]:
    return [row.id for row in await ledger.rows(Message, GUESTS)]


async def reads(ledger: Ledger, hotel: HotelWorld) -> list[MessagesRead]:
    return [each for each in await ledger.events(hotel.id) if isinstance(each, MessagesRead)]


async def test_all_that_the_guest_wrote_is_read_once(
    receipts: ReceiptService,
    world: World,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    clock: HeldClock,
    chatting: int,
) -> None:
    otto = await hired(world, hotel, "otto")

    assert await receipts.read(rita, chatting) == 3
    read_at = clock.now
    clock.move(minutes=1)
    assert await receipts.read(otto, chatting) == 0

    assert {row.read_at for row in await ledger.rows(Message, GUESTS)} == {read_at}
    assert {row.read_at for row in await ledger.rows(Message, ~GUESTS)} == {None}
    (event,) = await reads(ledger, hotel)
    assert (event.user_id, event.user_name, event.read_at) == (rita.user_id, rita.name, read_at)
    assert (event.up_to_id, event.message_ids) == ((await guests_ids(ledger))[-1], ())
    assert event.conversation.id == chatting


async def test_each_reader_takes_part_and_has_a_place_of_their_own(
    desk: Desk,
    receipts: ReceiptService,
    world: World,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    clock: HeldClock,
    chatting: int,
) -> None:
    otto = await hired(world, hotel, "otto")
    await receipts.read(rita, chatting)
    ritas = (await ledger.rows(Message))[-1].id, clock.now
    clock.move(minutes=1)
    await desk.say("Well?")
    await receipts.read(otto, chatting)

    places = {row.user_id: (row.last_read_message_id, row.last_read_at) for row in await ledger.rows(Participant)}
    assert places == {rita.user_id: ritas, otto.user_id: ((await ledger.rows(Message))[-1].id, clock.now)}


async def test_named_messages_alone_are_read(
    receipts: ReceiptService, ledger: Ledger, hotel: HotelWorld, rita: Principal, chatting: int
) -> None:
    first, second, third = await guests_ids(ledger)

    assert await receipts.read(rita, chatting, [second, first, second]) == 2
    assert (await ledger.row(Participant)).last_read_message_id == second
    assert await receipts.read(rita, chatting, [first]) == 0
    assert (await ledger.row(Participant)).last_read_message_id == second
    assert await receipts.read(rita, chatting, [first, third]) == 1

    told = [(each.up_to_id, each.message_ids) for each in await reads(ledger, hotel)]
    assert told == [(second, (first, second)), (third, (third,))]


async def test_none_named_is_none_read(
    receipts: ReceiptService, ledger: Ledger, hotel: HotelWorld, rita: Principal, chatting: int
) -> None:
    assert await receipts.read(rita, chatting, []) == 0

    assert await reads(ledger, hotel) == []
    assert {row.read_at for row in await ledger.rows(Message)} == {None}


async def test_only_messages_of_the_guest_in_this_conversation_can_be_read(
    desk: Desk, receipts: ReceiptService, ledger: Ledger, hotel: HotelWorld, rita: Principal, chatting: int
) -> None:
    await desk.say("Hello", sender=STRANGER)
    strangers = (await ledger.row(Message, GUESTS, Message.conversation_id != chatting)).id
    flows = (await ledger.rows(Message, ~GUESTS))[0].id
    first = (await guests_ids(ledger))[0]

    for wrong in (strangers, flows, 999_999):
        status, code, details = await refusal(receipts.read(rita, chatting, [first, wrong]))
        assert (status, code, list(details)) == (400, "no_such_message", ["message_ids"])

    assert {row.read_at for row in await ledger.rows(Message)} == {None}
    assert await ledger.rows(Participant) == []
    assert await reads(ledger, hotel) == []


async def test_nobody_reads_or_types_where_they_see_nothing(
    receipts: ReceiptService, world: World, ledger: Ledger, hotel: HotelWorld, chatting: int
) -> None:
    alma = await hired(world, await world.hotel("alpine-lodge", ALPINE_NUMBER), "alma")
    hugo = await hired(world, hotel, "hugo", Department.HOUSEKEEPING)
    await ledger.change(Conversation, department=Department.CAFE, status=ConversationStatus.RELAY)

    for caller, told in ((alma, 404), (hugo, 403)):
        assert (await refusal(receipts.read(caller, chatting)))[0] == told
        assert (await refusal(receipts.typing(caller, chatting, True)))[0] == told

    assert await ledger.rows(Participant) == []


async def test_a_reaction_is_no_unread_message(
    desk: Desk, receipts: ReceiptService, ledger: Ledger, hotel: HotelWorld, rita: Principal, chatting: int
) -> None:
    await receipts.read(rita, chatting)
    reaction = {"type": "reaction", "reaction": {"message_id": "wamid.unknown", "emoji": "👍"}}
    message = {key: value for key, value in text_message("", "351912345678").items() if key != "text"}
    await desk.take_messages(message | reaction)

    assert await receipts.read(rita, chatting) == 0

    assert len(await reads(ledger, hotel)) == 1
    assert (await ledger.row(Message, Message.type == MessageType.REACTION)).read_at is not None


async def test_who_answers_has_read_all(
    desk: Desk, receipts: ReceiptService, ledger: Ledger, hotel: HotelWorld, rita: Principal, chatting: int
) -> None:
    await desk.services.sending.send(rita, chatting, Draft(text="Here I am."))
    await desk.services.sending.send(rita, chatting, Draft(text="How can I help?"))

    assert await receipts.read(rita, chatting) == 0
    (event,) = await reads(ledger, hotel)
    assert (event.user_id, event.up_to_id) == (rita.user_id, (await guests_ids(ledger))[-1])
    told = [type(each) for each in await ledger.events(hotel.id)]
    assert told[-3:] == [MessageCreated, MessagesRead, MessageCreated]
    part = await ledger.row(Participant)
    assert (part.user_id, part.last_read_message_id) == (rita.user_id, (await ledger.rows(Message))[-1].id)


async def test_who_types_has_read_all(
    receipts: ReceiptService, ledger: Ledger, hotel: HotelWorld, rita: Principal, chatting: int
) -> None:
    await receipts.typing(rita, chatting, True)

    assert await receipts.read(rita, chatting) == 0
    assert [each.user_id for each in await reads(ledger, hotel)] == [rita.user_id]


async def test_who_goes_on_typing_has_read_what_came_meanwhile_and_who_stops_has_not(
    desk: Desk, receipts: ReceiptService, ledger: Ledger, hotel: HotelWorld, rita: Principal, chatting: int
) -> None:
    await receipts.typing(rita, chatting, True)
    await desk.say("Hurry, please")
    await receipts.typing(rita, chatting, True)
    seen = (await ledger.rows(Message))[-1].id
    await desk.say("It is leaking")
    await receipts.typing(rita, chatting, False)

    assert [each.up_to_id for each in await reads(ledger, hotel)] == (await guests_ids(ledger))[2:4]
    assert (await ledger.row(Participant)).last_read_message_id == seen
    assert await receipts.read(rita, chatting) == 1


async def test_who_had_left_a_conversation_takes_part_again_by_reading(
    receipts: ReceiptService, ledger: Ledger, rita: Principal, chatting: int
) -> None:
    await receipts.read(rita, chatting)
    await ledger.change(Participant, is_active=False)

    await receipts.read(rita, chatting)

    assert (await ledger.row(Participant)).is_active


@dataclass(eq=False)
class Onlooker:
    """Hears who is typing."""

    audiences: dict[str, int] = field(default_factory=dict)
    heard: list[Typing] = field(default_factory=list)

    def accepts(self, stored: Told, audience: str) -> bool:
        return isinstance(stored.event, Typing)

    def knows(self, stored: Told, audience: str) -> bool:
        return True

    def tell(self, broadcast: Broadcast, audience: str) -> None:
        assert isinstance(broadcast.stored.event, Typing)
        self.heard.append(broadcast.stored.event)

    async def replay(self, broadcast: Broadcast, audience: str) -> bool:
        return False


async def test_colleagues_see_each_time_who_is_typing(
    desk: Desk, receipts: ReceiptService, hotel: HotelWorld, rita: Principal, chatting: int
) -> None:
    onlooker = Onlooker()
    await desk.services.hub.join(hotel.id, onlooker, [audiences.conversation(chatting)])

    for is_typing in (True, True, False):
        await receipts.typing(rita, chatting, is_typing)

    await eventually(lambda: len(onlooker.heard) >= 3)
    assert [each.is_typing for each in onlooker.heard] == [True, True, False]
    assert {(each.user_id, each.user_name) for each in onlooker.heard} == {(rita.user_id, rita.name)}
    assert {each.conversation.id for each in onlooker.heard} == {chatting}


async def test_of_ours_it_is_known_when_the_guest_read_it(
    desk: Desk, ledger: Ledger, rita: Principal, chatting: int
) -> None:
    async def told(word: str, at: int) -> datetime | None:
        status = {"id": "wamid.OURS", "status": word, "timestamp": str(at), "recipient_id": "351912345678"}
        await desk.take_statuses(status)
        view = (await desk.services.conversations.messages(rita, chatting))[1]
        assert view.id == ours
        return view.read_at

    ours = (await ledger.rows(Message, ~GUESTS))[0].id
    await ledger.change(Message, Message.id == ours, external_id="wamid.OURS")
    first = 1_763_600_000

    assert await told("delivered", first) is None
    assert await told("read", first + 60) == datetime.fromtimestamp(first + 60, UTC)
    assert await told("played", first + 90) == datetime.fromtimestamp(first + 60, UTC)


async def test_what_was_played_was_read(desk: Desk, ledger: Ledger, chatting: int) -> None:
    ours = (await ledger.rows(Message, ~GUESTS))[0].id
    await ledger.change(Message, Message.id == ours, external_id="wamid.OURS")
    report = {"id": "wamid.OURS", "recipient_id": "351912345678"}

    await desk.take_statuses(
        report | {"status": "played", "timestamp": "1763600090"},
        report | {"status": "read", "timestamp": "1763600060"},
    )

    assert (await ledger.row(Message, Message.id == ours)).read_at == datetime.fromtimestamp(1_763_600_060, UTC)


async def test_a_read_report_without_a_time_counts_from_when_it_came(
    desk: Desk, ledger: Ledger, clock: HeldClock, chatting: int
) -> None:
    ours = (await ledger.rows(Message, ~GUESTS))[0].id
    await ledger.change(Message, Message.id == ours, external_id="wamid.OURS")

    await desk.take_statuses({"id": "wamid.OURS", "status": "read", "recipient_id": "351912345678"})

    assert (await ledger.row(Message, Message.id == ours)).read_at == clock.now
