"""What holds for every flow: silence where people answer, and a way on from any state."""

from typing import Any

import pytest

from app.core.types import ConversationStatus, MessageType
from app.flows.definition import FlowBook
from app.flows.engine import begin_state, step
from app.flows.player import Player
from app.flows.types import Facts, FlowState, GuestInput

STAYS = Facts(hotel_name="Sea View", has_stay=True)
ARRIVES = Facts(hotel_name="Sea View", has_stay=True, checkin_due=True, booking_name="John Doe")
BEGINNING = {
    ConversationStatus.DEMO: (Facts(hotel_name="Sea View"), "Welcome to our hotel demo!"),
    ConversationStatus.CHECKIN: (ARRIVES, "Welcome to Sea View!"),
    ConversationStatus.ACTIVE: (STAYS, "How can we assist you today?"),
}


@pytest.mark.parametrize("status", [ConversationStatus.RELAY, ConversationStatus.CLOSED])
@pytest.mark.parametrize("text", ["Hello", "services", "1"])
def test_where_people_answer_the_flow_is_silent(book: FlowBook, status: ConversationStatus, text: str) -> None:
    state = FlowState(status=status, flow="services", step="start_relay_room_service", context={"guest_name": "John"})

    outcome = step(book, state, GuestInput(text=text), STAYS)

    assert (outcome.replies, outcome.effects) == ((), ())
    assert outcome.state == state


@pytest.mark.parametrize("status", BEGINNING)
def test_a_reaction_changes_nothing(book: FlowBook, status: ConversationStatus) -> None:
    state = FlowState(status=status)

    outcome = step(book, state, GuestInput(text="\N{THUMBS UP SIGN}", type=MessageType.REACTION), BEGINNING[status][0])

    assert (outcome.state, outcome.replies, outcome.effects) == (state, (), ())


@pytest.mark.parametrize("status", BEGINNING)
@pytest.mark.parametrize(
    ("flow", "at"),
    [
        (None, None),
        (None, "start"),
        ("spa", "start"),
        ("services", "start_relay_pool_bar"),
        ("demo", "gone"),
        ("checkin", None),
        ("", ""),
    ],
)
def test_a_state_that_no_definition_knows_starts_over(
    book: FlowBook, status: ConversationStatus, flow: str | None, at: str | None
) -> None:
    facts, text = BEGINNING[status]
    player = Player(book, facts, FlowState(status=status, flow=flow, step=at))

    (reply,) = player.say("Hello")

    assert reply.startswith(text)
    assert (player.state.status, player.state.step) == (status, "start")


def test_a_flow_that_does_not_run_in_this_status_starts_over(book: FlowBook) -> None:
    player = Player(book, STAYS, FlowState(status=ConversationStatus.ACTIVE, flow="checkin", step="collect_documents"))

    player.send_photo()

    assert (player.state.flow, player.effects) == ("services", [])


@pytest.mark.parametrize(
    "context",
    [{"name_attempts": "two"}, {"name_attempts": -5}, {"name_attempts": [1]}, {"guest_name": {"a": 1}}, [1], None],
)
def test_a_corrupted_context_is_survived(book: FlowBook, context: Any) -> None:
    state = FlowState(status=ConversationStatus.CHECKIN, flow="checkin", step="start", context=context)
    player = Player(book, ARRIVES, state)

    player.say("Jane Roe")
    player.say("John Doe")

    assert player.state.step == "collect_documents"


def test_no_corrupted_count_gives_more_than_three_attempts(book: FlowBook) -> None:
    state = FlowState(status=ConversationStatus.CHECKIN, flow="checkin", step="start", context={"name_attempts": -5})
    player = Player(book, ARRIVES, state)

    for name in ("Jane Roe", "Jim Roe", "Joe Roe"):
        player.say(name)

    assert player.state.status is ConversationStatus.RELAY


def test_the_state_given_in_is_left_as_it_was(book: FlowBook) -> None:
    state = FlowState(status=ConversationStatus.CHECKIN, flow="checkin", step="start", context={"name_attempts": 1})

    step(book, state, GuestInput(text="John Doe"), ARRIVES)

    assert state.context == {"name_attempts": 1}


@pytest.mark.parametrize(
    ("has_stay", "checkin_due", "status", "flow"),
    [
        (False, False, ConversationStatus.DEMO, "demo"),
        (True, True, ConversationStatus.CHECKIN, "checkin"),
        (True, False, ConversationStatus.ACTIVE, "services"),
    ],
)
def test_where_a_conversation_begins(
    book: FlowBook, has_stay: bool, checkin_due: bool, status: ConversationStatus, flow: str
) -> None:
    facts = Facts(hotel_name="Sea View", has_stay=has_stay, checkin_due=checkin_due)

    assert begin_state(book, facts) == FlowState(status=status, flow=flow)
