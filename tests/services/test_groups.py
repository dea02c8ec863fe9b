"""Groups: a conversation of many, for people alone."""

from app.core.events import Change, ConversationChanged
from app.core.types import ConversationStatus, Department, IdentityKind
from app.models import Account, Conversation, Delivery, Guest, GuestIdentity, Message
from tests.channels.whatsapp_payloads import Json, change, contact, document, encode, message, text
from tests.desk import Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld

GROUP = "GRP-wedding-77"
ANN, BEN = "351912000001", "351912000002"


def says(words: str, sender: str = ANN) -> Json:
    return text(words, id=f"wamid.{words}", group_id=GROUP) | {"from": sender}


async def take(desk: Desk, *messages: Json) -> None:
    people = [contact("Ben Boa", BEN), contact("Ann Alba", ANN)]
    await desk.take(encode(document(change(*messages, number=SEA_VIEW_NUMBER, contacts=people))))


async def test_a_group_is_one_conversation_at_reception_in_which_each_has_a_name(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, says("Hello"))
    await take(desk, says("services"), says("Is the terrace free?", BEN))

    conversation = await ledger.conversation()
    assert (conversation.status, conversation.department) == (ConversationStatus.RELAY, Department.RECEPTION)
    assert conversation.waiting_since is not None
    messages = await ledger.rows(Message)
    assert [(each.sender_name, each.content) for each in messages] == [
        ("Ann Alba", "Hello"),
        ("Ann Alba", "services"),
        ("Ben Boa", "Is the terrace free?"),
    ]
    assert messages[2].extra["sender"] == {"address": BEN, "phone": BEN, "user_id": None, "name": "Ben Boa"}
    assert await ledger.rows(Delivery) == [], "the flow answers nobody"
    changes = [each.change for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)]
    assert changes == [Change.CREATED, Change.RELAY_STARTED]


async def test_a_group_is_an_account_of_its_own_with_its_own_window(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await take(desk, says("Hello"))
    await take(desk, says("Just me") | {"group_id": None})

    group, ann = await ledger.rows(Account)
    assert (group.address, group.is_group, ann.address, ann.is_group) == (GROUP, True, ANN, False)
    assert group.last_inbound_at is not None
    assert group.guest_id != ann.guest_id
    assert (await ledger.row(Guest, Guest.id == group.guest_id)).full_name == f"Group {GROUP}"
    assert (await ledger.row(GuestIdentity, GuestIdentity.guest_id == group.guest_id)).kind is (
        IdentityKind.WHATSAPP_GROUP
    )
    assert (await ledger.conversation(Conversation.guest_id == ann.guest_id)).status is ConversationStatus.DEMO


async def test_a_group_that_was_given_back_goes_to_people_again(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, says("Hello"))
    await desk.end_relay(hotel, (await ledger.conversation()).id)

    await take(desk, says("Hello again"))

    assert (await ledger.conversation()).status is ConversationStatus.RELAY
    assert await ledger.rows(Delivery) == []


async def test_reactions_and_edits_in_a_group_stay_there_and_each_edits_their_own(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, says("Hello"))
    edit = {"original_message_id": "wamid.Hello", "message": {"type": "text", "text": {"body": "Hello all"}}}

    await take(desk, message("reaction", {"message_id": "wamid.Hello", "emoji": "❤️"}, id="r", group_id=GROUP))
    await take(desk, message("edit", edit, id="e1", group_id=GROUP) | {"from": BEN})
    assert (await ledger.rows(Message))[0].content == "Hello"
    await take(desk, message("edit", edit, id="e2", group_id=GROUP) | {"from": ANN})

    first, reaction = await ledger.rows(Message)
    assert (first.content, reaction.type, reaction.reply_to_id) == ("Hello all", "reaction", first.id)
    assert first.extra["sender"]["address"] == ANN


async def test_a_stop_in_a_group_is_said_to_the_group(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, says("stop"))

    assert (await ledger.row(Account)).opted_out_at is None
