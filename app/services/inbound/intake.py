"""Whether a provider's body is to be believed, and whose items it holds.

Outside production an unsigned body is taken, and read leniently, so that the documents' own examples work as they
stand; a wrongly signed one is refused everywhere.
"""

import asyncio
import hmac
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import msgspec
import structlog

from app.channels.base import Channel, Credentials, Malformed
from app.channels.items import Item, Notice
from app.channels.registry import ChannelRegistry
from app.core.clock import Clock
from app.core.errors import Forbidden
from app.core.settings import Settings, SettingsError
from app.core.types import Platform
from app.core.vault import SealBroken, Vault
from app.store.channels import ChannelRecord
from app.store.inbound import DueItem
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

LARGE = 128 * 1024  # bytes, which take some 20 ms to read

Routes = dict[str, ChannelRecord]
"""The channels that may take a body's items, by the provider's id."""


class RawUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it arrived. Header names are lower case. ``account`` is the provider's id of the channel whose own
    address was called; None where a platform has one address, and bodies name their channels."""

    platform: Platform
    body: bytes
    headers: Mapping[str, str]
    account: str | None = None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a body that a channel of ours may take."""

    position: int
    item: Item
    channel: ChannelRecord

    @property
    def external_id(self) -> str | None:
        """The provider's id of the item, by which it is found again; None where it has none."""
        return getattr(self.item, "external_id", None)


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A body of this provider that is believed. ``malformed`` says why nothing in it could be read, ``strangers`` are
    the accounts in it that are nobody's here, ``doubted`` those whose own secret did not sign it. Its notices are to be
    believed of the channels in ``trusted``, of all where that is None."""

    platform: Platform
    provider: Channel
    raw: bytes
    signed: bool
    received_at: datetime
    items: list[Item] = []
    routes: Routes = {}
    strangers: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()
    trusted: frozenset[int] | None = None
    malformed: str | None = None

    def placed(self) -> Iterator[Placed]:
        """What is ours, in order. Notices are for the log."""
        for position, item in enumerate(self.items):
            channel = self.routes.get(item.account)
            if channel is not None and not isinstance(item, Notice):
                yield Placed(position=position, item=item, channel=channel)

    def notices(self) -> Iterator[Notice]:
        return (item for item in self.items if isinstance(item, Notice))


class Intake:
    def __init__(self, *, channels: ChannelRegistry, vault: Vault, settings: Settings, clock: Clock) -> None:
        self._channels = channels
        self._vault = vault
        self._settings = settings
        self._clock = clock

    async def check_secrets(self, work: UnitOfWork) -> None:
        """Raises SettingsError where an active channel whose provider calls us has no secret to verify with."""
        for channel in self._channels:
            if not channel.has_provider:
                continue
            for record in await work.channels.of_platform(channel.platform):
                if not self._open(record).app_secret:
                    raise SettingsError(
                        f"The {record.platform} channel {record.account} of {record.hotel_name} has no app_secret "
                        "(Telegram: secret) that can be read: none of its guests' messages could be believed. Import "
                        "it with one, or make it inactive."
                    )

    async def believe(self, work: UnitOfWork, update: RawUpdate) -> Body:
        """Verify and read a body. Raises Forbidden where it is wrongly signed, or not signed in production; one to a
        channel's own address has to be signed anywhere."""
        channel = self._channels.get(update.platform)
        signed = channel.is_signed(update.headers)
        if not signed and (self._settings.is_production or update.account is not None):
            raise Forbidden("The request carries no signature.", code="bad_signature")
        trust = await self._trust(work, channel, update) if signed else None
        received_at = self._clock()
        malformed: str | None = None
        items: list[Item] = []
        try:
            items = await _parse(channel, update.body, received_at, lenient=not signed)
        except Malformed as error:
            malformed = str(error)
        routes = await self._named(work, update.platform, items, trust.named if trust else {})
        if update.account is not None and trust is not None:
            routes = {"": trust.named[update.account]} if update.account in trust.named else {}
        elif trust is None:
            await self._route_samples(work, update.platform, items, routes)
        told_of = {item.account for item in items if not isinstance(item, Notice)}
        doubted = {account for account, each in routes.items() if trust is not None and not trust.covers(each)}
        return Body(
            platform=update.platform,
            provider=channel,
            raw=update.body,
            signed=signed,
            received_at=received_at,
            items=items,
            routes={account: each for account, each in routes.items() if account not in doubted},
            strangers=frozenset(told_of - set(routes)),
            doubted=frozenset(told_of & doubted),
            trusted=await self._trusted(work, update.platform, items, trust),
            malformed=malformed,
        )

    async def read_again(self, work: UnitOfWork, due: DueItem) -> Body:
        """A stored body, for another try at one of its items: it was believed when it came."""
        channel = self._channels.get(due.platform)
        items = await _parse(channel, due.body, due.received_at, lenient=not due.signed)
        routes = await self._named(work, due.platform, items, {})
        if due.channel_id is not None and any(not item.account for item in items):
            routes.update(zip([""], await work.channels.by_ids([due.channel_id]), strict=False))
        if not due.signed:
            await self._route_samples(work, due.platform, items, routes)
        return Body(
            platform=due.platform,
            provider=channel,
            raw=due.body,
            signed=due.signed,
            received_at=due.received_at,
            items=items,
            routes=routes,
        )

    async def knows_token(self, work: UnitOfWork, platform: Platform, verify_token: str) -> bool:
        """Whether this is the verify token of one of our channels. Compared in constant time, against all."""
        given = verify_token.encode(errors="surrogatepass")
        known = [self._open(each).verify_token.encode() for each in await work.channels.of_platform(platform)]
        matches = [bool(token) and hmac.compare_digest(given, token) for token in known]
        return any(matches)

    async def _named(self, work: UnitOfWork, platform: Platform, items: list[Item], known: Routes) -> Routes:
        """The channels of the accounts that items name; those that are ``known`` are not asked for again."""
        named = {item.account for item in items}
        routes = {account: each for account, each in known.items() if account in named}
        if missing := named - set(known) - {""}:
            routes |= {each.account: each for each in await work.channels.by_accounts(platform, missing)}
        return routes

    async def _trust(self, work: UnitOfWork, channel: Channel, update: RawUpdate) -> "_Trust":
        """What the signature proves, before a byte of the body is parsed. Raises Forbidden where it is nobody's."""
        named = channel.accounts_in(update.body) if update.account is None else {update.account}
        found = await work.channels.by_accounts(update.platform, named)
        trust = _Trust(channel, update, self._open, {each.account: each for each in found})
        if any(trust.covers(each) for each in found):
            return trust
        # Nobody whom we know is named: a number that is not set up here, or no number at all.
        is_open = not found and update.account is None
        others = await work.channels.of_platform(update.platform) if is_open else []
        if not any(trust.covers(each) for each in others):
            raise Forbidden("The signature does not match.", code="bad_signature")
        return trust

    async def _trusted(
        self, work: UnitOfWork, platform: Platform, items: list[Item], trust: "_Trust | None"
    ) -> frozenset[int] | None:
        """Whose notices these may be: they name the account above the numbers, and many channels may be of one."""
        if trust is None or not any(isinstance(item, Notice) for item in items):
            return None
        return frozenset(each.id for each in await work.channels.of_platform(platform) if trust.covers(each))

    async def _route_samples(self, work: UnitOfWork, platform: Platform, items: list[Item], routes: Routes) -> None:
        """The documents' samples name an account that is no number: that is the platform's first channel."""
        strange = {item.account for item in items if not item.account.isdecimal()} - set(routes)
        if strange and (known := await work.channels.of_platform(platform)):
            routes.update(dict.fromkeys(strange, known[0]))

    def _open(self, record: ChannelRecord) -> Credentials:
        """The channel's credentials; none, which verify nothing, where they cannot be read."""
        try:
            return self._vault.open(record.credentials, Credentials)
        except SealBroken:
            log.error("channel_credentials_unreadable", channel_id=record.id)
            return Credentials()


async def _parse(channel: Channel, body: bytes, received_at: datetime, *, lenient: bool) -> list[Item]:
    """The items of a body; of a large one beside everything else that goes on."""
    if len(body) < LARGE:
        return channel.parse(body, received_at=received_at, lenient=lenient)
    return await asyncio.to_thread(channel.parse, body, received_at=received_at, lenient=lenient)


class _Trust:
    """Whose secret verifies one body: each secret is tried once, however many channels share it. ``named`` are our
    channels that the body seems to name."""

    def __init__(
        self,
        channel: Channel,
        update: RawUpdate,
        read: Callable[[ChannelRecord], Credentials],
        named: Routes,
    ) -> None:
        self.named = named
        self._channel = channel
        self._update = update
        self._read = read
        self._tried: dict[str, bool] = {}

    def covers(self, record: ChannelRecord) -> bool:
        credentials = self._read(record)
        if credentials.app_secret not in self._tried:
            self._tried[credentials.app_secret] = self._channel.verify(
                self._update.body, self._update.headers, credentials
            )
        return self._tried[credentials.app_secret]
