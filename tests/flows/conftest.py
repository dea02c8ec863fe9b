from collections.abc import Callable

import pytest

from app.flows.definition import FlowBook
from app.flows.loader import load_book
from app.flows.player import Player
from app.flows.types import Facts

Guest = Callable[..., Player]


@pytest.fixture(scope="session")
def book() -> FlowBook:
    """Lobby's own flows."""
    return load_book()


@pytest.fixture
def stranger(book: FlowBook) -> Player:
    return Player(book, Facts(hotel_name="Sea View"))


@pytest.fixture
def resident(book: FlowBook) -> Player:
    return Player(book, Facts(hotel_name="Sea View", guest_name="John Doe", room_number="101", has_stay=True))


@pytest.fixture
def arriving(book: FlowBook) -> Guest:
    """A guest whose check-in is due, by default John Michael Doe's."""

    def make(booking_name: str = "John Michael Doe", language: str = "en") -> Player:
        facts = Facts(
            hotel_name="Sea View", booking_name=booking_name, language=language, has_stay=True, checkin_due=True
        )
        return Player(book, facts)

    return make
