"""Who has no stay is welcomed to the demo (contract 1, "Demo Flow Initiation")."""

import pytest

from app.core.types import ConversationStatus, Department, MessageType
from app.flows.player import Player
from app.flows.types import GuestInput, RelayTo

WELCOME = 'Welcome to our hotel demo! Type "services" to explore.'
MENU = "How can we assist you today? 1. Room Service 2. Housekeeping 3. Reception 4. Other"


def test_a_conversation_without_a_stay_begins_in_the_demo_before_any_step(stranger: Player) -> None:
    assert (stranger.state.status, stranger.state.flow, stranger.state.step) == (ConversationStatus.DEMO, "demo", None)


def test_any_first_message_is_welcomed_and_stands_at_start(stranger: Player) -> None:
    assert stranger.say("Hello") == [WELCOME]
    assert (stranger.state.status, stranger.state.step) == (ConversationStatus.DEMO, "start")


@pytest.mark.parametrize("kind", [kind for kind in MessageType if kind is not MessageType.REACTION])
def test_a_message_of_any_type_is_welcomed(stranger: Player, kind: MessageType) -> None:
    assert stranger.texts(GuestInput(type=kind)) == [WELCOME]


def test_the_welcome_comes_again_until_the_guest_asks_for_more(stranger: Player) -> None:
    stranger.say("Hello")

    assert stranger.say("What is this?") == [WELCOME]


@pytest.mark.parametrize(
    "word", ["services", " SERVICES ", '"services"', "Services!", "serviços", "SERVICOS", "Servicios."]
)
def test_services_starts_the_services_flow(stranger: Player, word: str) -> None:
    stranger.say("Hello")

    assert stranger.say(word) == [MENU]
    assert (stranger.state.status, stranger.state.flow, stranger.state.step) == (
        ConversationStatus.DEMO,
        "services",
        "start",
    )


def test_services_works_as_the_very_first_message(stranger: Player) -> None:
    assert stranger.say("services") == [MENU]


@pytest.mark.parametrize("text", ["room services", "servicesx", "ser vices"])
def test_only_the_word_itself_is_the_trigger(stranger: Player, text: str) -> None:
    assert stranger.say(text) == [WELCOME]


def test_a_caption_is_no_command(stranger: Player) -> None:
    photo = GuestInput(text="services", type=MessageType.IMAGE, has_media=True)

    assert stranger.texts(photo) == [WELCOME]


def test_the_demo_relays_as_a_stay_does(stranger: Player) -> None:
    stranger.say("services")

    assert stranger.say("1") == ["Connecting you to Room Service..."]
    assert stranger.state.status is ConversationStatus.RELAY
    assert [effect.department for effect in stranger.effects if isinstance(effect, RelayTo)] == [
        Department.ROOM_SERVICE
    ]
