"""The templates that a channel's provider has approved, or has yet to, as they were last listed."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    all_,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.templates import ProviderTemplate as Listed
from app.core.templates import StoredTemplate
from app.core.types import Platform
from app.models import Account, Channel, Conversation, Guest, Hotel, ProviderTemplate

AT_ONCE = 1000  # a statement has 32,767 parameters at most

_LISTED = ("provider_id", "category", "status", "parameter_format", "components")
_STORED = tuple(getattr(ProviderTemplate, name) for name in StoredTemplate.__struct_fields__)


class TemplateStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_channel(self, channel_id: int) -> list[StoredTemplate]:
        """All that is known of a channel's templates, those that came last first."""
        return await self._select(ProviderTemplate.channel_id == channel_id)

    async def get(self, channel_id: int, template_id: int) -> StoredTemplate | None:
        found = await self._select(ProviderTemplate.channel_id == channel_id, ProviderTemplate.id == template_id)
        return found[0] if found else None

    async def find(self, channel_id: int, name: str, language: str) -> StoredTemplate | None:
        found = await self._select(_is(channel_id, name, language))
        return found[0] if found else None

    async def listed_at(self, channel_id: int) -> datetime | None:
        """When the channel's list was fetched; None where it never was, or is known to be out of date."""
        found: datetime | None = await self._connection.scalar(
            select(Channel.templates_listed_at).where(Channel.id == channel_id)
        )
        return found

    async def replace(
        self, hotel_id: int, channel_id: int, listed: Sequence[Listed], *, at: datetime, forgive: bool
    ) -> None:
        """Make the channel's templates those that are listed: others go.

        One that a send has shown to be unusable stays so until its provider lists it otherwise than before, or where
        ``forgive`` says to try it again.
        """
        rows = [
            {
                "hotel_id": hotel_id,
                "channel_id": channel_id,
                "name": each.name,
                "language": each.language,
                "listed_at": at,
                **{name: getattr(each, name) for name in _LISTED},
            }
            for each in sorted(listed, key=lambda each: (each.name, each.language))
        ]
        kept: list[int] = []
        for part in (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)):
            kept += await self._connection.scalars(_saving(part, forgive=forgive).returning(ProviderTemplate.id))
        await self._connection.execute(
            delete(ProviderTemplate).where(
                ProviderTemplate.channel_id == channel_id,
                ProviderTemplate.id != all_(literal(kept, ARRAY(BigInteger))),
            )
        )
        await self._connection.execute(update(Channel).where(Channel.id == channel_id).values(templates_listed_at=at))

    async def disable(self, channel_id: int, name: str, language: str, reason: str) -> bool:
        """Offer a template no more: its provider has refused it. False where it was known, or there is no such one."""
        done = await self._connection.execute(
            update(ProviderTemplate)
            .where(_is(channel_id, name, language), ProviderTemplate.disabled_reason.is_(None))
            .values(disabled_reason=reason[:500])
        )
        return done.rowcount == 1

    async def set_status(self, channel_ids: Collection[int], name: str, language: str, status: str) -> None:
        """The provider has decided anew about one of these channels' templates."""
        await self._connection.execute(
            update(ProviderTemplate)
            .where(
                ProviderTemplate.channel_id.in_(list(channel_ids)),
                ProviderTemplate.name == name,
                ProviderTemplate.language == language,
            )
            .values(status=status[:32], disabled_reason=None)
        )

    async def mark_stale(self, channel_ids: Collection[int]) -> None:
        """The lists of these channels are out of date: to be fetched anew when somebody asks for them."""
        await self._connection.execute(
            update(Channel).where(Channel.id.in_(list(channel_ids))).values(templates_listed_at=None)
        )

    async def channels_of(self, platform: Platform, account: str) -> list[int]:
        """The channels of a business account, or the one that is itself named."""
        rows = await self._connection.scalars(
            select(Channel.id)
            .where(Channel.platform == platform, or_(Channel.business_account == account, Channel.account == account))
            .order_by(Channel.id)
        )
        return list(rows)

    async def place_of(self, conversation_id: int) -> tuple[int, str]:
        """A conversation's channel, and the language of its guest, or else of its hotel."""
        rows = await self._connection.execute(
            select(Conversation.channel_id, func.coalesce(Guest.language, Hotel.language))
            .join(Guest, Guest.id == Conversation.guest_id)
            .join(Hotel, Hotel.id == Conversation.hotel_id)
            .where(Conversation.id == conversation_id)
        )
        channel_id, language = rows.one()
        return channel_id, language

    async def opted_out(self, account_id: int) -> bool:
        """Whether a guest has asked, on this account, to be left alone."""
        found = await self._connection.scalar(select(Account.opted_out_at).where(Account.id == account_id))
        return found is not None

    async def _select(self, *where: ColumnElement[bool]) -> list[StoredTemplate]:
        rows = await self._connection.execute(select(*_STORED).where(*where).order_by(ProviderTemplate.id.desc()))
        return [StoredTemplate(**row) for row in rows.mappings()]


def _is(channel_id: int, name: str, language: str) -> ColumnElement[bool]:
    return and_(
        ProviderTemplate.channel_id == channel_id,
        ProviderTemplate.name == name,
        ProviderTemplate.language == language,
    )


def _saving(rows: list[dict[str, object]], *, forgive: bool) -> Insert:
    statement = upsert(ProviderTemplate).values(rows)
    new = statement.excluded
    same = and_(*(getattr(ProviderTemplate, name).is_not_distinct_from(new[name]) for name in _LISTED))
    reason = None if forgive else case((same, ProviderTemplate.disabled_reason))
    return statement.on_conflict_do_update(
        index_elements=[ProviderTemplate.channel_id, ProviderTemplate.name, ProviderTemplate.language],
        set_={"listed_at": new.listed_at, "disabled_reason": reason, **{name: new[name] for name in _LISTED}},
    )
