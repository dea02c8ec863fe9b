"""One person is one guest, however they write and whoever else names them."""

import asyncio
import json
from typing import Any

import pytest

from app.models import Account, Conversation, Guest, GuestIdentity
from tests.desk import GUEST, Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.hotel_files import hotel as hotel_file
from tests.hotel_files import loader
from tests.ledger import Ledger
from tests.world import HotelWorld, text_message, webhook_body

USER_ID = "PT.A1b2C3d4"
ROUNDS = 6
AT_ONCE = 6


def without_number(text: str) -> bytes:
    """A message of somebody who hides their number."""
    body = json.loads(webhook_body((SEA_VIEW_NUMBER, [text_message(text, GUEST)])))
    value = body["entry"][0]["changes"][0]["value"]
    del value["messages"][0]["from"]
    value["messages"][0]["from_user_id"] = USER_ID
    value["contacts"] = [{"profile": {"username": "johnny"}, "user_id": USER_ID}]
    return json.dumps(body).encode()


def with_both(text: str, place: str) -> bytes:
    """One of somebody who shows both: in the message, or only in the contact beside it."""
    body = json.loads(webhook_body((SEA_VIEW_NUMBER, [text_message(text, GUEST)])))
    value: dict[str, Any] = body["entry"][0]["changes"][0]["value"]
    if place == "message":
        value["messages"][0]["from_user_id"] = USER_ID
    else:
        value["contacts"][0]["user_id"] = USER_ID
    return json.dumps(body).encode()


@pytest.mark.parametrize("place", ["message", "contact"])
async def test_a_guest_who_hides_their_number_is_known_by_the_user_id_that_came_with_it(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, place: str
) -> None:
    await desk.say("Only my number")
    await desk.take(with_both("Both", place))

    await desk.take(without_number("Only my user id"))

    await ledger.row(Guest)
    await ledger.row(Conversation)
    assert [each.address for each in await ledger.rows(Account)] == [GUEST, USER_ID]
    said = [text for who, text in await ledger.transcript() if who == "guest"]
    assert said == ["Only my number", "Both", "Only my user id"]


async def test_an_import_and_a_first_message_at_once_make_one_guest_of_one_person(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    load = loader(ledger.database)
    for turn in range(ROUNDS):
        numbers = [f"3519123{turn:02}{number:03}" for number in range(AT_ONCE)]
        rows = [f"  - {{full_name: Booked {each}, whatsapp_number: '+{each}'}}" for each in numbers]
        await asyncio.gather(
            load(hotel_file("guests:", *rows)),
            *(desk.say("Hello", sender=each) for each in reversed(numbers)),
        )

    guests = {each.id: each.full_name for each in await ledger.rows(Guest)}
    assert len(guests) == ROUNDS * AT_ONCE
    known = {(each.value, each.guest_id) for each in await ledger.rows(GuestIdentity)}
    assert len(known) == len(guests)
    written = {(each.address, each.guest_id) for each in await ledger.rows(Account)}
    assert written == known
    assert {f"Booked {number}" for number, _ in known} == set(guests.values())
