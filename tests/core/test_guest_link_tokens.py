"""What a guest's link holds is signed as a whole: nothing in it can be another thing."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.links import GuestLinks, LinkTerms

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
END = int(NOW.timestamp()) + 3600
SECRET = "a-secret-of-the-tests-with-32-bytes-or-more"
TERMS = LinkTerms(id=7, stay_id=41, number="351912345678", expires=END)

links = GuestLinks(SECRET, "https://desk.example/", lambda: NOW)


def test_a_link_says_what_it_was_made_for() -> None:
    assert links.read(links.token(TERMS)) == TERMS


def test_what_is_secret_stands_behind_the_hash_where_no_server_sees_it() -> None:
    assert links.url(TERMS) == f"https://desk.example/guest/#token={links.token(TERMS)}"


@pytest.mark.parametrize(
    "other",
    [
        LinkTerms(id=8, stay_id=41, number="351912345678", expires=END),
        LinkTerms(id=7, stay_id=42, number="351912345678", expires=END),
        LinkTerms(id=7, stay_id=41, number="351912345679", expires=END),
        LinkTerms(id=7, stay_id=41, number="351912345678", expires=END + 1),
        LinkTerms(id=74, stay_id=1, number="351912345678", expires=END),
    ],
    ids=["id", "stay", "number", "end", "the same digits elsewhere"],
)
def test_a_signature_is_worth_nothing_under_other_terms(other: LinkTerms) -> None:
    signature = links.token(TERMS).rpartition(".")[2]
    plain = links.token(other).rpartition(".")[0]

    assert links.read(f"{plain}.{signature}") is None


def test_a_link_signed_with_another_secret_is_none() -> None:
    forger = GuestLinks("another-secret-of-the-tests-with-32-bytes", "https://desk.example", lambda: NOW)

    assert links.read(forger.token(TERMS)) is None


def test_a_link_has_run_out_at_its_very_end() -> None:
    def read_at(seconds: int) -> LinkTerms | None:
        at = datetime.fromtimestamp(seconds, UTC)
        return GuestLinks(SECRET, "https://desk.example", lambda: at).read(links.token(TERMS))

    assert read_at(END - 1) == TERMS
    assert read_at(END) is None


@given(st.text() | st.from_regex(r"\A[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\.[A-Za-z0-9_-]{43}\Z"))
def test_what_is_no_link_is_none(token: str) -> None:
    assert links.read(token) is None


@pytest.mark.parametrize("added", ["\n", " ", "=", ".", "\0", "é", "\ud800"])
def test_nothing_may_be_added_to_a_link(added: str) -> None:
    assert links.read(links.token(TERMS) + added) is None
    assert links.read(added + links.token(TERMS)) is None
