"""The documents of a stay, which guests send at check-in: for reception and managers, and every look is logged.

They have no signed address. Where the log cannot be written, nothing is shown.
"""

from datetime import date, timedelta

import msgspec

from app.core.clock import Clock
from app.core.errors import Forbidden, NotFound
from app.core.files import DocumentView
from app.core.links import Variant
from app.core.principal import Principal
from app.core.types import StayStatus
from app.services.access import may_see_documents
from app.services.files.service import MediaService, Shown, shown
from app.store.database import Database
from app.store.media import StayDates
from app.store.unit_of_work import UnitOfWork

SEEN = "document.seen"


class DocumentService:
    def __init__(self, *, database: Database, media: MediaService, days: int, clock: Clock) -> None:
        self._database = database
        self._media = media
        self._kept_for = timedelta(days=days)
        self._clock = clock

    async def list(self, principal: Principal, stay_id: int) -> list[DocumentView]:
        """What there is, without a look at it. Raises Forbidden, NotFound."""
        async with self._database.read() as work:
            stay = await _stay(work, principal, stay_id)
            found = await work.media.of_stay(stay.id)
        last_day = self._delete_after(stay)
        return [DocumentView(**msgspec.structs.asdict(each), delete_after=last_day) for each in found]

    async def look(self, principal: Principal, stay_id: int, media_id: int, variant: Variant) -> Shown:
        """One document, to be read with ``MediaService.read``; the look is on record when this returns.

        Raises Forbidden, NotFound, Gone, and Unavailable where the log cannot be written.
        """
        return await self._database.run(self._look, principal, stay_id, media_id, variant)

    async def _look(
        self, work: UnitOfWork, principal: Principal, stay_id: int, media_id: int, variant: Variant
    ) -> Shown:
        stay = await _stay(work, principal, stay_id)
        file = await work.media.get(media_id)
        if file is None or file.stay_id != stay.id:
            raise NotFound("There is no such document.")
        found = shown(file, variant)
        await work.audit.add(
            hotel_id=stay.hotel_id,
            user_id=principal.user_id,
            action=SEEN,
            target=f"media:{media_id}",
            details={"media_id": media_id, "stay_id": stay.id, "variant": variant.value},
            at=self._clock(),
        )
        return found

    def _delete_after(self, stay: StayDates) -> date:
        last = stay.updated_at.date() if stay.status is StayStatus.CANCELLED else stay.check_out
        return last + self._kept_for


async def _stay(work: UnitOfWork, principal: Principal, stay_id: int) -> StayDates:
    if not may_see_documents(principal):
        raise Forbidden("Guests' documents are for reception and managers.")
    stay = await work.media.stay(stay_id)
    if stay is None or stay.hotel_id != principal.hotel_id:
        raise NotFound("There is no such stay.")
    return stay
