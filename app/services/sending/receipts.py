"""What a guest sees of our reading and typing: blue ticks, and "typing…".

Outside the outbox and best effort: it is told in the background, once, and nobody waits for it. Credentials that the
provider refuses pause the channel as a refused send does.
"""

import asyncio
from datetime import datetime, timedelta

import msgspec
import structlog

from app.channels.base import Credentials, SendOutcome, SendResult
from app.channels.registry import ChannelRegistry, UnknownPlatform
from app.core.clock import Clock
from app.core.errors import LobbyError
from app.core.principal import Principal
from app.core.vault import SealBroken, Vault
from app.services import channels
from app.services.access import check_access
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

TYPING_EVERY = timedelta(seconds=20)  # a guest is shown it for 25
TELL_WITHIN = 10.0  # seconds
AT_ONCE = 100


class ReadBack(msgspec.Struct, frozen=True, kw_only=True):
    """A guest's message, by the provider's id, that the guest is to see as read."""

    channel_id: int
    external_id: str
    typing: bool = False


class ReceiptService:
    def __init__(self, *, database: Database, channels: ChannelRegistry, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._channels = channels
        self._vault = vault
        self._clock = clock
        self._telling: set[asyncio.Task[None]] = set()
        self._is_muted = False

    async def read(self, principal: Principal, conversation_id: int) -> None:
        """The caller has read what stands there; the guest sees so. Raises NotFound or Forbidden."""
        self.tell(await self._database.run(self._read, principal, conversation_id))

    async def typing(self, principal: Principal, conversation_id: int, is_typing: bool) -> None:
        """The caller writes an answer, and so has read; the guest sees both, for 25 seconds or until the answer comes.

        One request to the provider in 20 seconds at most, and none where nobody is typing any more: it ends by itself.
        Raises NotFound or Forbidden.
        """
        self.tell(await self._database.run(self._type, principal, conversation_id, is_typing))

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

    async def _read(self, work: UnitOfWork, principal: Principal, conversation_id: int) -> ReadBack | None:
        conversation = await self._visit(work, principal, conversation_id)
        return await read_newest(work, conversation, self._clock())

    async def _type(
        self, work: UnitOfWork, principal: Principal, conversation_id: int, is_typing: bool
    ) -> ReadBack | None:
        conversation = await self._visit(work, principal, conversation_id)
        now = self._clock()
        if not is_typing or not await work.conversations.claim_typing(conversation.id, now, every=TYPING_EVERY):
            return None
        await read_newest(work, conversation, now)
        newest = await work.messages.newest_of_guest(conversation.id)
        return _about(conversation, newest, typing=True)

    async def _visit(self, work: UnitOfWork, principal: Principal, conversation_id: int) -> ConversationState:
        """The conversation, read by the caller up to here."""
        conversation = await work.conversations.lock(conversation_id)
        check_access(principal, conversation.ref() if conversation else None)
        assert conversation is not None, "checked"
        await work.conversations.note_reader(conversation.id, principal.user_id, self._clock())
        return conversation

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
        async with asyncio.timeout(TELL_WITHIN):
            result = await self._channels.get(channel.platform).mark_read(
                read.external_id,
                typing=read.typing,
                account=channel.account,
                credentials=self._vault.open(channel.credentials, Credentials),
            )
        log.info("read_back", channel_id=channel.id, typing=read.typing, outcome=result.outcome, code=result.code)
        return result


async def read_newest(work: UnitOfWork, conversation: ConversationState, at: datetime) -> ReadBack | None:
    """Note the guest's newest message as read; what is to be told of that, None where nothing is."""
    return _about(conversation, await work.messages.read_newest(conversation.id, at))


def _about(conversation: ConversationState, external_id: str | None, *, typing: bool = False) -> ReadBack | None:
    if external_id is None:
        return None
    return ReadBack(channel_id=conversation.channel_id, external_id=external_id, typing=typing)
