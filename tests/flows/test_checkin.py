"""Check-in by chat: the name on the booking, a photo, then the desk confirms (contract 1, "Check-in Flow")."""

import pytest

from app.core.types import ConversationStatus, Department, MessageType
from app.flows.definition import FlowBook
from app.flows.player import Player
from app.flows.types import Facts, FlowState, GuestInput, RelayTo, StoreDocument, SubmitCheckin
from tests.flows.conftest import Guest

ASK_NAME = "Welcome to Sea View! To check you in, please tell us your full name as it stands on your booking."
ASK_DOCUMENT = "Please upload a photo of your ID document."
NAME_RETRY = (
    "We could not match that to the booking. "
    'Please type your full name as it stands there, or "reception" to talk to a colleague.'
)
DOCUMENT_RETRY = (
    "To go on we need a photo or a scan of your ID document. "
    'Please send it here, or type "reception" to talk to a colleague.'
)


def test_the_first_message_is_asked_for_the_name(arriving: Guest) -> None:
    guest = arriving()

    assert guest.say("Hello") == [ASK_NAME]
    assert guest.state == FlowState(status=ConversationStatus.CHECKIN, flow="checkin", step="start")


def test_the_right_name_is_kept_and_leads_to_the_document(arriving: Guest) -> None:
    guest = arriving()
    guest.say("Hello")

    assert guest.say("  john  michael doe ") == [ASK_DOCUMENT]
    assert guest.state.step == "collect_documents"
    assert guest.state.context == {"guest_name": "john michael doe"}


def test_a_wrong_name_is_asked_again(arriving: Guest) -> None:
    guest = arriving()
    guest.say("Hello")

    assert guest.say("Jane Roe") == [NAME_RETRY]
    assert (guest.state.status, guest.state.step) == (ConversationStatus.CHECKIN, "start")


def test_the_name_may_come_right_at_the_third_attempt(arriving: Guest) -> None:
    guest = arriving()
    for text in ("Hello", "Jane Roe", "Jim Roe"):
        guest.say(text)

    assert guest.say("John Doe") == [ASK_DOCUMENT]
    assert guest.state.context == {"guest_name": "John Doe"}


def test_three_wrong_names_go_to_reception(arriving: Guest) -> None:
    guest = arriving()
    for text in ("Hello", "Jane Roe", "Jim Roe"):
        guest.say(text)

    assert guest.say("Joe Roe") == [
        "We could not find that name on the booking. A colleague from Reception will help you from here."
    ]
    assert guest.state.status is ConversationStatus.RELAY
    assert guest.state.context == {}  # whoever comes back from the relay has three attempts again
    (relay,) = guest.effects
    assert isinstance(relay, RelayTo)
    assert relay.department is Department.RECEPTION


@pytest.mark.parametrize(
    "message",
    [
        GuestInput(text="   "),
        GuestInput(type=MessageType.STICKER),
        GuestInput(type=MessageType.IMAGE, has_media=True, text="John Doe"),
        GuestInput(type=MessageType.INTERACTIVE, choice="room_service", text="Room Service"),
    ],
    ids=["blank", "sticker", "photo", "old button"],
)
def test_what_is_no_name_is_asked_again_and_counts_as_no_attempt(arriving: Guest, message: GuestInput) -> None:
    guest = arriving()
    guest.say("Hello")

    for _ in range(4):
        assert guest.texts(message) == [NAME_RETRY]
    assert guest.state.context == {}


@pytest.mark.parametrize("kind", [MessageType.IMAGE, MessageType.DOCUMENT])
def test_a_photo_or_file_finishes_the_guests_part(arriving: Guest, kind: MessageType) -> None:
    guest = arriving()
    guest.say("Hello")
    guest.say("John Doe")

    outcome = guest.send(GuestInput(type=kind, has_media=True, text="My ID document"))

    assert [reply.text for reply in outcome.replies] == [
        "Thank you, John Doe. Our front desk will confirm your check-in shortly."
    ]
    assert outcome.effects == (StoreDocument(), SubmitCheckin())
    assert (outcome.state.status, outcome.state.step) == (ConversationStatus.ACTIVE, "finalize_checkin")


@pytest.mark.parametrize(
    "message",
    [
        GuestInput(text="here you are"),
        GuestInput(type=MessageType.AUDIO, has_media=True),
        GuestInput(type=MessageType.VIDEO, has_media=True),
        GuestInput(type=MessageType.STICKER, has_media=True),
        GuestInput(type=MessageType.LOCATION),
        GuestInput(type=MessageType.IMAGE, has_media=False),
    ],
    ids=["text", "voice", "video", "sticker", "location", "photo without a file"],
)
def test_what_is_no_document_is_asked_again(arriving: Guest, message: GuestInput) -> None:
    guest = arriving()
    guest.say("Hello")
    guest.say("John Doe")

    assert guest.texts(message) == [DOCUMENT_RETRY]
    assert guest.state.step == "collect_documents"
    assert guest.effects == []


def test_after_check_in_the_next_message_gets_the_services_menu(arriving: Guest) -> None:
    guest = arriving()
    for text in ("Hello", "John Doe"):
        guest.say(text)
    guest.send_photo()

    (menu,) = guest.say("And now?")

    assert menu.startswith("How can we assist you today?")
    assert (guest.state.flow, guest.state.step) == ("services", "start")


@pytest.mark.parametrize("before", [[], ["Hello"], ["Hello", "John Doe"]], ids=["at first", "name", "document"])
@pytest.mark.parametrize("word", ["reception", "Help!", "Receção", "recepcion", "réception", "REZEPTION"])
def test_a_guest_may_ask_for_reception_at_any_step(arriving: Guest, before: list[str], word: str) -> None:
    guest = arriving()
    for text in before:
        guest.say(text)

    assert guest.say(word) == ["Connecting you to Reception..."]
    assert guest.state.status is ConversationStatus.RELAY
    assert guest.effects == [RelayTo(department=Department.RECEPTION, reason="Asked for during check-in")]


def test_services_is_no_way_around_check_in(arriving: Guest) -> None:
    guest = arriving()
    guest.say("Hello")

    assert guest.say("services") == [NAME_RETRY]


def test_a_guest_whom_the_desk_has_confirmed_meanwhile_is_asked_for_nothing(book: FlowBook) -> None:
    confirmed = Facts(hotel_name="Sea View", booking_name="John Doe", has_stay=True)
    waiting = FlowState(status=ConversationStatus.CHECKIN, flow="checkin", step="collect_documents")
    guest = Player(book, confirmed, waiting)

    (menu,) = guest.say("Hello")

    assert menu.startswith("How can we assist you today?")
    assert guest.state.status is ConversationStatus.ACTIVE


def test_a_booking_without_a_name_goes_to_people_after_three_attempts(arriving: Guest) -> None:
    guest = arriving(booking_name="")
    for text in ("Hello", "John Doe", "..."):
        guest.say(text)

    guest.say("John Doe")

    assert guest.state.status is ConversationStatus.RELAY
