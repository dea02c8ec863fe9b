"""The request of each visitor's message: its stages, what is left when the processing fails, and how it is tried again.

The database itself fails here, by a trigger: on what the hotel writes, while what guests write is kept.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from app.core.errors import Conflict, Forbidden, NotFound, Unavailable
from app.core.events import MessageCreated
from app.core.principal import Principal
from app.core.types import ConversationStatus, Department, UserType
from app.core.views import RequestView
from app.flows.definition import FlowBook
from app.models import Account, AuditEntry, Channel, Chat, Conversation, Delivery, Guest, Message, Request
from app.services.container import Services
from app.services.inbound.guest_desk import GuestDesk
from app.services.retrying import MAX_ATTEMPTS
from app.services.webchat.receiving import ReceivingService
from app.store.database import Database
from tests.desk import WELCOME, Desk, principal
from tests.eventually import eventually
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.triggers import trigger
from tests.webchats import Site, open_web_chat
from tests.world import HotelWorld, World

STAGES = ["PENDING", "IDENTIFYING", "CATEGORIZING", "QUEUED", "PROCESSING"]


def fault(code: str = "P0001", *, at: str = "system") -> str:
    return f"IF NEW.sender_type = '{at}' THEN RAISE EXCEPTION 'no answers today' USING ERRCODE = '{code}'; END IF"


@asynccontextmanager
async def no_answers(database: Database) -> AsyncIterator[None]:
    """Nothing that the hotel writes can be stored meanwhile."""
    async with trigger(database, "INSERT ON messages", fault()):
        yield


@pytest.fixture
async def manager(hotel: HotelWorld, world: World) -> Principal:
    user_id = await world.user(hotel, "mia", UserType.MANAGER)
    fields = {name: getattr(principal(hotel), name) for name in Principal.__struct_fields__}
    return Principal(**fields | {"user_id": user_id, "user_type": UserType.MANAGER})


@pytest.fixture
async def failed(site: Site, ledger: Ledger) -> int:
    """The id of the request of a visitor whose "Hello" got no answer."""
    async with no_answers(ledger.database):
        await site.say(site.visitor(), "Hello")
    request_id: int = (await ledger.row(Request)).id
    return request_id


async def stages(ledger: Ledger) -> list[str]:
    return [each["status"] for each in (await ledger.row(Request)).history]


async def test_a_message_goes_through_all_stages_in_order(site: Site, ledger: Ledger) -> None:
    message = await site.say(site.visitor(), "Hello")

    request = await ledger.row(Request)
    assert [each["status"] for each in request.history] == [*STAGES, "COMPLETED"]
    assert all(earlier["at"] <= later["at"] for earlier, later in pairwise(request.history))
    assert (request.status, request.category, request.attempts) == ("COMPLETED", "demo", 1)
    assert (request.error, request.next_attempt_at) == (None, None)
    assert (request.message_id, request.guest_id) == (message.id, (await ledger.row(Guest)).id)


async def test_the_category_is_the_flow_or_the_department_that_takes_the_message(site: Site, ledger: Ledger) -> None:
    visitor = site.visitor()

    for text in ("Hello", "services", "1", "Some soup, please"):
        await site.say(visitor, text)

    assert [each.category for each in await ledger.rows(Request)] == [
        "demo",
        "services",
        "services",
        Department.ROOM_SERVICE,
    ]


async def test_what_fails_leaves_the_message_and_its_request_and_nothing_else(site: Site, ledger: Ledger) -> None:
    visitor = site.visitor()
    await site.say(visitor, "services")
    before = await ledger.conversation()

    async with no_answers(ledger.database):
        message = await site.say(visitor, "1")

    request = await ledger.row(Request, Request.message_id == message.id)
    assert [each["status"] for each in request.history] == [*STAGES, "FAILED"]
    assert (request.status, request.category, request.attempts) == ("FAILED", "services", 1)
    assert "no answers today" in request.error
    assert request.next_attempt_at is not None
    conversation = await ledger.conversation()
    assert (conversation.status, conversation.current_step) == (before.status, before.current_step)
    assert conversation.last_message_id == message.id, "staff see it in their lists"
    told = [each.message for each in await ledger.events(site.hotel.id) if isinstance(each, MessageCreated)]
    assert told[-1] == message, "and are told of it"
    assert len(await ledger.rows(Delivery)) == 1, "the menu's"


async def test_what_cannot_even_be_decided_is_kept_too(
    site: Site, desk: Desk, ledger: Ledger, clock: HeldClock, manager: Principal
) -> None:
    """A release whose book has lost its flows."""
    visitor = site.visitor()
    await site.say(visitor, "Hello")
    channels = desk.services.sending._channels
    lost = GuestDesk(FlowBook({}), channels)
    receiving = ReceivingService(database=desk.services.database, desk=lost, channels=channels, clock=clock)

    message = await Site(desk.services, site.hotel, site.channel_id, receiving).say(visitor, "services")

    request = await ledger.row(Request, Request.message_id == message.id)
    assert (request.status, request.category) == ("FAILED", None)
    assert [each["status"] for each in request.history] == [*STAGES[:3], "FAILED"]
    again = await desk.services.requests.retry(manager, request.id)
    assert (again.status, again.category) == ("COMPLETED", "services")
    assert (await ledger.conversation()).current_step == "start"


@pytest.mark.parametrize("code", ["40P01", "08006", "57014"], ids=["deadlock", "disconnected", "too_slow"])
async def test_a_fault_of_the_database_is_no_fault_of_the_request(site: Site, ledger: Ledger, code: str) -> None:
    async with trigger(ledger.database, "INSERT ON messages", fault(code)):
        with pytest.raises(Unavailable):
            await site.say(site.visitor(), "Hello")

    assert await ledger.rows(Message) == await ledger.rows(Request) == []


async def test_a_deadlock_repeats_the_whole_message_once_over(site: Site, ledger: Ledger) -> None:
    once = f"IF nextval('times') = 1 THEN {fault('40P01', at='system')}; END IF"
    only_answers = f"IF NEW.sender_type = 'system' THEN {once}; END IF"

    async with trigger(ledger.database, "INSERT ON messages", only_answers):
        await site.say(site.visitor(), "Hello")

    assert await ledger.texts() == ["Hello", WELCOME]
    assert await stages(ledger) == [*STAGES, "COMPLETED"]


class TestByItself:
    async def test_a_failed_one_is_answered_at_its_next_try_in_the_same_chat(
        self, site: Site, ledger: Ledger, clock: HeldClock, failed: int
    ) -> None:
        assert await site.services.requests.retry_one() is False, "its time has not come"
        clock.move(seconds=2)

        assert await site.services.requests.retry_one() is True

        request = await ledger.row(Request)
        assert (request.id, request.status, request.attempts, request.error) == (failed, "COMPLETED", 2, None)
        assert [each["status"] for each in request.history] == [*STAGES, "FAILED", *STAGES, "COMPLETED"]
        assert await ledger.texts() == ["Hello", WELCOME]
        assert len({each.chat_id for each in await ledger.rows(Message)}) == 1
        clock.move(days=1)
        assert await site.services.requests.retry_one() is False

    async def test_the_pauses_grow_and_end_after_ten_attempts(
        self, site: Site, ledger: Ledger, clock: HeldClock, failed: int
    ) -> None:
        pauses = []
        async with no_answers(ledger.database):
            for attempt in range(2, MAX_ATTEMPTS + 1):
                request = await ledger.row(Request)
                pauses.append((request.next_attempt_at - clock()).total_seconds())
                clock.now = request.next_attempt_at
                assert await site.services.requests.retry_one() is True
                assert (await ledger.row(Request)).attempts == attempt

        assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512]
        request = await ledger.row(Request)
        assert (request.status, request.next_attempt_at) == ("FAILED", None)
        clock.move(days=1)
        assert await site.services.requests.retry_one() is False

    async def test_a_try_that_ends_the_transaction_blocks_no_other_and_is_given_up_in_the_end(
        self, site: Site, ledger: Ledger, clock: HeldClock, failed: int
    ) -> None:
        async with no_answers(ledger.database):
            await site.say(site.visitor(), "Hello")
        first_chat = (await ledger.rows(Chat))[0].id
        slow = f"IF NEW.chat_id = {first_chat} THEN {fault('57014')}; END IF"
        async with trigger(ledger.database, "INSERT ON messages", slow):
            for attempt in range(2, MAX_ATTEMPTS + 1):
                clock.move(minutes=10)
                with pytest.raises(Unavailable):
                    await site.services.requests.retry_one()
                if attempt == 2:
                    assert await site.services.requests.retry_one() is True, "the other's"
            clock.move(minutes=10)
            assert await site.services.requests.retry_one() is False

        first, other = await ledger.rows(Request)
        assert (first.status, first.attempts, first.next_attempt_at) == ("FAILED", MAX_ATTEMPTS, None)
        assert other.status == "COMPLETED"

    async def test_what_people_have_meanwhile_is_left_to_them(
        self, site: Site, ledger: Ledger, clock: HeldClock, failed: int
    ) -> None:
        conversation = await ledger.conversation()
        await site.answer(conversation.id, "Good morning!")
        clock.move(seconds=2)

        assert await site.services.requests.retry_one() is True

        assert await ledger.texts() == ["Hello", "Good morning!"]
        assert (await ledger.row(Request)).status == "COMPLETED"

    async def test_of_a_closed_conversation_nothing_is_left_to_say(
        self, site: Site, ledger: Ledger, clock: HeldClock, failed: int
    ) -> None:
        await ledger.change(Conversation, status=ConversationStatus.CLOSED, closed_at=clock())
        clock.move(seconds=2)

        assert await site.services.requests.retry_one() is True

        assert await ledger.texts() == ["Hello"]
        request = await ledger.row(Request)
        assert (request.status, request.category) == ("COMPLETED", "demo")

    async def test_its_turn_is_over_where_a_later_message_has_been_answered(
        self, site: Site, ledger: Ledger, clock: HeldClock
    ) -> None:
        """The "1" of the first menu would choose from the second."""
        visitor = site.visitor()
        async with no_answers(ledger.database):
            await site.say(visitor, "1")
        await site.say(visitor, "services")
        texts = await ledger.texts()
        clock.move(seconds=2)

        assert await site.services.requests.retry_one() is True

        assert await ledger.texts() == texts
        assert (await ledger.conversation()).status == ConversationStatus.DEMO
        assert [each.status for each in await ledger.rows(Request)] == ["COMPLETED", "COMPLETED"]

    async def test_of_what_the_visitor_has_cleared_away_for_good_nothing_is_left_to_say(
        self, site: Site, ledger: Ledger, clock: HeldClock, failed: int
    ) -> None:
        """As where chats were merged after: it stands in none."""
        await ledger.change(Message, chat_id=None)
        clock.move(seconds=2)

        assert await site.services.requests.retry_one() is True

        assert await ledger.texts() == ["Hello"]
        assert (await ledger.row(Request)).status == "COMPLETED"

    async def test_of_two_that_failed_both_are_answered_in_turn(
        self, site: Site, ledger: Ledger, clock: HeldClock
    ) -> None:
        visitor = site.visitor()
        async with no_answers(ledger.database):
            for text in ("services", "1"):
                await site.say(visitor, text)
                clock.move(seconds=1)
        clock.move(seconds=2)

        while await site.services.requests.retry_one():
            pass

        assert (await ledger.conversation()).department == Department.ROOM_SERVICE

    async def test_a_wish_is_heeded_also_after_later_messages(
        self, site: Site, ledger: Ledger, clock: HeldClock
    ) -> None:
        visitor = site.visitor()
        async with no_answers(ledger.database):
            await site.say(visitor, "STOP")
        await site.say(visitor, "services")
        clock.move(seconds=2)

        assert await site.services.requests.retry_one() is True

        assert (await ledger.row(Account)).opted_out_at is not None

    async def test_it_is_answered_in_the_chat_of_the_account_that_it_belongs_to_now(
        self, site: Site, ledger: Ledger, clock: HeldClock, failed: int
    ) -> None:
        """As after a sign-in: the account bears another name."""
        await ledger.change(Account, address="webchat_user_77")
        clock.move(seconds=2)

        assert await site.services.requests.retry_one() is True

        assert await ledger.texts() == ["Hello", WELCOME]
        assert [each.address for each in await ledger.rows(Delivery)] == ["webchat_user_77"]
        await ledger.row(Account)


async def test_the_services_own_worker_tries_a_failed_one_again(
    services: Services, hotel: HotelWorld, ledger: Ledger
) -> None:
    site = Site(services, hotel, await open_web_chat(ledger.database, hotel))
    async with no_answers(ledger.database):
        await site.say(site.visitor(), "Hello")

    await eventually(lambda: ledger.rows(Request, Request.status == "COMPLETED"))

    assert await ledger.texts() == ["Hello", WELCOME]


class TestByHand:
    async def test_a_manager_tries_a_failed_one_again_and_sees_how_it_stands(
        self, site: Site, ledger: Ledger, manager: Principal, failed: int
    ) -> None:
        view = await site.services.requests.retry(manager, failed)

        assert (view.id, view.status, view.attempts, view.next_attempt_at) == (failed, "COMPLETED", 2, None)
        assert await ledger.texts() == ["Hello", WELCOME]
        entry = await ledger.row(AuditEntry)
        assert (entry.action, entry.target, entry.user_id) == (
            "request.retried",
            f"request:{failed}",
            manager.user_id,
        )

    async def test_it_runs_also_where_its_turn_is_over(self, site: Site, ledger: Ledger, manager: Principal) -> None:
        visitor = site.visitor()
        async with no_answers(ledger.database):
            await site.say(visitor, "1")
        await site.say(visitor, "services")

        await site.services.requests.retry(manager, (await ledger.rows(Request))[0].id)

        assert (await ledger.conversation()).department == Department.ROOM_SERVICE

    async def test_one_that_fails_again_says_so(
        self, site: Site, ledger: Ledger, manager: Principal, failed: int
    ) -> None:
        async with no_answers(ledger.database):
            view = await site.services.requests.retry(manager, failed)

        assert (view.status, view.attempts) == ("FAILED", 2)
        assert view.next_attempt_at is not None

    async def test_a_given_up_one_can_be_tried_again(
        self, site: Site, ledger: Ledger, manager: Principal, failed: int
    ) -> None:
        await ledger.change(Request, attempts=MAX_ATTEMPTS, next_attempt_at=None)

        assert (await site.services.requests.retry(manager, failed)).status == "COMPLETED"

    async def test_twice_at_once_runs_once(self, site: Site, ledger: Ledger, manager: Principal, failed: int) -> None:
        answers = await asyncio.gather(
            *(site.services.requests.retry(manager, failed) for _ in range(5)), return_exceptions=True
        )

        assert sum(isinstance(each, Conflict) for each in answers) == 4
        assert [each.status for each in answers if isinstance(each, RequestView)] == ["COMPLETED"]
        assert await ledger.texts() == ["Hello", WELCOME]

    async def test_by_hand_and_by_itself_at_once_runs_once(
        self, site: Site, ledger: Ledger, manager: Principal, clock: HeldClock, failed: int
    ) -> None:
        clock.move(seconds=2)

        await asyncio.gather(
            site.services.requests.retry(manager, failed), site.services.requests.retry_one(), return_exceptions=True
        )

        assert await ledger.texts() == ["Hello", WELCOME]
        assert (await ledger.row(Request)).status == "COMPLETED"

    async def test_one_that_has_not_failed_is_not_run_again(
        self, site: Site, ledger: Ledger, manager: Principal
    ) -> None:
        await site.say(site.visitor(), "Hello")

        with pytest.raises(Conflict) as refused:
            await site.services.requests.retry(manager, (await ledger.row(Request)).id)

        assert (refused.value.code, refused.value.details) == ("request_not_failed", {"status": "COMPLETED"})
        assert await ledger.texts() == ["Hello", WELCOME]

    async def test_it_is_for_managers_of_that_hotel(
        self, site: Site, world: World, hotel: HotelWorld, manager: Principal, failed: int
    ) -> None:
        other = await world.hotel("alpine-lodge", "700000000000002")
        stranger = Principal(
            **{name: getattr(manager, name) for name in Principal.__struct_fields__} | {"hotel_id": other.id}
        )

        with pytest.raises(Forbidden):
            await site.services.requests.retry(principal(hotel), failed)
        with pytest.raises(Forbidden):
            await site.services.requests.list_page(principal(hotel), [], page=1, page_size=20)
        with pytest.raises(NotFound):
            await site.services.requests.retry(stranger, failed)
        assert (await site.services.requests.list_page(stranger, [], page=1, page_size=20)).items == []

    async def test_one_whose_web_chat_is_not_in_use_waits(
        self, site: Site, ledger: Ledger, manager: Principal, failed: int
    ) -> None:
        await ledger.change(Channel, Channel.id == site.channel_id, is_active=False)

        with pytest.raises(Conflict) as refused:
            await site.services.requests.retry(manager, failed)

        assert refused.value.code == "channel_not_in_use"
        assert (await ledger.row(Request)).status == "FAILED"
