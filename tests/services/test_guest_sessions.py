"""Guest sessions: opened once by the link that went to the guest's number, worth something as long as they stay."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.clock import end_of
from app.core.errors import Forbidden, Gone, Unauthenticated
from app.core.events import StayChanged
from app.core.links import GuestLinks, LinkTerms
from app.core.principal import GuestPrincipal
from app.core.security import digest
from app.core.settings import Settings
from app.core.types import StayStatus
from app.models import Guest, GuestLink, GuestSession, Hotel, Stay
from app.services.guest_sessions import NOT_VALID, GuestSessionService, OpenedSession
from app.store.guest_sessions import GuestStay
from tests.desk import GUEST, Desk
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import TODAY, HeldClock
from tests.statements import recorded
from tests.world import HotelWorld, World

OTHER = "4915112345678"


class Desks:
    """Guests who have got a link, and what they do with it."""

    def __init__(self, desk: Desk, links: GuestLinks, clock: HeldClock) -> None:
        self.service: GuestSessionService = desk.services.guest_sessions
        self._database = desk.services.database
        self._links = links
        self._clock = clock

    async def link_for(self, stay_id: int, number: str = GUEST) -> str:
        """The token of a link as it is sent."""
        async with self._database.transaction() as work:
            stay = await work.guest_sessions.lock_stay(stay_id)
            assert isinstance(stay, GuestStay)
            until = end_of(stay.check_out, stay.timezone)
            link_id = await work.guest_sessions.add_link(stay, number, now=self._clock(), expires_at=until)
        return self._links.token(LinkTerms(id=link_id, stay_id=stay_id, number=number, expires=int(until.timestamp())))

    async def opened(self, stay_id: int, number: str = GUEST) -> OpenedSession:
        return await self.service.open(await self.link_for(stay_id, number))

    async def is_refused(self, link: str) -> bool:
        with pytest.raises(Unauthenticated) as caught:
            await self.service.open(link)
        return caught.value.message == NOT_VALID

    async def holds(self, session: OpenedSession, number: str = GUEST) -> bool:
        """Whether the token opens something, which is also what an open socket finds when it looks again."""
        try:
            await self.service.authenticate(session.token, number)
        except Unauthenticated:
            token_holds = False
        else:
            token_holds = True
        assert bool(await self.service.still([session.principal])) == token_holds
        return token_holds


@pytest.fixture
def guests(desk: Desk, settings: Settings, clock: HeldClock) -> Desks:
    secret = settings.secret_key.get_secret_value()
    return Desks(desk, GuestLinks(secret, settings.public_url, clock), clock)


@pytest.fixture
async def johns(world: World, hotel: HotelWorld) -> int:
    """The stay of John Doe, to 23 November."""
    stay_id = await world.guest(hotel)
    assert stay_id is not None
    return stay_id


# Opening


async def test_a_link_opens_a_session_of_that_stay_and_only_the_tokens_hash_is_kept(
    guests: Desks, johns: int, hotel: HotelWorld, ledger: Ledger
) -> None:
    opened = await guests.opened(johns)

    stored = await ledger.row(GuestSession)
    assert (stored.id, stored.stay_id, stored.number) == (opened.principal.session_id, johns, GUEST)
    assert stored.token_hash == digest(opened.token)
    assert opened.principal == GuestPrincipal(
        hotel_id=hotel.id,
        guest_id=(await ledger.row(Guest)).id,
        stay_id=johns,
        number=GUEST,
        session_id=stored.id,
        session_expires_at=datetime(2026, 11, 24, tzinfo=UTC),
    )
    assert await guests.service.authenticate(opened.token, f"+{GUEST}") == opened.principal


async def test_a_link_is_used_up_by_its_first_use(guests: Desks, johns: int, ledger: Ledger) -> None:
    link = await guests.link_for(johns)
    await guests.service.open(link)

    with pytest.raises(Gone) as caught:
        await guests.service.open(link)
    assert caught.value.code == "link_used"
    assert len(await ledger.rows(GuestSession)) == 1


async def test_of_ten_who_use_a_link_at_once_one_gets_the_session(guests: Desks, johns: int, ledger: Ledger) -> None:
    link = await guests.link_for(johns)

    answers = await asyncio.gather(*(guests.service.open(link) for _ in range(10)), return_exceptions=True)

    opened = [each for each in answers if isinstance(each, OpenedSession)]
    others = [each.code for each in answers if isinstance(each, Gone)]
    assert (len(opened), others) == (1, ["link_used"] * 9)
    assert (await ledger.row(GuestSession)).id == opened[0].principal.session_id


async def test_a_link_that_was_taken_back_opens_nothing(guests: Desks, johns: int) -> None:
    older, newer = await guests.link_for(johns), await guests.link_for(johns)

    assert await guests.is_refused(older)
    await guests.service.open(newer)


@pytest.mark.parametrize("status", [StayStatus.PENDING, StayStatus.COMPLETED, StayStatus.CANCELLED])
async def test_a_link_of_a_stay_that_is_not_active_opens_nothing(
    guests: Desks, johns: int, ledger: Ledger, status: StayStatus
) -> None:
    link = await guests.link_for(johns)
    await ledger.change(Stay, status=status)

    assert await guests.is_refused(link)
    assert (await ledger.row(GuestLink)).used_at is None, "used up for nothing"


async def test_a_link_to_a_number_that_is_no_longer_the_guests_opens_nothing(
    guests: Desks, johns: int, ledger: Ledger
) -> None:
    link = await guests.link_for(johns)
    await ledger.change(Guest, phone=f"+{OTHER}")

    assert await guests.is_refused(link)


async def test_a_used_link_of_a_stay_that_is_over_is_told_apart_by_nothing(
    guests: Desks, johns: int, ledger: Ledger
) -> None:
    link = await guests.link_for(johns)
    await guests.service.open(link)
    await ledger.change(Stay, status=StayStatus.COMPLETED)

    assert await guests.is_refused(link)


async def test_a_link_has_run_out_when_the_check_out_day_is_over_where_the_hotel_is(
    guests: Desks, johns: int, ledger: Ledger, clock: HeldClock
) -> None:
    await ledger.change(Hotel, timezone="Pacific/Kiritimati")  # 14 hours ahead
    link = await guests.link_for(johns)
    clock.now = datetime(2026, 11, 23, 10, tzinfo=UTC)

    assert await guests.is_refused(link)
    clock.move(seconds=-1)
    await guests.service.open(link)


async def test_a_stay_that_was_shortened_ends_its_links(
    guests: Desks, johns: int, ledger: Ledger, clock: HeldClock
) -> None:
    link = await guests.link_for(johns)
    await ledger.change(Stay, check_out=TODAY)
    clock.move(days=1)

    assert await guests.is_refused(link)


async def test_a_forged_link_asks_no_table(guests: Desks, johns: int, desk: Desk) -> None:
    link = await guests.link_for(johns)
    forged = link[:-1] + ("A" if link[-1] != "A" else "B")

    with recorded(desk.services.database.engine) as statements:
        assert await guests.is_refused(forged)
    assert len(statements) == 0


async def test_a_link_that_we_signed_and_that_is_not_there_opens_nothing(
    guests: Desks, johns: int, ledger: Ledger
) -> None:
    link = await guests.link_for(johns)
    await ledger.remove(GuestLink)

    assert await guests.is_refused(link)


# Holding


@pytest.mark.parametrize("status", [StayStatus.PENDING, StayStatus.COMPLETED, StayStatus.CANCELLED])
async def test_a_session_holds_while_its_stay_is_active(
    guests: Desks, johns: int, ledger: Ledger, status: StayStatus
) -> None:
    session = await guests.opened(johns)
    assert await guests.holds(session)

    await ledger.change(Stay, status=status)

    assert not await guests.holds(session)


async def test_a_session_holds_to_the_last_second_of_the_check_out_day(
    guests: Desks, johns: int, ledger: Ledger, clock: HeldClock
) -> None:
    await ledger.change(Hotel, timezone="Pacific/Honolulu")
    session = await guests.opened(johns)
    clock.now = datetime(2026, 11, 24, 9, 59, 59, tzinfo=UTC)
    assert await guests.holds(session)

    clock.move(seconds=1)

    assert not await guests.holds(session)


async def test_a_longer_stay_makes_the_session_longer(
    guests: Desks, johns: int, ledger: Ledger, clock: HeldClock
) -> None:
    session = await guests.opened(johns)
    await ledger.change(Stay, check_out=TODAY + timedelta(days=10))
    clock.move(days=8)

    assert await guests.holds(session)
    [present] = (await guests.service.still([session.principal])).values()
    assert present.session_expires_at == datetime(2026, 12, 1, tzinfo=UTC)


async def test_a_session_ends_when_the_number_is_no_longer_the_guests(
    guests: Desks, johns: int, ledger: Ledger
) -> None:
    session = await guests.opened(johns)
    await ledger.change(Guest, phone=f"+{OTHER}")

    assert not await guests.holds(session)


async def test_an_ended_session_holds_no_longer_and_its_sockets_look_again(
    guests: Desks, johns: int, hotel: HotelWorld, ledger: Ledger
) -> None:
    session = await guests.opened(johns)

    await guests.service.end(session.token)

    assert not await guests.holds(session)
    guest_id = session.principal.guest_id
    assert await ledger.events(hotel.id) == [StayChanged(stay_id=johns, guest_id=guest_id, guest_phone=f"+{GUEST}")]
    with pytest.raises(Unauthenticated):
        await guests.service.end(session.token)


async def test_a_token_opens_its_own_number_alone(guests: Desks, johns: int, hotel: HotelWorld, world: World) -> None:
    await world.guest(hotel, "Erika", OTHER)
    session = await guests.opened(johns)

    for number in (OTHER, "", "nobody", GUEST + "0", GUEST[:-1], "9" * 5000):
        with pytest.raises(Unauthenticated, match="not valid"):
            await guests.service.authenticate(session.token, number)


@pytest.mark.parametrize("token", ["", "nonsense", "\ud800", "x" * 5000])
async def test_what_is_no_token_opens_nothing(guests: Desks, johns: int, token: str) -> None:
    with pytest.raises(Unauthenticated, match="not valid"):
        await guests.service.authenticate(token, GUEST)


# By the number alone


@pytest.mark.parametrize("spelling", [GUEST, f"+{GUEST}", f"00{GUEST}", "+351 912-345-678", "(351) 912.345.678"])
async def test_a_number_in_any_spelling_names_its_guest(guests: Desks, johns: int, spelling: str) -> None:
    assert (await guests.service.by_number(spelling)).stay_id == johns


async def test_both_spellings_of_a_line_name_its_guest(guests: Desks, hotel: HotelWorld, world: World) -> None:
    stay_id = await world.guest(hotel, "Ana", "5511961234567")

    for spelling in ("+55 11 96123-4567", "551161234567"):
        found = await guests.service.by_number(spelling)
        assert (found.stay_id, found.number) == (stay_id, "5511961234567")


async def test_of_several_hotels_the_stay_that_began_last_counts(
    guests: Desks, johns: int, world: World, ledger: Ledger
) -> None:
    other = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    theirs = await world.guest(other, check_in=TODAY)
    assert (await guests.service.by_number(GUEST)).stay_id == theirs

    await ledger.change(Stay, Stay.id == theirs, check_in=TODAY - timedelta(days=9))

    assert (await guests.service.by_number(GUEST)).stay_id == johns


@pytest.mark.parametrize(
    "changed",
    [{"status": StayStatus.PENDING}, {"status": StayStatus.COMPLETED}, {"check_out": date(2026, 11, 19)}],
    ids=["pending", "completed", "past"],
)
async def test_the_number_of_a_guest_who_is_not_staying_names_nobody(
    guests: Desks, johns: int, ledger: Ledger, changed: dict[str, object]
) -> None:
    await ledger.change(Stay, **changed)

    with pytest.raises(Forbidden):
        await guests.service.by_number(GUEST)


@pytest.mark.parametrize("number", ["", "nobody", OTHER, "1", "9" * 5000, "\0"])
async def test_what_is_no_guests_number_names_nobody(guests: Desks, johns: int, number: str) -> None:
    with pytest.raises(Forbidden):
        await guests.service.by_number(number)


async def test_who_listens_by_number_does_so_while_they_stay(guests: Desks, johns: int, ledger: Ledger) -> None:
    caller = await guests.service.by_number(GUEST)
    assert list(await guests.service.still([caller])) == [caller]

    await ledger.change(Stay, status=StayStatus.COMPLETED)

    assert await guests.service.still([caller]) == {}


# Being forgotten


async def test_links_and_sessions_are_deleted_a_week_after_the_stay(
    guests: Desks, johns: int, desk: Desk, ledger: Ledger, clock: HeldClock
) -> None:
    await guests.opened(johns)
    clock.now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert (await desk.services.housekeeping.tidy())["guest_links"] == 0

    clock.move(days=1)

    assert (await desk.services.housekeeping.tidy())["guest_links"] == 1
    assert await ledger.rows(GuestSession) == []
