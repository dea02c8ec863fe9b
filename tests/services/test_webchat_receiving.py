"""What a visitor's message brings about: a guest, a chat, a conversation, the flow's answer."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core.bounds import LONGEST_TEXT
from app.core.drafts import VisitorDraft
from app.core.errors import Conflict, Invalid, LobbyError, NotFound, Unauthenticated
from app.core.events import Change, ConversationChanged, MessageCreated
from app.core.types import ConversationStatus, Department, StayStatus
from app.models import Account, Channel, Chat, Conversation, Guest, Message, Request, Stay, User, VisitorSession
from app.services.inbound.guest_desk import STOP_NOTE
from tests.desk import WELCOME, Desk, principal
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.webchats import Site
from tests.world import HotelWorld, World


async def test_a_visitors_first_text_is_answered_by_the_demo_in_their_default_chat(site: Site, ledger: Ledger) -> None:
    visitor = site.visitor()

    stored = await site.say(visitor, "Hello")

    assert stored.chat is not None
    assert (stored.chat.account, stored.chat.public_id) == (visitor.account, visitor.account)
    assert await ledger.transcript() == [("guest", "Hello"), ("system", WELCOME)]
    assert [each.chat_id for each in await ledger.rows(Message)] == [stored.chat.id] * 2
    conversation = await ledger.conversation()
    assert (conversation.status, conversation.chat_id) == ("demo", stored.chat.id)
    guest = await ledger.row(Guest)
    assert (guest.id, guest.full_name) == (conversation.guest_id, f"Visitor {(visitor.key or '')[:6]}")
    assert (await ledger.row(Account)).address == visitor.account


async def test_what_is_written_is_told_as_standing_in_its_chat(site: Site, ledger: Ledger) -> None:
    stored = await site.say(site.visitor(), "Hello")

    begun, *told = await ledger.events(site.hotel.id)

    assert isinstance(begun, ConversationChanged)
    assert (begun.change, begun.conversation.chat) == (Change.CREATED, stored.chat)
    assert [each.message.chat for each in told if isinstance(each, MessageCreated)] == [stored.chat] * 2


async def test_a_named_chat_stands_beside_the_default_one_with_a_conversation_of_its_own(
    site: Site, ledger: Ledger
) -> None:
    visitor = site.visitor()
    await site.say(visitor, "services")

    await site.say(visitor, "Hello", chat_id="tour")
    await site.say(visitor, "Hello again", chat_id="tour")

    default, tour = await ledger.rows(Chat)
    assert (default.public_id, tour.public_id) == (visitor.account, "tour")
    conversations = await ledger.rows(Conversation)
    assert [each.chat_id for each in conversations] == [default.id, tour.id]
    assert [each.flow_name for each in conversations] == ["services", "demo"]
    assert await ledger.texts(Message.chat_id == tour.id, Message.sender_type == "guest") == ["Hello", "Hello again"]
    await ledger.row(Guest)


async def test_the_same_name_of_two_visitors_is_two_chats(site: Site, ledger: Ledger) -> None:
    first, second = site.visitor(), site.visitor()

    for visitor in (first, second):
        await site.say(visitor, "Hello", chat_id="tour")

    assert [each.public_id for each in await ledger.rows(Chat)] == ["tour", "tour"]
    assert len({each.guest_id for each in await ledger.rows(Conversation)}) == 2


async def test_nobody_writes_in_a_chat_of_somebody_else(site: Site, ledger: Ledger) -> None:
    theirs = site.visitor()
    await site.say(theirs, "Hello")

    for chat_id in (theirs.account, "webchat_user_1"):
        with pytest.raises(NotFound) as refused:
            await site.say(site.visitor(), "Hello", chat_id=chat_id)
        assert refused.value.code == "no_such_chat"

    assert await ledger.texts(Message.sender_type == "guest") == ["Hello"]
    await ledger.row(Guest)


async def test_a_chat_is_found_by_the_name_that_it_had_before(site: Site, ledger: Ledger) -> None:
    visitor = site.visitor()
    first = await site.say(visitor, "Hello")
    await ledger.change(Chat, former_ids=["webchat_guest_0"])

    again = await site.say(visitor, "Hello again", chat_id="webchat_guest_0")

    assert again.chat == first.chat
    await ledger.row(Chat)


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ({}, "empty_text"),
        ({"text": " \u200b\n"}, "empty_text"),
        ({"text": "x" * (LONGEST_TEXT + 1)}, "text_too_long"),
        ({"text": "Hello", "chat_id": ""}, "bad_chat_id"),
        ({"text": "Hello", "chat_id": "x" * 129}, "bad_chat_id"),
        ({"text": "Hello", "chat_id": "a/b"}, "bad_chat_id"),
        ({"text": "Hello", "chat_id": "a\x00b"}, "bad_chat_id"),
        ({"text": "Hello", "reply_to_message_id": 1}, "no_such_message"),
        ({"media_id": 1}, "no_such_upload"),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_nothing_begins(
    site: Site, ledger: Ledger, draft: dict[str, Any], code: str
) -> None:
    with pytest.raises(LobbyError) as refused:
        await site.services.webchat_receiving.receive(site.visitor(), VisitorDraft(**draft))

    assert refused.value.code == code
    for model in (Message, Chat, Conversation, Guest, Account, VisitorSession, Request):
        assert await ledger.rows(model) == []


async def test_the_longest_text_is_kept_whole_and_a_nul_leaves_a_mark(site: Site, ledger: Ledger) -> None:
    visitor = site.visitor()

    await site.say(visitor, "x" * LONGEST_TEXT)
    await site.say(visitor, "a\x00b")

    assert await ledger.texts(Message.sender_type == "guest") == ["x" * LONGEST_TEXT, "a\ufffdb"]


async def test_a_visitor_whose_session_has_ended_writes_nothing_more(
    site: Site, ledger: Ledger, clock: HeldClock
) -> None:
    visitor = site.visitor()
    await site.say(visitor, "Hello")
    await ledger.change(VisitorSession, ended_at=clock())

    with pytest.raises(Unauthenticated):
        await site.say(visitor, "Hello again")

    assert await ledger.texts(Message.sender_type == "guest") == ["Hello"]


async def test_a_web_chat_that_is_not_in_use_takes_nothing(site: Site, ledger: Ledger) -> None:
    await ledger.change(Channel, Channel.id == site.channel_id, is_active=False)

    with pytest.raises(NotFound) as refused:
        await site.say(site.visitor(), "Hello")

    assert refused.value.code == "no_such_channel"


async def test_a_user_without_a_guests_record_gets_one_and_keeps_it_on_another_channel(
    site: Site, ledger: Ledger, world: World
) -> None:
    user_id = await world.user(site.hotel, "ann")
    await site.say(site.user(user_id, "Ann Guest"), "Hello")
    other = await site.second()

    await other.say(other.user(user_id, "Ann Guest"), "Hello")

    guest = await ledger.row(Guest)
    assert guest.full_name == "Ann Guest"
    assert (await ledger.row(User, User.id == user_id)).guest_id == guest.id
    assert [each.guest_id for each in await ledger.rows(Account)] == [guest.id] * 2


async def test_a_user_who_is_a_guest_of_the_hotel_writes_as_that_guest(
    site: Site, ledger: Ledger, world: World
) -> None:
    stay_id = await world.guest(site.hotel)
    guest = await ledger.row(Guest)
    user_id = await world.user(site.hotel, "john", guest_id=guest.id)

    await site.say(site.user(user_id), "Hello")

    conversation = await ledger.conversation()
    assert (conversation.guest_id, conversation.stay_id, conversation.status) == (guest.id, stay_id, "active")


async def test_a_user_whose_record_names_another_guest_since_writes_as_that_one(
    site: Site, ledger: Ledger, world: World
) -> None:
    user_id = await world.user(site.hotel, "john")
    await site.say(site.user(user_id), "Hello")
    stay_id = await world.guest(site.hotel)
    known = await ledger.row(Guest, Guest.full_name == "John Doe")
    await ledger.change(User, User.id == user_id, guest_id=known.id)

    message = await site.say(site.user(user_id), "Hello again")

    conversation = await ledger.conversation(Conversation.id == message.conversation_id)
    assert (conversation.guest_id, conversation.stay_id) == (known.id, stay_id)
    assert (await ledger.row(Account)).guest_id == known.id


async def test_a_guest_with_a_link_is_in_the_flow_of_their_stay(site: Site, ledger: Ledger, world: World) -> None:
    stay_id = await world.guest(site.hotel, stay=StayStatus.PENDING)
    assert stay_id is not None
    guest = await ledger.row(Guest)

    await site.say(site.guest(guest.id, stay_id), "Hello")

    conversation = await ledger.conversation()
    assert (conversation.guest_id, conversation.stay_id) == (guest.id, stay_id)
    assert (conversation.status, conversation.flow_name) == ("checkin", "checkin")


async def test_a_visitor_whose_guest_has_a_stay_since_is_in_its_flow_from_the_next_message_on(
    site: Site, ledger: Ledger, world: World
) -> None:
    visitor = site.visitor()
    await site.say(visitor, "Hello")
    await world.guest(site.hotel, phone="351912345679")
    (mine, _) = await ledger.rows(Guest)
    await ledger.change(Stay, guest_id=mine.id)

    await site.say(visitor, "Hello again")

    conversation = await ledger.conversation()
    assert (conversation.status, conversation.flow_name) == ("active", "services")


async def test_stop_is_heeded_as_on_every_channel(site: Site, ledger: Ledger) -> None:
    visitor = site.visitor()
    await site.say(visitor, "Hello")

    await site.say(visitor, "STOP")
    (account,) = await ledger.rows(Account)
    assert account.opted_out_at is not None
    assert await ledger.texts(Message.is_note.is_(True)) == [STOP_NOTE]

    await site.say(visitor, "START")
    assert (await ledger.row(Account)).opted_out_at is None


class TestMenus:
    """What stands on a menu's button, its id and its number all choose it."""

    @pytest.mark.parametrize("said", ["1", "Room Service", "room service", "room_service", " room_service "])
    async def test_a_choice_is_made(self, site: Site, ledger: Ledger, said: str) -> None:
        visitor = site.visitor()
        await site.say(visitor, "services")

        await site.say(visitor, said)

        conversation = await ledger.conversation()
        assert (conversation.status, conversation.department) == (ConversationStatus.RELAY, Department.ROOM_SERVICE)
        assert (await ledger.texts())[-1] == "Connecting you to Room Service..."

    async def test_a_button_of_yesterdays_menu_still_chooses(
        self, site: Site, ledger: Ledger, world: World, desk: Desk
    ) -> None:
        stay_id = await world.guest(site.hotel)
        assert stay_id is not None
        guest = site.guest((await ledger.row(Guest)).id, stay_id)
        for text in ("services", "1"):
            await site.say(guest, text)
        await desk.end_relay(site.hotel, (await ledger.conversation()).id)

        await site.say(guest, "room_service")

        assert (await ledger.conversation()).status == ConversationStatus.RELAY

    async def test_a_menu_keeps_its_options_for_buttons(self, site: Site, ledger: Ledger) -> None:
        await site.say(site.visitor(), "services")

        menu = await ledger.row(Message, Message.sender_type == "system")

        assert [(each["id"], each["label"]) for each in menu.extra["options"]] == [
            ("room_service", "Room Service"),
            ("housekeeping", "Housekeeping"),
            ("reception", "Reception"),
            ("other", "Other"),
        ]


