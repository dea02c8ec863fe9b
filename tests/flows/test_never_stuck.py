"""Whatever a guest sends, the engine neither raises nor gets lost, and there is always a way on."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.types import ConversationStatus, MessageType
from app.flows.engine import SILENT, step
from app.flows.loader import load_book
from app.flows.player import Player
from app.flows.types import Facts, FlowState, GuestInput, RelayTo

BOOK = load_book()
STEPS = sorted({name for flow in BOOK.flows.values() for name in flow.steps})
IDS = sorted({option.id for flow in BOOK.flows.values() for at in flow.steps.values() for option in at.options})

texts = st.text(st.characters(), max_size=60) | st.sampled_from(
    ["", " ", "1", "2.", "4", "services", "help", "John Doe", "Jane", "{guest_name}", "{", "\ud800", "\0"]
)
messages = st.builds(
    GuestInput,
    text=texts,
    choice=st.none() | st.sampled_from([*IDS, "gone", ""]),
    type=st.sampled_from(MessageType),
    has_media=st.booleans(),
)
facts = st.builds(
    Facts,
    hotel_name=st.just("Sea View"),
    guest_name=texts,
    booking_name=st.sampled_from(["John Doe", "", "!"]) | texts,
    room_number=texts,
    language=st.sampled_from(["en", "pt-BR", "de", "ja", ""]) | texts,
    has_stay=st.booleans(),
    checkin_due=st.booleans(),
)
json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)
)
states = st.builds(
    FlowState,
    status=st.sampled_from(ConversationStatus),
    flow=st.none() | st.sampled_from([*BOOK.flows, "gone"]) | texts,
    step=st.none() | st.sampled_from([*STEPS, "gone"]) | texts,
    context=json | st.fixed_dictionaries({"name_attempts": json, "guest_name": json}),
)


def known(state: FlowState) -> bool:
    return state.step in BOOK.flows[state.flow or ""].steps


@given(states, st.lists(messages, max_size=8), facts)
@settings(max_examples=300, deadline=None)
def test_no_message_in_no_state_raises_or_leaves_an_unknown_step(
    state: FlowState, said: list[GuestInput], known_facts: Facts
) -> None:
    for message in said:
        outcome = step(BOOK, state, message, known_facts)
        if state.status in SILENT or message.type is MessageType.REACTION:
            assert (outcome.state, outcome.replies, outcome.effects) == (state, (), ())
        else:
            assert known(outcome.state)
            assert all(reply.text.strip() for reply in outcome.replies)
            assert len(outcome.replies) == 1
        state = outcome.state


@given(st.lists(messages, max_size=8), facts)
@settings(max_examples=300, deadline=None)
def test_from_wherever_a_conversation_gets_to_words_lead_to_people(said: list[GuestInput], known_facts: Facts) -> None:
    player = Player(BOOK, known_facts)
    for message in said:
        player.send(message)

    for way_on in ("services", "reception", "reception"):
        player.say(way_on)

    assert player.state.status is ConversationStatus.RELAY
    assert any(isinstance(effect, RelayTo) for effect in player.effects)


@given(st.lists(messages, max_size=8), facts)
@settings(max_examples=200, deadline=None)
def test_only_text_of_the_definitions_and_the_facts_is_ever_sent(said: list[GuestInput], known_facts: Facts) -> None:
    """No placeholder is left open: braces in a reply are the guest's own."""
    player = Player(BOOK, known_facts)

    for message in said:
        for reply in player.send(message).replies:
            if "{" not in message.text and not any("{" in str(value) for value in player.state.context.values()):
                assert "{" not in reply.text
