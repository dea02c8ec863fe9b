"""Who of the hotel has read what, who is typing, and what a guest sees of both: blue ticks, and "typing…".

What was read is kept and told to staff as an event. The guest's side is outside the outbox and best effort: it is told
in the background, once, and nobody waits for it. Credentials that the provider refuses pause the channel as a refused
send does.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from app.channels.base import Credentials, SendOutcome, SendResult
from app.channels.registry import ChannelRegistry, UnknownPlatform
from app.core.clock import Clock
from app.core.errors import Invalid, LobbyError
from app.core.events import MessagesRead
from app.core.principal import Principal
from app.core.signals import Signal, Typing
from app.core.vault import SealBroken, Vault
from app.core.views import ConversationRef
from app.services import channels
from app.services.locking import lock_visible
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

TYPING_EVERY = timedelta(seconds=20)  # a guest is shown it for 25
TELL_WITHIN = 10.0  # seconds
AT_ONCE = 100


class ReadBack(msgspec.Struct, frozen=True, kw_only=True):
    """A guest's message, by the provider's id, that the guest, at this address, is to see as read; or that was
    ``taken``, which the provider waits to hear."""

    channel_id: int
    external_id: str
    address: str
    typing: bool = False
    taken: bool = False


class Signals(Protocol):
    """Who tells what passes to whoever is there to hear it: the hub."""

    def signal(self, hotel_id: int, signal: Signal) -> None: ...


class ReceiptService:
    def __init__(
        self, *, database: Database, channels: ChannelRegistry, vault: Vault, signals: Signals, clock: Clock
    ) -> None:
        self._database = database
        self._channels = channels
        self._vault = vault
        self._signals = signals
        self._clock = clock
        self._telling: set[asyncio.Task[None]] = set()
        self._is_muted = False

    async def read(self, principal: Principal, conversation_id: int, message_ids: Collection[int] | None = None) -> int:
        """The caller has read the guest's messages, all or these; the guest sees so. How many nobody had read before.

        Raises NotFound, Forbidden, and Invalid ``no_such_message`` where one of these is no message of the guest in
        this conversation.
        """
        newly, read = await self._database.run(self._read, principal, conversation_id, message_ids)
        self.tell(read)
        return newly

    async def typing(self, principal: Principal, conversation_id: int, is_typing: bool) -> None:
        """The caller writes an answer, and so has read; the guest sees both, for 25 seconds or until the answer comes.
        Staff who listen are told each time.

        The provider is told of typing once in 20 seconds at most, and never of its end, which comes by itself; of what
        was read between, as for ``read``. Who stops has read nothing by that.
        Raises NotFound or Forbidden.
        """
        about, read = await self._database.run(self._type, principal, conversation_id, is_typing)
        signal = Typing(conversation=about, user_id=principal.user_id, user_name=principal.name, is_typing=is_typing)
        self._signals.signal(about.hotel_id, signal)
        self.tell(read)

    def tell(self, read: ReadBack | None) -> None:
        """Tell the provider, in the background. Where very many are being told, this one is not."""
        if read is None or self._is_muted or len(self._telling) >= AT_ONCE:
            return
        task = asyncio.create_task(self._tell(read), name="read-back")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def mute(self) -> None:
        """Tell the provider nothing from now on: for who plays what was read long ago."""
        self._is_muted = True

    async def stop(self, patience: float = 2.0) -> None:
        """Let what is being told come to its end, or give it up."""
        telling = set(self._telling)
        if telling:
            await asyncio.wait(telling, timeout=patience)
        for task in telling:
            task.cancel()
        await asyncio.gather(*telling, return_exceptions=True)

    async def _read(
        self, work: UnitOfWork, principal: Principal, conversation_id: int, message_ids: Collection[int] | None
    ) -> tuple[int, ReadBack | None]:
        conversation, _ = await lock_visible(work, principal, conversation_id)
        return await read_messages(work, conversation, principal, self._clock(), message_ids)

    async def _type(
        self, work: UnitOfWork, principal: Principal, conversation_id: int, is_typing: bool
    ) -> tuple[ConversationRef, ReadBack | None]:
        conversation, _ = await lock_visible(work, principal, conversation_id)
        if not is_typing:
            return conversation.ref(), None
        now = self._clock()
        _, read = await read_messages(work, conversation, principal, now)
        if not await work.conversations.claim_typing(conversation.id, now, every=TYPING_EVERY):
            return conversation.ref(), read
        newest = await work.messages.newest_of_guest(conversation.id)
        return conversation.ref(), _about(conversation, newest, typing=True)

    async def _tell(self, read: ReadBack) -> None:
        try:
            if (channel := await self._channel(read)) is None:
                return
            result = await self._hand_over(read, channel)
            if result.outcome is SendOutcome.PAUSE:
                refused = channel.credentials
                await self._database.run(channels.pause, channel.id, result.detail, code=result.code, refused=refused)
        except (LobbyError, SealBroken, UnknownPlatform, TimeoutError) as error:
            log.info("read_back_failed", channel_id=read.channel_id, error=repr(error))

    async def _channel(self, read: ReadBack) -> ChannelRecord | None:
        """None where it is not in use, or paused."""
        async with self._database.read() as work:
            found = await work.channels.by_ids([read.channel_id])
            view = await work.channels.view(read.channel_id)
        return found[0] if found and view is not None and view.paused_at is None else None

    async def _hand_over(self, read: ReadBack, channel: ChannelRecord) -> SendResult:
        provider, account = self._channels.get(channel.platform), channel.account
        credentials = self._vault.open(channel.credentials, Credentials)
        async with asyncio.timeout(TELL_WITHIN):
            if read.taken:
                result = await provider.acknowledge(read.external_id, account=account, credentials=credentials)
            else:
                result = await provider.mark_read(
                    read.external_id, to=read.address, typing=read.typing, account=account, credentials=credentials
                )
        log.info("read_back", channel_id=channel.id, typing=read.typing, outcome=result.outcome, code=result.code)
        return result


async def read_messages(
    work: UnitOfWork,
    conversation: ConversationState,
    principal: Principal,
    at: datetime,
    message_ids: Collection[int] | None = None,
) -> tuple[int, ReadBack | None]:
    """Note that staff have read a guest's messages, all or these, and tell of what nobody had read before: how many,
    and what the provider is to be told of that, None where nothing is.

    Raises Invalid where one of these is no message of the guest here.
    """
    wanted = None if message_ids is None else set(message_ids)
    if wanted is not None and await work.reading.guests_messages(conversation.id, wanted) != wanted:
        raise Invalid(
            "Only messages of the guest in this conversation can be marked as read.",
            code="no_such_message",
            details={"message_ids": ["Not all are messages of the guest in this conversation."]},
        )
    up_to_id = max(wanted, default=0) if wanted is not None else None
    newly = await work.reading.mark_read(conversation.id, at, wanted)
    await work.reading.note_reader(conversation.id, principal.user_id, at, up_to_id=up_to_id)
    if newly.ids:
        work.emit(
            conversation.hotel_id,
            MessagesRead(
                conversation=conversation.ref(),
                user_id=principal.user_id,
                user_name=principal.name,
                up_to_id=newly.ids[-1],
                message_ids=() if wanted is None else newly.ids,
                read_at=at,
            ),
        )
    return len(newly.ids), _about(conversation, newly.external_id)


def _about(conversation: ConversationState, external_id: str | None, *, typing: bool = False) -> ReadBack | None:
    if external_id is None:
        return None
    return ReadBack(
        channel_id=conversation.channel_id, external_id=external_id, address=conversation.address, typing=typing
    )
