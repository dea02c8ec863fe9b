"""Which language a guest reads, and what stands in for placeholders."""

import pytest

from app.flows.definition import FlowBook
from app.flows.player import Player
from app.flows.texts import in_language, render
from app.flows.types import Facts, GuestInput
from tests.flows.conftest import Guest

FACTS = Facts(hotel_name="Sea View", guest_name="Ana")


@pytest.mark.parametrize("language", ["pt", "pt-BR", "pt_PT", "PT", "PT-br"])
def test_a_regional_language_reads_its_main_one(language: str) -> None:
    assert in_language({"en": "Hello", "pt": "Olá"}, language) == "Olá"


@pytest.mark.parametrize("language", ["ja", "", "-", "en-GB", "x" * 1000])
def test_a_language_that_is_not_there_reads_english(language: str) -> None:
    assert in_language({"en": "Hello", "pt": "Olá"}, language) == "Hello"


def test_menu_and_labels_come_in_the_guests_language(book: FlowBook) -> None:
    player = Player(book, Facts(hotel_name="Sea View", language="pt-BR", has_stay=True))

    (menu,) = player.send(GuestInput(text="olá")).replies

    assert menu.text.startswith("Como podemos ajudar hoje?")
    assert [option.label for option in menu.options] == ["Serviço de quartos", "Limpeza", "Receção", "Outro"]


@pytest.mark.parametrize("language", ["en", "pt", "es", "fr", "de"])
def test_every_text_of_lobbys_own_flows_is_there_in_five_languages(book: FlowBook, language: str) -> None:
    for flow in book.flows.values():
        for step in flow.steps.values():
            texts = [step.text, *(option.label for option in step.options)]
            texts += [text for text in (step.retry, step.reminder and step.reminder.text) if text]
            assert all(language in text for text in texts)


def test_placeholders_are_filled() -> None:
    assert render({"en": "Hi {guest_name}, this is {hotel_name}."}, FACTS, {}) == "Hi Ana, this is Sea View."


def test_what_the_conversation_knows_stands_before_the_facts() -> None:
    assert render({"en": "Hi {guest_name}"}, FACTS, {"guest_name": "Bea"}) == "Hi Bea"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thank you, {room_number}.", "Thank you."),
        ("Room {room_number} is ready", "Room is ready"),
        ("{room_number}, hello", "hello"),
    ],
)
def test_a_missing_value_leaves_no_trace(text: str, expected: str) -> None:
    assert render({"en": text}, FACTS, {}) == expected


@pytest.mark.parametrize("value", [{"a": 1}, ["x"], 7, True, None])
def test_a_value_that_is_no_text_is_missing(value: object) -> None:
    assert render({"en": "Hi {guest_name}!"}, Facts(hotel_name="Sea View"), {"guest_name": value}) == "Hi!"


@pytest.mark.parametrize("name", ["{hotel_name}", "{0.__class__}", "{{x}}", "{", "%s", r"\1"])
def test_braces_in_a_value_mean_nothing(name: str) -> None:
    assert render({"en": "Hi {guest_name}!"}, FACTS, {"guest_name": name}) == f"Hi {name}!"


def test_a_name_with_braces_is_shown_as_the_guest_wrote_it(arriving: Guest) -> None:
    guest = arriving(booking_name="John Doe")
    guest.say("Hello")
    guest.say("John {Doe}")

    assert guest.send_photo() == ["Thank you, John {Doe}. Our front desk will confirm your check-in shortly."]
