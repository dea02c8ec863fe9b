"""Of what somebody sent as much is kept as there is room for, and what is missing is counted."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.bounds import LEFT_OUT, cut, fitting, size_of
from app.core.text import clean_json

texts = st.text(st.characters(categories=None), max_size=40)
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | texts
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(texts, inner, max_size=20),
    max_leaves=60,
)


@given(st.dictionaries(texts, values, max_size=20), st.integers(100, 2_000))
def test_whatever_it_is_it_fits(value: dict[str, Any], room: int) -> None:
    kept = fitting(value, room)
    assert len(msgspec.json.encode(kept)) <= room
    if size_of(value) <= room:
        assert kept == clean_json(value)


def test_a_text_that_is_too_long_leaves_its_size() -> None:
    assert fitting({"kind": "hologram", "x": "y" * 2_900_000}) == {"kind": "hologram", "x": {LEFT_OUT: "2.9 MB"}}


def test_what_is_small_is_kept_beside_what_is_large() -> None:
    place = {"name": "n" * 90_000, "latitude": 1.5, "longitude": 2, "address": "a" * 9_000}
    assert fitting({"location": place})["location"] == place | {"name": {LEFT_OUT: "90 kB"}}


def test_of_a_long_list_the_first_entries_are_kept_and_the_others_counted() -> None:
    cards = [{"name": {"formatted_name": f"Guide {number}"}} for number in range(15_000)]
    *kept, rest = fitting({"contacts": cards})["contacts"]
    assert kept == cards[: len(kept)]
    assert len(kept) > 200
    assert rest == {LEFT_OUT: f"{15_000 - len(kept):,} more"}


def test_of_many_entries_some_are_kept_and_the_others_counted() -> None:
    kept = fitting({f"key {number}": number for number in range(100_000)})
    assert kept.pop(LEFT_OUT) == f"{100_000 - len(kept):,} more"
    assert len(kept) > 500


def test_what_is_deep_is_cut_where_it_is_large() -> None:
    deep: dict[str, Any] = {"end": "x" * 50_000, "code": 7}
    for _ in range(20):
        deep = {"in": deep}
    assert '"code": 7' in json.dumps(fitting(deep))


@pytest.mark.parametrize(("text", "left"), [("abc", "abc"), ("abcd", "abc…"), ("", "")])
def test_a_text_ends_in_an_ellipsis_where_it_was_cut(text: str, left: str) -> None:
    assert cut(text, 3) == left
