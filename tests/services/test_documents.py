"""A stay's documents: who looks is written down first, and in time they go, also where a process dies between."""

import os
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from app.core.clock import utc_now
from app.core.errors import Forbidden, Gone, NotFound
from app.core.links import Variant
from app.core.principal import Principal
from app.core.settings import Settings
from app.core.types import Department, MediaState, StayStatus, UserType
from app.media.storage import MediaStorage, NotStored
from app.models import AuditEntry, Delivery, InboundUpdate, Media, MessageStatus, Stay
from app.services.files.keeping import STRAYS_TAKEN, MediaKeeping
from app.store.database import Database
from tests import files
from tests.desk import Desk, principal
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

CHECK_OUT = date(2026, 11, 23)


class Archive:
    """Stored files with rows that a test chooses."""

    def __init__(self, database: Database, settings: Settings, hotel: HotelWorld, folder: Path) -> None:
        self._database = database
        self.storage = MediaStorage(settings)
        self._hotel = hotel
        self._file = folder / "passport.pdf"
        self._kept = Path(settings.media_dir)

    @property
    def kept(self) -> list[Path]:
        return files.stored_under(self._kept)

    async def put(self, **values: Any) -> int:
        """A guest's file, from a provider, where nothing else is said."""
        self._file.write_bytes(files.PDF)
        key = await self.storage.put(self._file)
        stored = {
            "state": MediaState.STORED,
            "mime_type": "application/pdf",
            "size": len(files.PDF),
            "provider_id": "1",
        }
        async with self._database.transaction() as work:
            media_id: int | None = await work.connection.scalar(
                insert(Media)
                .values({"hotel_id": self._hotel.id, "original_key": key} | stored | values)
                .returning(Media.id)
            )
        assert media_id is not None
        return media_id


@pytest.fixture
def archive(database: Database, settings: Settings, hotel: HotelWorld, tmp_path: Path) -> Archive:
    return Archive(database, settings, hotel, tmp_path)


@pytest.fixture
async def stay_id(world: World, hotel: HotelWorld, ledger: Ledger) -> int:
    stay_id = await world.guest(hotel)
    assert stay_id is not None
    await ledger.change(Stay, check_out=CHECK_OUT)
    return stay_id


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=utc_now().tzinfo)


async def test_each_look_is_on_record_with_who_when_and_what(
    desk: Desk, archive: Archive, hotel: HotelWorld, stay_id: int, ledger: Ledger, clock: HeldClock
) -> None:
    media_id = await archive.put(stay_id=stay_id)
    rita = principal(hotel)
    await desk.services.documents.list(rita, stay_id)
    assert not await ledger.rows(AuditEntry), "a list is no look"

    found = await desk.services.documents.look(rita, stay_id, media_id, Variant.ORIGINAL)
    await desk.services.documents.look(rita, stay_id, media_id, Variant.ORIGINAL)

    entries = await ledger.rows(AuditEntry)
    assert [(each.user_id, each.action, each.target, each.at) for each in entries] == [
        (rita.user_id, "document.seen", f"media:{media_id}", clock.now)
    ] * 2
    assert entries[0].details == {"media_id": media_id, "stay_id": stay_id, "variant": "original"}
    stored = await desk.services.media.read(found)
    assert b"".join([chunk async for chunk in stored.chunks]) == files.PDF


async def test_where_the_log_cannot_be_written_nothing_is_shown(
    desk: Desk, archive: Archive, hotel: HotelWorld, stay_id: int, database: Database
) -> None:
    media_id = await archive.put(stay_id=stay_id)
    async with database.transaction() as work:
        await work.connection.execute(text("ALTER TABLE audit_log RENAME TO audit_log_away"))
    try:
        with pytest.raises(Exception, match="audit_log"):
            await desk.services.documents.look(principal(hotel), stay_id, media_id, Variant.ORIGINAL)
    finally:
        async with database.transaction() as work:
            await work.connection.execute(text("ALTER TABLE audit_log_away RENAME TO audit_log"))


async def test_reception_staff_look_and_other_departments_do_not(
    desk: Desk, archive: Archive, hotel: HotelWorld, stay_id: int, ledger: Ledger
) -> None:
    media_id = await archive.put(stay_id=stay_id)
    look = desk.services.documents.look

    await look(department_staff(hotel, Department.RECEPTION), stay_id, media_id, Variant.ORIGINAL)
    with pytest.raises(Forbidden):
        await look(department_staff(hotel, Department.MANAGEMENT), stay_id, media_id, Variant.ORIGINAL)
    assert len(await ledger.rows(AuditEntry)) == 1


async def test_a_document_belongs_to_its_own_stay_alone(
    desk: Desk, archive: Archive, hotel: HotelWorld, stay_id: int, world: World
) -> None:
    other = await world.guest(hotel, phone="351912345679")
    photo, passport = await archive.put(), await archive.put(stay_id=other)

    for media_id in (photo, passport, 999):
        with pytest.raises(NotFound):
            await desk.services.documents.look(principal(hotel), stay_id, media_id, Variant.ORIGINAL)


