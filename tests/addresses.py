"""More channels of a hotel, and the addresses from which its guests write there."""

from sqlalchemy import func, insert, select

from app.core.types import Platform
from app.models import Account, Channel, Guest
from tests.ledger import Ledger
from tests.world import HotelWorld


async def channel(
    ledger: Ledger, hotel: HotelWorld, platform: Platform, account: str, *, is_active: bool = True
) -> int:
    async with ledger.database.transaction() as work:
        made: int | None = await work.connection.scalar(
            insert(Channel)
            .values(hotel_id=hotel.id, platform=platform, account=account, name=account, is_active=is_active)
            .returning(Channel.id)
        )
    assert made is not None
    return made


async def account(ledger: Ledger, hotel: HotelWorld, channel_id: int, address: str, **more: object) -> int:
    """The first guest's, unless told otherwise."""
    guest_id = select(func.min(Guest.id)).scalar_subquery()
    async with ledger.database.transaction() as work:
        made: int | None = await work.connection.scalar(
            insert(Account)
            .values(guest_id=guest_id, hotel_id=hotel.id, channel_id=channel_id, address=address, **more)
            .returning(Account.id)
        )
    assert made is not None
    return made