class TestQuoting:
    async def test_a_message_goes_to_the_conversation_that_it_answers(self, site: Site, ledger: Ledger) -> None:
        visitor = site.visitor()
        menu = await site.say(visitor, "services")
        await site.say(visitor, "1")
        (relayed,) = await ledger.rows(Conversation)
        asked = await site.answer(relayed.id, "At seven?")

        answer = await site.say(visitor, "Yes", reply_to_message_id=asked)

        assert (answer.reply_to_id, answer.conversation_id) == (asked, relayed.id)
        assert answer.chat == menu.chat

    async def test_only_what_one_reads_in_this_chat_is_answered(self, site: Site, ledger: Ledger) -> None:
        visitor = site.visitor()
        here, there = await site.say(visitor, "services"), await site.say(visitor, "Hello", chat_id="tour")
        others = await site.say(site.visitor(), "Hello")
        await site.say(visitor, "STOP")
        note = await ledger.row(Message, Message.is_note.is_(True))
        await ledger.change(Chat, Chat.public_id == visitor.account, cleared_up_to=here.id)

        for message_id in (here.id, there.id, others.id, note.id, 10**12):
            with pytest.raises(Invalid) as refused:
                await site.say(visitor, "This?", reply_to_message_id=message_id)
            assert refused.value.code == "no_such_message"


