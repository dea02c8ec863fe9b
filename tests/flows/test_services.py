"""A guest who stays here gets the menu, and behind it people (contract 1, "Services Trigger", "Relay Initiation")."""

import pytest

from app.core.types import ConversationStatus, Department, MessageType
from app.flows.definition import FlowBook
from app.flows.player import Player
from app.flows.types import FlowState, GuestInput, Option, RelayTo

MENU = "How can we assist you today? 1. Room Service 2. Housekeeping 3. Reception 4. Other"
SORRY = "Sorry, I did not understand that. Please answer with a number from 1 to 4, or choose from the menu."


def test_a_guest_who_stays_begins_active(resident: Player) -> None:
    assert (resident.state.status, resident.state.flow) == (ConversationStatus.ACTIVE, "services")


@pytest.mark.parametrize("text", ["Hello", "services", "1", "room service", ""])
def test_any_first_message_gets_the_menu(resident: Player, text: str) -> None:
    assert resident.say(text) == [MENU]
    assert (resident.state.status, resident.state.step) == (ConversationStatus.ACTIVE, "start")


def test_the_menu_carries_its_options_for_buttons(resident: Player) -> None:
    (menu,) = resident.send(GuestInput(text="Hello")).replies

    assert menu.options == (
        Option(id="room_service", number=1, label="Room Service"),
        Option(id="housekeeping", number=2, label="Housekeeping"),
        Option(id="reception", number=3, label="Reception"),
        Option(id="other", number=4, label="Other"),
    )


@pytest.mark.parametrize(
    ("answer", "step", "text", "department"),
    [
        ("1", "start_relay_room_service", "Connecting you to Room Service...", Department.ROOM_SERVICE),
        ("2", "start_relay_housekeeping", "Connecting you to Housekeeping...", Department.HOUSEKEEPING),
        ("3", "start_relay_reception", "Connecting you to Reception...", Department.RECEPTION),
        ("4", "start_relay_reception", "Connecting you to Reception...", Department.RECEPTION),
    ],
)
def test_a_number_hands_over_to_its_department(
    resident: Player, answer: str, step: str, text: str, department: Department
) -> None:
    resident.say("Hello")

    assert resident.say(answer) == [text]
    assert (resident.state.status, resident.state.flow, resident.state.step) == (
        ConversationStatus.RELAY,
        "services",
        step,
    )
    assert resident.effects == [RelayTo(department=department, reason="Chosen from the services menu")]


@pytest.mark.parametrize(
    "answer",
    [
        "1.",
        " 1 ",
        "1)",
        "#1",
        "\uff11",
        "1\ufe0f\u20e3",
        "ROOM   service!",
        "1. Room Service",
        "servico de quartos",
        "Zimmerservice",
    ],
)
def test_an_option_is_selected_however_it_is_written(resident: Player, answer: str) -> None:
    resident.say("Hello")

    assert resident.say(answer) == ["Connecting you to Room Service..."]


def test_a_button_selects_by_its_id(resident: Player) -> None:
    resident.say("Hello")

    assert resident.press("housekeeping") == ["Connecting you to Housekeeping..."]


def test_a_button_of_yesterdays_menu_still_selects(resident: Player) -> None:
    assert resident.press("housekeeping") == ["Connecting you to Housekeeping..."]


@pytest.mark.parametrize("answer", ["5", "0", "11", "1 2", "-", "pizza please", "   ", "\N{THUMBS UP SIGN}"])
def test_a_wrong_answer_is_asked_again_with_the_menu(resident: Player, answer: str) -> None:
    resident.say("Hello")

    (reply,) = resident.send(GuestInput(text=answer)).replies

    assert reply.text == f"{SORRY}\n\n{MENU}"
    assert [option.number for option in reply.options] == [1, 2, 3, 4]
    assert resident.state.step == "start"


@pytest.mark.parametrize(
    "kind", [MessageType.STICKER, MessageType.IMAGE, MessageType.LOCATION, MessageType.UNSUPPORTED]
)
def test_what_is_no_answer_is_asked_again(resident: Player, kind: MessageType) -> None:
    resident.say("Hello")

    assert resident.texts(GuestInput(type=kind, has_media=True)) == [f"{SORRY}\n\n{MENU}"]


def test_services_shows_the_menu_again_without_a_sorry(resident: Player) -> None:
    resident.say("Hello")

    assert resident.say("services") == [MENU]


def test_after_a_relay_has_ended_the_menu_comes_again(book: FlowBook, resident: Player) -> None:
    ended = FlowState(status=ConversationStatus.ACTIVE, flow="services", step="start_relay_room_service")
    back = Player(book, resident.facts, ended)

    assert back.say("thanks") == [MENU]
