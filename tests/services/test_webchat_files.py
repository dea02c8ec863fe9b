"""Files that visitors send: kept before, they become the message's, and in a check-in the stay's documents."""

import pytest

from app.core.errors import NotFound
from app.core.events import MessageCreated
from app.core.principal import VisitorPrincipal
from app.core.types import StayStatus
from app.models import Conversation, Guest, Media, Message, Request, Stay
from tests.ledger import Ledger
from tests.triggers import trigger
from tests.webchats import Site, keep_file
from tests.world import World


@pytest.fixture
async def checking_in(site: Site, world: World, ledger: Ledger) -> VisitorPrincipal:
    """A guest who has been asked for a photo of their document."""
    stay_id = await world.guest(site.hotel, stay=StayStatus.PENDING)
    assert stay_id is not None
    guest = site.guest((await ledger.row(Guest)).id, stay_id)
    for text in ("Hello", "John Doe"):
        await site.say(guest, text)
    return guest


async def test_a_file_with_a_caption_becomes_the_messages(site: Site, ledger: Ledger) -> None:
    media_id = await keep_file(ledger.database, site.hotel)

    message = await site.say(site.visitor(), "My key card", media_id=media_id)

    row = await ledger.row(Media)
    assert (row.id, row.message_id, row.channel_id, row.stay_id) == (media_id, message.id, site.channel_id, None)
    assert (message.type, message.content) == ("image", "My key card")
    assert message.media is not None
    assert (message.media.id, message.media.size, message.media.restricted) == (media_id, 1234, False)
    assert message.media.has_thumbnail
    stored = await site.services.database.run(lambda work: work.messages.get(message.id))
    assert stored == message
    told = [each.message for each in await ledger.events(site.hotel.id) if isinstance(each, MessageCreated)]
    assert told[0] == message


@pytest.mark.parametrize(
    ("mime_type", "kind"), [("audio/ogg", "audio"), ("application/pdf", "document"), ("video/mp4", "video")]
)
async def test_a_file_without_words_shows_in_lists_as_what_it_is(
    site: Site, ledger: Ledger, mime_type: str, kind: str
) -> None:
    media_id = await keep_file(ledger.database, site.hotel, mime_type)
    async with trigger(ledger.database, "INSERT ON messages", "IF NEW.sender_type = 'system' THEN RAISE 'no'; END IF"):
        message = await site.say(site.visitor(), "", media_id=media_id)

    assert (message.type, message.content) == (kind, "")
    assert (await ledger.conversation()).last_message_preview == f"[{kind}]"


async def test_a_file_is_one_messages_only(site: Site, ledger: Ledger, world: World) -> None:
    visitor = site.visitor()
    media_id = await keep_file(ledger.database, site.hotel)
    await site.say(visitor, "", media_id=media_id)
    staffs, others = await keep_file(ledger.database, site.hotel), await keep_file(ledger.database, site.hotel)
    await ledger.change(Media, Media.id == staffs, uploaded_by=site.hotel.staff["rita"])
    other_hotel = await world.hotel("alpine-lodge", "700000000000002")
    await ledger.change(Media, Media.id == others, hotel_id=other_hotel.id)

    for each in (media_id, staffs, others):
        with pytest.raises(NotFound) as refused:
            await site.say(visitor, "", media_id=each)
        assert refused.value.code == "no_such_upload"

    assert len(await ledger.rows(Message, Message.sender_type == "guest")) == 1


async def test_a_document_of_a_check_in_becomes_the_stays_and_completes_it(
    site: Site, ledger: Ledger, checking_in: VisitorPrincipal
) -> None:
    media_id = await keep_file(ledger.database, site.hotel)

    message = await site.say(checking_in, "", media_id=media_id)

    stay = await ledger.row(Stay)
    assert (await ledger.row(Media)).stay_id == stay.id
    assert message.media is not None
    assert message.media.restricted
    assert stay.checkin_state == "submitted"
    assert (await ledger.conversation()).status == "active"
    assert (await ledger.texts())[-1].startswith("Thank you, John Doe.")


async def test_a_document_is_nobody_elses_also_where_the_flow_fails(
    site: Site, ledger: Ledger, checking_in: VisitorPrincipal
) -> None:
    media_id = await keep_file(ledger.database, site.hotel)
    before = await ledger.conversation()

    async with trigger(ledger.database, "UPDATE ON stays", "RAISE EXCEPTION 'no'"):
        message = await site.say(checking_in, "", media_id=media_id)

    stay = await ledger.row(Stay)
    assert message.media is not None
    assert (message.media.restricted, (await ledger.row(Media)).stay_id) == (True, stay.id)
    assert stay.checkin_state == "none"
    request = await ledger.row(Request, Request.message_id == message.id)
    assert request.status == "FAILED"
    assert (await ledger.row(Conversation)).current_step == before.current_step

    await ledger.change(Request, Request.id == request.id, next_attempt_at=request.created_at)
    assert await site.services.requests.retry_one() is True

    assert (await ledger.row(Stay)).checkin_state == "submitted"
    assert (await ledger.row(Request, Request.id == request.id)).status == "COMPLETED"