async def test_a_list_says_how_long_each_is_kept(desk: Desk, archive: Archive, hotel: HotelWorld, stay_id: int) -> None:
    media_id = await archive.put(stay_id=stay_id)

    [document] = await desk.services.documents.list(principal(hotel), stay_id)

    assert (document.id, document.state, document.size) == (media_id, MediaState.STORED, len(files.PDF))
    assert document.delete_after == CHECK_OUT + timedelta(days=30)


async def test_thirty_days_after_check_out_a_document_is_gone(
    desk: Desk, archive: Archive, hotel: HotelWorld, stay_id: int, ledger: Ledger, clock: HeldClock
) -> None:
    media_id = await archive.put(stay_id=stay_id)

    clock.now = at(CHECK_OUT + timedelta(days=30))
    await desk.services.housekeeping.tidy()
    assert len(archive.kept) == 1, "on the last day it is there"

    clock.now = at(CHECK_OUT + timedelta(days=31))
    await desk.services.housekeeping.tidy()

    assert archive.kept == []
    row = await ledger.row(Media)
    assert (row.state, row.deleted_at, row.original_key) == (MediaState.DELETED, clock.now, None)
    with pytest.raises(Gone):
        await desk.services.documents.look(principal(hotel), stay_id, media_id, Variant.ORIGINAL)


async def test_after_a_cancellation_the_days_count_from_that(
    desk: Desk, archive: Archive, stay_id: int, ledger: Ledger, clock: HeldClock
) -> None:
    await archive.put(stay_id=stay_id)
    cancelled = at(CHECK_OUT - timedelta(days=100))
    await ledger.change(Stay, status=StayStatus.CANCELLED, updated_at=cancelled)

    clock.now = cancelled + timedelta(days=29)
    await desk.services.housekeeping.tidy()
    assert archive.kept
    clock.now = cancelled + timedelta(days=30, seconds=1)
    await desk.services.housekeeping.tidy()
    assert archive.kept == []


async def test_what_a_process_left_half_deleted_is_deleted_again(desk: Desk, archive: Archive, ledger: Ledger) -> None:
    await archive.put(state=MediaState.DELETED)
    await archive.put(state=MediaState.DELETED, original_key="ab/" + "0" * 38, thumbnail_key="ab/" + "1" * 38)
    living = await archive.put()

    await desk.services.housekeeping.tidy()

    assert len(archive.kept) == 2, "the living one, and one that no row names and that is younger than a day"
    deleted = await ledger.rows(Media, Media.id != living)
    assert [(each.original_key, each.thumbnail_key) for each in deleted] == [(None, None)] * 2


async def test_where_the_store_is_away_the_keys_stay_for_the_next_hour(
    database: Database, settings: Settings, archive: Archive, ledger: Ledger, desk: Desk, clock: HeldClock
) -> None:
    await archive.put(state=MediaState.DELETED)
    broken = MediaKeeping(
        database=database,
        storage=MediaStorage(settings.model_copy(update={"media_dir": "/dev/null/media"})),
        document_days=30,
        clock=clock,
    )

    with pytest.raises(Exception, match="away"):
        await broken.tidy()

    assert (await ledger.row(Media)).original_key is not None
    await desk.services.housekeeping.tidy()
    assert archive.kept == []


async def test_bytes_that_cannot_be_deleted_hold_up_no_others(
    desk: Desk, archive: Archive, ledger: Ledger, settings: Settings
) -> None:
    stuck = await archive.put(state=MediaState.DELETED, original_key="ab/" + "0" * 38)
    media_id = await archive.put(state=MediaState.DELETED)
    key = (await ledger.row(Media, Media.id == media_id)).original_key
    (Path(settings.media_dir) / "ab" / ("0" * 38) / "a folder, which is no file").mkdir(parents=True)

    assert (await desk.services.housekeeping.tidy())["files"] is None, "and so it is seen"

    with pytest.raises(NotStored):
        await archive.storage.size(key)
    assert [each.id for each in await ledger.rows(Media, Media.original_key.is_not(None))] == [stuck]


async def test_uploads_that_nobody_sent_go_after_a_day_and_leave_nothing(
    desk: Desk, archive: Archive, hotel: HotelWorld, ledger: Ledger, clock: HeldClock
) -> None:
    rita = hotel.staff["rita"]
    await archive.put(provider_id=None, uploaded_by=rita, created_at=clock.now - timedelta(hours=25))
    fresh = await archive.put(provider_id=None, uploaded_by=rita, created_at=clock.now - timedelta(hours=23))

    await desk.services.housekeeping.tidy()

    assert [each.id for each in await ledger.rows(Media)] == [fresh]
    assert len(archive.kept) == 1


