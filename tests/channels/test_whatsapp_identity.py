"""Who wrote is told from the message itself, and named by the contact of that number or user id."""

from typing import Any

import pytest

from app.channels.items import Sender
from tests.channels.whatsapp_payloads import GUEST, GUEST_USER_ID, contact, read_message, text


def sender(raw: dict[str, Any], *contacts: object) -> Sender:
    return read_message(raw, contacts=list(contacts)).sender


def without_number(**more: Any) -> dict[str, Any]:
    raw = text("hello", **more)
    del raw["from"]
    return raw


def test_a_guest_with_a_number_is_answered_there() -> None:
    assert sender(text("hello"), contact(user_id=GUEST_USER_ID)) == Sender(
        address=GUEST, phone=GUEST, provider_phone=GUEST, user_id=GUEST_USER_ID, name="Inês Prado"
    )


def test_contacts_are_matched_by_number_and_never_by_place() -> None:
    others = contact("Somebody Else", "351912000999"), contact()
    assert sender(text("hello"), *others).name == "Inês Prado"
    assert sender(text("hello"), contact("Somebody Else", "351912000999")).name is None


@pytest.mark.parametrize(
    ("writes_as", "known_as"),
    [("5511987654321", "551187654321"), ("525512345678", "5215512345678"), ("541112345678", "5491112345678")],
)
def test_the_two_spellings_of_a_number_are_one_guest_answered_where_they_wrote_from(
    writes_as: str, known_as: str
) -> None:
    found = sender(text("olá") | {"from": writes_as}, contact("Caio", known_as))
    assert found == Sender(address=writes_as, phone=writes_as, provider_phone=known_as, name="Caio")


def test_a_guest_without_a_number_is_answered_by_user_id() -> None:
    person = {"profile": {"username": "lio.tarn"}, "user_id": GUEST_USER_ID}
    assert sender(without_number(from_user_id=GUEST_USER_ID), contact(), person) == Sender(
        address=GUEST_USER_ID, user_id=GUEST_USER_ID, name="lio.tarn"
    )


@pytest.mark.parametrize(
    "contacts", [[], [None], ["x"], [{}], [{"wa_id": None}], [{"profile": []}], [contact(name="  ")]]
)
def test_a_guest_whose_contact_says_nothing_has_no_name(contacts: list[object]) -> None:
    found = sender(text("hello"), *contacts)
    assert (found.address, found.name) == (GUEST, None)


def test_contacts_may_be_missing() -> None:
    assert read_message(text("hello"), contacts=None).sender == Sender(address=GUEST, phone=GUEST)


def test_a_long_name_is_cut() -> None:
    assert sender(text("hello"), contact("n" * 500)).name == "n" * 200


def test_a_message_in_a_group_names_its_group_and_its_writer() -> None:
    item = read_message(text("hello", group_id="GROUP7"))
    assert (item.group, item.sender.address) == ("GROUP7", GUEST)
