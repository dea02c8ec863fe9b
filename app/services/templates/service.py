"""Approved templates: listed from the provider, offered in a conversation, filled and sent.

A template may be sent whether the provider's window is open or not: that is what it is for. It opens none: only the
guest's answer does, and with it goes what was held back meanwhile.
"""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import msgspec
import structlog

from app.channels.base import BadValues, Credentials, FilledTemplate, SendOutcome, TemplateListing
from app.channels.registry import ChannelRegistry
from app.core.clock import Clock
from app.core.drafts import Draft
from app.core.errors import Conflict, Invalid, NotFound, Unavailable
from app.core.principal import Principal
from app.core.templates import HeaderFile, Offer, Offers, StoredTemplate, TemplateRequest, TemplateValues
from app.core.types import MessageType, Platform
from app.core.vault import SealBroken, Vault
from app.core.views import MessageView
from app.services import channels
from app.services.access import require_whole_hotel
from app.services.conversations import ConversationService
from app.services.sending.outgoing import Piece
from app.services.sending.service import SendingService, own_upload
from app.services.templates.content import details_of
from app.services.templates.wishes import check_wish
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.media import FileRecord
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

FRESH_FOR: Final = timedelta(hours=1)
TRY_AGAIN_AFTER: Final = timedelta(minutes=1)
NO_SUCH_TEMPLATE: Final = "no_such_template"
_PASSING: Final = {SendOutcome.RETRY, SendOutcome.THROTTLED, SendOutcome.PAIR_RATE, SendOutcome.AMBIGUOUS}


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A template that may be sent in its conversation, filled, with the file of its header."""

    template: StoredTemplate
    filled: FilledTemplate
    file: FileRecord | None


class TemplateService:
    def __init__(
        self,
        *,
        database: Database,
        channels: ChannelRegistry,
        vault: Vault,
        conversations: ConversationService,
        sending: SendingService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._channels = channels
        self._vault = vault
        self._conversations = conversations
        self._sending = sending
        self._clock = clock
        self._refreshing: dict[int, asyncio.Lock] = {}
        self._failed_at: dict[int, datetime] = {}

    async def refresh(self, principal: Principal, channel_id: int) -> int:
        """Fetch a channel's templates from its provider; answers how many there are.

        For staff who see the whole hotel. Raises NotFound, Conflict ``no_business_account`` or ``provider_refused``,
        and Unavailable ``provider_unavailable``.
        """
        require_whole_hotel(principal)
        async with self._database.read() as work:
            found = await work.channels.by_ids([channel_id])
        if not found or found[0].hotel_id != principal.hotel_id:
            raise NotFound("There is no such channel.")
        if not found[0].business_account:
            raise _no_business_account(found[0].platform)
        listing = await self._fetch(found[0], forgive=True)
        if listing.outcome is SendOutcome.ACCEPTED:
            return len(listing.templates)
        detail = listing.detail or "The provider gave no reason."
        if listing.outcome in _PASSING:
            raise Unavailable(f"The templates could not be fetched just now. {detail}", code="provider_unavailable")
        raise Conflict(f"The provider does not list the templates. {detail}", code="provider_refused")

    async def offered(self, principal: Principal, conversation_id: int, *, language: str | None = None) -> Offers:
        """The templates that may be sent in a conversation now: the guest's language first, then the newest.

        ``language`` narrows it: ``pt`` finds pt_PT as well. Raises NotFound or Forbidden.
        """
        await self._conversations.get(principal, conversation_id)
        await self._freshen(conversation_id)
        async with self._database.read() as work:
            channel_id, own = await work.templates.place_of(conversation_id)
            stored = await work.templates.of_channel(channel_id)
            listed_at = await work.templates.listed_at(channel_id)
            view = await work.channels.view(channel_id)
        assert view is not None, "a conversation stands on a channel"
        provider = self._channels.get(view.platform)
        wanted = [each for each in stored if each.may_be_sent and (not language or speaks(each.language, language))]
        wanted.sort(key=lambda each: (not speaks(each.language, own), not speaks(each.language, own[:2])))
        return Offers(
            listed_at=listed_at or max((each.listed_at for each in stored), default=None),
            offers=[Offer(template=each, shape=provider.describe(each.components)) for each in wanted],
        )

    async def send(
        self,
        principal: Principal,
        conversation_id: int,
        request: TemplateRequest,
        *,
        client_message_id: UUID | None = None,
    ) -> MessageView:
        """Send a template to the guest. Takes the conversation over from the flow, and reopens a closed one.

        A ``client_message_id`` that this user has sent before answers with what it brought about then. Raises Invalid,
        NotFound, Forbidden, and Conflict as ``prepare`` and ``SendingService.send`` do.
        """
        compose, terms = partial(self._compose, principal, request), Draft(client_message_id=client_message_id)
        try:
            return (await self._sending.post(principal, conversation_id, compose, terms)).message
        except NotFound as error:
            if error.code != NO_SUCH_TEMPLATE or not await self._freshen(conversation_id):
                raise
        return (await self._sending.post(principal, conversation_id, compose, terms)).message

    async def prepare(
        self, work: UnitOfWork, principal: Principal, conversation: ConversationState, request: TemplateRequest
    ) -> Prepared:
        """The template that is asked for, filled. The conversation is locked.

        Raises Invalid with each variable that is missing, surplus or bad, NotFound ``no_such_template``, Conflict
        ``template_not_sendable``, and Conflict ``opted_out``: a guest who asked to be left alone gets no marketing,
        and of others only what answers them.
        """
        template = await self._find(work, conversation.channel_id, request)
        if not template.may_be_sent:
            reason = template.disabled_reason or f"Its status with the provider is {template.status}."
            raise Conflict(
                f"This template cannot be sent now. {reason}",
                code="template_not_sendable",
                details={"status": template.status},
            )
        await check_wish(work, conversation, template.category, self._clock())
        file = await self._file(work, principal, request.media_id)
        header_file = HeaderFile(id=file.id, mime_type=file.mime_type, filename=file.filename) if file else None
        values = TemplateValues(
            header=request.header, file=header_file, place=request.place, body=request.body, buttons=request.buttons
        )
        provider = self._channels.get(conversation.platform)
        try:
            return Prepared(template=template, filled=provider.fill(template, values), file=file)
        except BadValues as error:
            raise Invalid(
                "The template cannot be filled with these values.", code="bad_template_values", details=error.faults
            ) from None

    async def _compose(
        self, principal: Principal, request: TemplateRequest, work: UnitOfWork, conversation: ConversationState
    ) -> list[Piece]:
        prepared = await self.prepare(work, principal, conversation, request)
        return [
            Piece(
                type=MessageType.TEMPLATE,
                content=prepared.filled.text,
                extra=details_of(prepared.template, prepared.filled),
                media_id=prepared.file.id if prepared.file else None,
            )
        ]

    async def _find(self, work: UnitOfWork, channel_id: int, request: TemplateRequest) -> StoredTemplate:
        found = None
        if request.id is not None:
            found = await work.templates.get(channel_id, request.id)
        elif request.name is not None and request.language is not None:
            found = await work.templates.find(channel_id, request.name, request.language)
        else:
            faults = {"name": ["Name the template: by id, or by name and language."]}
            raise Invalid("The request names no template.", code="bad_fields", details=faults)
        if found is None:
            raise NotFound("This conversation's channel has no such template.", code=NO_SUCH_TEMPLATE)
        return found

    async def _file(self, work: UnitOfWork, principal: Principal, media_id: int | None) -> FileRecord | None:
        file = await own_upload(work, principal, media_id, self._clock())
        if file is None and media_id is not None:
            raise Invalid(
                "There is no such file to send.",
                code="no_such_file",
                details={"header.media_id": ["No uploaded file that can be sent."]},
            )
        return file

    async def _freshen(self, conversation_id: int) -> bool:
        """Fetch the list of a conversation's channel where it is old; whether that was done.

        What is stored stands where it fails, and is tried later.
        """
        async with self._database.read() as work:
            channel_id, _ = await work.templates.place_of(conversation_id)
            found = await work.channels.by_ids([channel_id])
        if not found or not found[0].business_account:
            return False
        async with self._refreshing.setdefault(channel_id, asyncio.Lock()):
            async with self._database.read() as work:
                listed_at = await work.templates.listed_at(channel_id)
            now = self._clock()
            failed_at = self._failed_at.get(channel_id)
            if listed_at is not None and now - listed_at < FRESH_FOR:
                return False
            if failed_at is not None and now - failed_at < TRY_AGAIN_AFTER:
                return False
            listing = await self._fetch(found[0], forgive=False)
            if listing.outcome is SendOutcome.ACCEPTED:
                return True
            self._failed_at[channel_id] = now
        log.warning("templates_not_listed", channel_id=channel_id, code=listing.code, reason=listing.detail)
        return False

    async def _fetch(self, channel: ChannelRecord, *, forgive: bool) -> TemplateListing:
        """Ask the provider, and store what it lists. A token that it knows no more pauses the channel."""
        listing = await self._list(channel)
        if listing.outcome is SendOutcome.ACCEPTED:
            await self._database.run(self._store, channel, listing, forgive)
        elif listing.outcome is SendOutcome.PAUSE:
            await self._database.run(
                channels.pause, channel.id, listing.detail, code=listing.code, refused=channel.credentials
            )
        return listing

    async def _list(self, channel: ChannelRecord) -> TemplateListing:
        try:
            credentials = self._vault.open(channel.credentials, Credentials)
        except SealBroken as error:
            return TemplateListing(outcome=SendOutcome.PAUSE, detail=str(error))
        return await self._channels.get(channel.platform).list_templates(
            business_account=channel.business_account or "", credentials=credentials
        )

    async def _store(self, work: UnitOfWork, channel: ChannelRecord, listing: TemplateListing, forgive: bool) -> None:
        await work.templates.replace(channel.hotel_id, channel.id, listing.templates, at=self._clock(), forgive=forgive)


def speaks(language: str, wanted: str) -> bool:
    """Whether a template's language is that which is asked for: ``pt_PT`` is ``pt``, but ``pt`` is not ``pt_BR``."""
    ours, theirs = (each.replace("-", "_").casefold() for each in (language, wanted))
    return ours == theirs or (bool(theirs) and ours.startswith(f"{theirs}_"))


def _no_business_account(platform: Platform) -> Conflict:
    if platform.window is None:
        sentence = "Channels of this kind have no templates, and need none: a text may be sent there at any time."
    else:
        sentence = (
            "This channel has no business account, whose templates could be listed: give its business_account_id in "
            "the hotel's file."
        )
    return Conflict(sentence, code="no_business_account")