class TestClientIds:
    ID = UUID("0b8f6f0e-7c1f-4a55-9d8e-2f6c1d1f6a11")

    async def test_the_same_id_again_answers_with_the_first_message(self, site: Site, ledger: Ledger) -> None:
        visitor = site.visitor()
        first = await site.say(visitor, "Hello", client_message_id=self.ID)

        again = await site.say(visitor, "Hello?", client_message_id=self.ID)

        assert again == first
        assert again.client_message_id == self.ID
        assert await ledger.texts() == ["Hello", WELCOME]
        await ledger.row(Request)

    async def test_an_id_of_another_visitor_is_refused(self, site: Site, ledger: Ledger) -> None:
        await site.say(site.visitor(), "Hello", client_message_id=self.ID)

        with pytest.raises(Conflict) as refused:
            await site.say(site.visitor(), "Hello", client_message_id=self.ID)

        assert refused.value.code == "client_message_id_used"
        await ledger.row(Guest)

    async def test_ids_are_each_ones_own_message(self, site: Site, ledger: Ledger) -> None:
        visitor = site.visitor()

        for text in ("Hello", "Hello again"):
            await site.say(visitor, text, client_message_id=uuid4())

        assert await ledger.texts(Message.sender_type == "guest") == ["Hello", "Hello again"]


async def test_staff_hear_of_a_relay_and_answer_into_the_chat(site: Site, ledger: Ledger, hotel: HotelWorld) -> None:
    visitor = site.visitor()
    await site.say(visitor, "services")
    stored = await site.say(visitor, "1")
    conversation = await ledger.conversation()

    answered = await site.answer(conversation.id, "What would you like?")

    message = await ledger.row(Message, Message.id == answered)
    assert stored.chat is not None
    assert (message.chat_id, message.channel_id) == (stored.chat.id, site.channel_id)
    view = await site.services.conversations.messages(principal(hotel), conversation.id)
    assert [each.content for each in view if each.chat == stored.chat][-1] == "What would you like?"