async def test_bytes_that_two_messages_share_stay_until_both_are_gone(
    desk: Desk, archive: Archive, ledger: Ledger
) -> None:
    first = await archive.put()
    key = (await ledger.row(Media)).original_key
    second = await archive.put(original_key=key)
    await ledger.change(Media, Media.id == first, state=MediaState.DELETED)

    await desk.services.housekeeping.tidy()
    assert await archive.storage.size(key) == len(files.PDF)

    await ledger.change(Media, Media.id == second, state=MediaState.DELETED)
    await desk.services.housekeeping.tidy()
    assert not [each for each in archive.kept if each.name == key.partition("/")[2]]


async def test_bytes_that_no_row_names_go_after_a_day(
    desk: Desk, archive: Archive, ledger: Ledger, clock: HeldClock
) -> None:
    await archive.put()
    await archive.put()
    [kept, lost] = await ledger.rows(Media)
    await ledger.remove(Media, Media.id == lost.id)
    clock.now = utc_now() + timedelta(hours=23)
    assert (await desk.services.housekeeping.tidy())["stray_bytes"] == 0

    clock.now = utc_now() + timedelta(hours=49)
    assert (await desk.services.housekeeping.tidy())["stray_bytes"] == 1

    assert await archive.storage.size(kept.original_key) == len(files.PDF)


async def test_a_store_of_which_most_is_unknown_is_somebody_elses_and_left_alone(
    desk: Desk, archive: Archive, clock: HeldClock, tmp_path: Path
) -> None:
    await archive.put()
    theirs = tmp_path / "theirs"
    theirs.write_bytes(files.PDF)
    for _ in range(STRAYS_TAKEN + 1):
        await archive.storage.put(theirs)

    clock.now = utc_now() + timedelta(hours=25)
    assert (await desk.services.housekeeping.tidy())["stray_bytes"] == 0

    assert len(archive.kept) == STRAYS_TAKEN + 2


async def test_what_a_dying_process_was_writing_goes_after_a_day(
    desk: Desk, archive: Archive, clock: HeldClock
) -> None:
    await archive.put()
    [kept] = archive.kept
    (kept.parent / f"{kept.name}#1").write_bytes(files.PDF)

    clock.now = utc_now() + timedelta(hours=25)
    await desk.services.housekeeping.tidy()

    assert archive.kept == [kept]


async def test_what_a_dying_process_was_working_on_goes_from_the_temporary_folder(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: HeldClock
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, hours in (("lobby-file-left", 2), ("lobby-file-in-use", 0), ("somebody-elses", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "original").write_bytes(files.PDF)
        touched = (utc_now() - timedelta(hours=hours)).timestamp()
        os.utime(tmp_path / name, (touched, touched))
    clock.now = utc_now() + timedelta(hours=25)  # files are stamped by the machine's clock, not by this one

    assert (await desk.services.housekeeping.tidy())["scratch"] == 1

    left = set(os.listdir(tmp_path))
    assert left >= {"lobby-file-in-use", "somebody-elses"}
    assert "lobby-file-left" not in left


async def test_old_deliveries_reports_and_bodies_go_and_younger_ones_stay(
    desk: Desk, hotel: HotelWorld, ledger: Ledger, clock: HeldClock
) -> None:
    await desk.queue(hotel, "One", "Two", "Three")
    deliveries = await ledger.rows(Delivery)
    for row, (state, days) in zip(
        deliveries, [("sent", 91), ("sent", 89), ("pending", 200), ("dead", 91)], strict=True
    ):
        finished = None if state == "pending" else clock.now - timedelta(days=days)
        await ledger.change(Delivery, Delivery.id == row.id, state=state, finished_at=finished)
    async with ledger.database.transaction() as work:
        reports = [("old", 91, deliveries[0].id), ("young", 89, None), ("awaited", 91, deliveries[2].id)]
        for word, days, delivery_id in reports:
            await work.connection.execute(
                insert(MessageStatus).values(
                    channel_id=hotel.channel_id,
                    external_id=word,
                    status="sent",
                    delivery_id=delivery_id,
                    received_at=clock.now - timedelta(days=days),
                )
            )
    [body] = await ledger.rows(InboundUpdate)
    await ledger.change(InboundUpdate, received_at=clock.now - timedelta(days=31))
    await desk.say("Hello again")

    await desk.services.housekeeping.tidy()

    left = {each.id for each in await ledger.rows(Delivery)}
    assert left >= {deliveries[1].id, deliveries[2].id}
    assert not left & {deliveries[0].id, deliveries[3].id}
    assert {each.external_id for each in await ledger.rows(MessageStatus)} == {"young", "awaited"}
    bodies = [each.id for each in await ledger.rows(InboundUpdate)]
    assert body.id not in bodies
    assert len(bodies) == 1


def department_staff(hotel: HotelWorld, department: Department) -> Principal:
    return Principal(
        user_id=hotel.staff["rita"],
        hotel_id=hotel.id,
        username="rita",
        name="Rita Staff",
        user_type=UserType.DEPARTMENT_STAFF,
        departments=frozenset({department}),
        session_id=uuid4(),
        session_expires_at=utc_now() + timedelta(days=1),
    )
