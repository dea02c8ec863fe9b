"""A conversation follows its guest between chats and channels, and what staff write reaches them where it is."""

from pathlib import Path

import pytest

from app.core.drafts import Draft, Place
from app.core.principal import VisitorPrincipal
from app.core.signals import Typing
from app.core.types import Department
from app.core.views import ChatRef, MessageView
from app.models import Conversation, Delivery, Guest, Message
from app.realtime.audiences import audiences_of, chat
from tests import files
from tests.desk import Desk, principal
from tests.ledger import Ledger
from tests.senders import send_due
from tests.webchats import Site
from tests.world import HotelWorld, World

KITCHEN = Conversation.department == Department.ROOM_SERVICE


async def order(site: Site, visitor: VisitorPrincipal, chat_id: str | None = None) -> MessageView:
    """From this chat the visitor is handed over to Room Service; what they wrote last."""
    await site.say(visitor, "services", chat_id=chat_id)
    return await site.say(visitor, "1", chat_id=chat_id)


def here(message: MessageView) -> ChatRef:
    assert message.chat is not None
    return message.chat


@pytest.fixture
async def john(site: Site, world: World, ledger: Ledger) -> VisitorPrincipal:
    """A guest who stays, is known by his number on WhatsApp, and has opened his link."""
    stay_id = await world.guest(site.hotel)
    assert stay_id is not None
    return site.guest((await ledger.row(Guest)).id, stay_id)


async def test_a_department_has_one_conversation_which_goes_on_in_the_chat_where_it_is_asked_for(
    site: Site, ledger: Ledger
) -> None:
    visitor = site.visitor()
    first = here(await order(site, visitor, "a"))

    second = here(await order(site, visitor, "b"))

    kitchen = await ledger.conversation(KITCHEN)
    assert kitchen.chat_id == second.id
    asked = await site.answer(kitchen.id, "What would you like?")
    assert (await ledger.row(Message, Message.id == asked)).chat_id == second.id
    said_there = await site.say(visitor, "Some soup", chat_id="b")
    assert said_there.conversation_id == kitchen.id
    bots = await ledger.rows(Conversation, Conversation.department.is_(None))
    assert [(each.chat_id, each.status) for each in bots] == [(second.id, "demo")], "that of the first chat was relayed"
    assert (await ledger.texts(Message.chat_id == first.id))[-2:] == ["1", "Connecting you to Room Service..."]


async def test_what_stood_in_the_first_chat_stays_there_and_its_next_words_are_the_flows(
    site: Site, ledger: Ledger
) -> None:
    visitor = site.visitor()
    first = here(await order(site, visitor, "a"))
    before = await ledger.texts(Message.chat_id == first.id)
    await order(site, visitor, "b")

    await site.say(visitor, "Hello", chat_id="a")

    assert await ledger.texts(Message.chat_id == first.id) == [
        *before,
        "Hello",
        'Welcome to our hotel demo! Type "services" to explore.',
    ]


async def test_a_relay_on_the_web_chat_brings_the_conversation_from_whatsapp_and_back(
    site: Site, ledger: Ledger, desk: Desk, john: VisitorPrincipal
) -> None:
    await desk.say("services", "1")
    kitchen = await ledger.conversation()
    assert kitchen.channel_id == site.hotel.channel_id

    chat_ref = here(await order(site, john))

    moved = await ledger.conversation(KITCHEN)
    assert (moved.id, moved.channel_id, moved.chat_id) == (kitchen.id, site.channel_id, chat_ref.id)
    answered = await site.answer(kitchen.id, "Your soup is on its way.")
    delivery = await ledger.row(Delivery, Delivery.message_id == answered)
    assert (delivery.channel_id, delivery.address) == (site.channel_id, john.account)

    await desk.say("services", "1")

    back = await ledger.conversation(KITCHEN)
    assert (back.id, back.channel_id, back.chat_id) == (kitchen.id, site.hotel.channel_id, None)
    stands = await ledger.row(Message, Message.id == answered)
    assert (stands.chat_id, stands.channel_id) == (chat_ref.id, site.channel_id), "where it was written"


class TestStaff:
    @pytest.fixture
    async def chat_ref(self, site: Site) -> ChatRef:
        return here(await order(site, site.visitor()))

    async def test_what_they_write_is_delivered_without_a_provider(
        self, site: Site, ledger: Ledger, chat_ref: ChatRef
    ) -> None:
        answered = await site.answer((await ledger.conversation()).id, "What would you like?")

        await send_due(site.services.outbox)

        message = await ledger.row(Message, Message.id == answered)
        assert (message.chat_id, message.delivery_status) == (chat_ref.id, "sent")
        assert {each.state for each in await ledger.rows(Delivery)} == {"sent"}

    async def test_their_files_and_places_stand_in_the_chat(
        self, site: Site, ledger: Ledger, hotel: HotelWorld, chat_ref: ChatRef, tmp_path: Path
    ) -> None:
        path = tmp_path / "upload.pdf"
        path.write_bytes(files.PDF)
        upload = await site.services.media.upload(
            principal(hotel), path, declared="application/pdf", filename="menu.pdf"
        )
        conversation_id = (await ledger.conversation()).id
        drafts = [
            Draft(text="Our menu", media_id=upload.id),
            Draft(location=Place(latitude=38.7, longitude=-9.1, name="The terrace")),
        ]

        sent = [await site.services.sending.send(principal(hotel), conversation_id, each) for each in drafts]
        await send_due(site.services.outbox)

        assert [each.message.chat for each in sent] == [chat_ref] * 2
        assert sent[0].message.media is not None
        assert [each.message.content for each in sent] == ["Our menu", "The terrace"]
        rows = await ledger.rows(Message, Message.id.in_([each.message.id for each in sent]))
        assert [each.delivery_status for each in rows] == ["sent", "sent"]

    async def test_that_they_type_is_told_to_the_chat(
        self, site: Site, ledger: Ledger, hotel: HotelWorld, chat_ref: ChatRef
    ) -> None:
        view = await site.services.conversations.get(principal(hotel), (await ledger.conversation()).id)

        typing = Typing(conversation=view.as_ref(), user_id=1, user_name="Rita", is_typing=True)

        assert chat(chat_ref.channel_id, chat_ref.account, chat_ref.public_id) in audiences_of(typing)

    async def test_a_relay_that_they_end_is_the_flows_again_in_the_same_chat(
        self, site: Site, ledger: Ledger, desk: Desk, hotel: HotelWorld
    ) -> None:
        visitor = site.visitor()
        chat_ref = here(await order(site, visitor))
        await desk.end_relay(hotel, (await ledger.conversation()).id)

        await site.say(visitor, "services")

        assert (await ledger.texts(Message.chat_id == chat_ref.id))[-1].startswith("How can we assist you today?")
        assert (await ledger.conversation()).status == "demo"
