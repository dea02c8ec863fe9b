"""What leaves: from what staff drafted to messages, and from a message to what its channel sends.

A message keeps in ``content`` what people read of it, in ``extra`` what has no field of its own: the options of a menu
(``options``, ``opens``), a place (``location``), the message whose later part it is (``part_of``), what a guest's
personal link stands for (``guest_link``; the link itself is made when the message leaves).
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from app.channels.base import (
    Channel,
    Choice,
    Credentials,
    LocalFile,
    LocationOut,
    MediaOut,
    MenuOut,
    NotSendable,
    Outgoing,
    OutgoingContent,
    ReactionOut,
    SendOutcome,
    SendResult,
    TextOut,
    UploadResult,
)
from app.core.drafts import Draft, Place
from app.core.errors import Invalid
from app.core.links import GuestLinks, LinkTerms
from app.core.phones import variants
from app.core.types import MessageType
from app.services.templates.content import template_out
from app.store.channels import ChannelRecord
from app.store.deliveries import ClaimedDelivery
from app.store.media import FileRecord

GUEST_LINK = "guest_link"
UPLOAD_WITHIN = 30.0  # seconds; the send itself needs some of the claim's time too

FILES = frozenset({MessageType.IMAGE, MessageType.VIDEO, MessageType.AUDIO, MessageType.DOCUMENT, MessageType.STICKER})


class Uploads(Protocol):
    """Who hands files to their providers, once for many messages."""

    async def upload_id(self, media_id: int, channel: ChannelRecord) -> UploadResult:
        """The provider's name of a file. Raises nothing for provider or network; goes on where nobody waits any more,
        and answers whoever asks next."""
        ...

    def local(self, media_id: int) -> AbstractAsyncContextManager[LocalFile | UploadResult]:
        """The file itself, where it has no such name and goes along with its message."""
        ...

    async def note_upload_id(self, media_id: int, channel: ChannelRecord, upload_id: str) -> None:
        """The provider's name of a file that went along."""
        ...


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One message to be: ``content`` and ``extra`` as they are stored."""

    type: MessageType
    content: str = ""
    extra: dict[str, Any] = {}
    media_id: int | None = None

    @property
    def preview(self) -> str:
        return self.content or f"[{self.type}]"


def pieces_of(channel: Channel, draft: Draft, file: FileRecord | None) -> list[Piece]:
    """The messages that a draft becomes: several for a long text. ``file`` is the one that it names.

    Raises Invalid, naming the field, for what the channel does not take.
    """
    kinds = [name for name in ("media_id", "location") if getattr(draft, name) is not None]
    if len(kinds) > 1 or (draft.text and kinds == ["location"]):
        sentence = "A message is one of these; only a file may have a text, as its caption."
        raise Invalid(
            "Only one thing can be sent at once.", code="bad_fields", details={kind: [sentence] for kind in kinds}
        )
    try:
        if draft.location is not None:
            return [_place(channel, draft.location)]
        if draft.media_id is not None:
            if file is None:
                raise Invalid(
                    "There is no such file to send.",
                    code="no_such_file",
                    details={"media_id": ["No uploaded file that can be sent."]},
                )
            return [_file(channel, file, (draft.text or "").strip())]
        if draft.text is None:
            raise Invalid("Some fields are not right.", code="bad_fields", details={"text": ["Field required"]})
        return [Piece(type=MessageType.TEXT, content=part) for part in channel.split(draft.text)]
    except NotSendable as error:
        raise refusal(error) from None


def menu_pieces(channel: Channel, text: str, options: list[dict[str, Any]], opens: str) -> list[Piece]:
    """What a flow says; the options go with its end. Raises NotSendable."""
    pieces = [Piece(type=MessageType.TEXT, content=part) for part in channel.split(text)]
    if options:
        pieces[-1] = msgspec.structs.replace(pieces[-1], extra={"options": options, "opens": opens})
    return pieces


def refusal(error: NotSendable) -> Invalid:
    """What a channel would not take, as the answer to whoever wanted to send it."""
    return Invalid(str(error), code=error.code, details={error.field: [str(error)]})


async def outgoing_content(
    delivery: ClaimedDelivery, channel: ChannelRecord, uploads: Uploads | None, guest_links: GuestLinks | None = None
) -> OutgoingContent | SendResult:
    """What the channel is to send for a message of the outbox, its file handed over before; or why that could not be,
    before anything was sent. Without ``uploads`` nothing with a file leaves, without ``guest_links`` no link."""
    if delivery.media_id is None:
        return _content_or_refusal(delivery, guest_links=guest_links)
    if uploads is None:
        return SendResult(outcome=SendOutcome.RETRY, detail="No files are sent from here.")
    try:
        async with asyncio.timeout(UPLOAD_WITHIN):
            uploaded = await uploads.upload_id(delivery.media_id, channel)
    except TimeoutError:
        return SendResult(outcome=SendOutcome.RETRY, detail="The file could not be handed over in time.")
    if uploaded.upload_id is None:
        return _not_handed_over(uploaded)
    return _content_or_refusal(delivery, upload_id=uploaded.upload_id)


async def send_along(
    provider: Channel,
    message: Outgoing,
    media_id: int,
    channel: ChannelRecord,
    credentials: Credentials,
    uploads: Uploads,
) -> SendResult:
    """Send a message together with its file, which its provider has no name for yet, and note the one that it gives."""
    assert isinstance(message.content, MediaOut)
    async with uploads.local(media_id) as file:
        if isinstance(file, UploadResult):
            return _not_handed_over(file)
        content = msgspec.structs.replace(message.content, file=file)
        message = msgspec.structs.replace(message, content=content)
        result = await provider.send(message, account=channel.account, credentials=credentials)
    if result.upload_id is not None:
        await uploads.note_upload_id(media_id, channel, result.upload_id)
    return result


def _not_handed_over(uploaded: UploadResult) -> SendResult:
    return SendResult(
        outcome=uploaded.outcome, code=uploaded.code, detail=uploaded.detail, retry_after=uploaded.retry_after
    )


def _content_or_refusal(
    delivery: ClaimedDelivery, *, upload_id: str = "", guest_links: GuestLinks | None = None
) -> OutgoingContent | SendResult:
    try:
        return content_of(delivery, upload_id=upload_id, guest_links=guest_links)
    except NotSendable as error:
        return SendResult(outcome=SendOutcome.REFUSED, detail=str(error))


def content_of(
    delivery: ClaimedDelivery, *, upload_id: str = "", guest_links: GuestLinks | None = None
) -> OutgoingContent:
    """What a message says, in the channels' words. ``upload_id`` is the provider's name of its file.

    Raises NotSendable for a template whose file is not there, and for a guest's link where none can be made.
    """
    if delivery.type in FILES:
        return MediaOut(
            type=delivery.type,
            upload_id=upload_id,
            caption=delivery.content,
            filename=delivery.details.get("filename"),
        )
    if delivery.type is MessageType.LOCATION:
        return _location(delivery.details.get("location"))
    if delivery.type is MessageType.REACTION:
        return ReactionOut(target=delivery.reply_to or "", emoji=delivery.content)
    if delivery.type is MessageType.TEMPLATE:
        return template_out(delivery.details, upload_id)
    if options := delivery.details.get("options"):
        choices = tuple(Choice(id=option["id"], title=option["label"]) for option in options)
        return MenuOut(text=delivery.content, choices=choices, opens=delivery.details.get("opens") or "…")
    if (link := delivery.details.get(GUEST_LINK)) is not None:
        return TextOut(text=f"{delivery.content}\n{_address(link, delivery.address, guest_links)}")
    return TextOut(text=delivery.content)


def _address(link: Any, to: str, guest_links: GuestLinks | None) -> str:
    """A guest's personal link, for that guest's number alone: a conversation may have come to lead elsewhere since."""
    terms = msgspec.convert(link, LinkTerms)
    if guest_links is None or to not in variants(terms.number):
        raise NotSendable("This link is for another number.", code="not_to_their_number", field=GUEST_LINK)
    if guest_links.read(guest_links.token(terms)) is None:
        raise NotSendable("This link has run out.", code="link_over", field=GUEST_LINK)
    return guest_links.url(terms)


def _place(channel: Channel, place: Place) -> Piece:
    fields = {name: value for name, value in msgspec.structs.asdict(place).items() if value != ""}
    channel.check(_location(fields))
    words = ", ".join(filter(None, (place.name, place.address))) or f"{place.latitude}, {place.longitude}"
    return Piece(type=MessageType.LOCATION, content=words, extra={"location": fields})


def _location(fields: Any) -> LocationOut:
    return msgspec.convert(fields, LocationOut)


def _file(channel: Channel, file: FileRecord, caption: str) -> Piece:
    kind = file_type(file.mime_type or "")
    channel.check(MediaOut(type=kind, upload_id="", caption=caption, mime_type=file.mime_type, size=file.size))
    extra = {"filename": file.filename} if file.filename else {}
    return Piece(type=kind, content=caption, extra=extra, media_id=file.id)


def file_type(mime_type: str) -> MessageType:
    """As what a file is sent: pictures, films and sounds as themselves, everything else as a document."""
    if mime_type == "image/webp":
        return MessageType.STICKER
    kind = mime_type.partition("/")[0]
    known = {"image": MessageType.IMAGE, "video": MessageType.VIDEO, "audio": MessageType.AUDIO}
    return known.get(kind, MessageType.DOCUMENT)
