"""Text and JSON from outside is made safe to keep, and nothing more is done to it."""

import json
from collections.abc import Iterator

import pytest

from app.core.text import MAX_NESTING, clean, clean_json, is_blank, read_json

LARGEST = 4 * 1024 * 1024
BELOW = b"[" * 5000


@pytest.mark.parametrize("text", ["", "Olá \U0001f6bf", "a\tb\r\n", "\u202e\ufffe\U0010ffff", "<b> & {{x}}"])
def test_what_can_be_kept_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("bad", [0, 0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_what_cannot_be_kept_is_replaced_in_its_place(bad: int) -> None:
    assert clean(f"a{chr(bad)}b") == "a\ufffdb"


INVISIBLE = [
    "",
    " ",
    "\t\r\n",
    "\u00a0\u3000",
    "\u200b",
    "\u200d\ufeff\u2060",
    "\u202e",
    "\u2028",
    "\u3164",
    "\u2800\ufe0f",
]


@pytest.mark.parametrize("text", INVISIBLE)
def test_what_nobody_can_see_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text", ["a", "\u200b.", " 1 ", "\U0001f44d\ufe0f", "\U0001f468\u200d\U0001f469", "\ufffd", "\u0627"]
)
def test_what_shows_anything_is_not_blank(text: str) -> None:
    assert not is_blank(text)


def test_json_is_cleaned_in_keys_and_values_at_every_depth() -> None:
    assert clean_json({"a\x00": ["\ud800", {"b": float("nan")}, True, 1, 1.5, None]}) == {
        "a\ufffd": ["\ufffd", {"b": None}, True, 1, 1.5, None]
    }


def test_json_is_cut_below_the_depth_that_is_asked_for() -> None:
    assert clean_json([[["deep"]], "shallow"], depth=2) == [[None], "shallow"]


def test_json_is_read_as_tolerantly_as_can_be() -> None:
    body = (
        b'\xef\xbb\xbf{"a": NaN, "b": -Infinity, "c": 1e999, "d": 123456789012345678901234,'
        b' "e": 1, "e": 2, "f": "\xff"}'
    )
    assert read_json(body) == {"a": None, "b": None, "c": None, "d": "123456789012345678901234", "e": 2, "f": "\ufffd"}


@pytest.mark.parametrize("body", [b"", b"{", b"{} {}", b"'a'", b"[" * 100_000])
def test_what_is_no_json_says_so(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the words are the standard library's
        read_json(body)


def test_integers_of_64_bits_stay_integers() -> None:
    assert read_json(b"[9223372036854775807, -9223372036854775808, 9223372036854775808]") == [
        9223372036854775807,
        -9223372036854775808,
        "9223372036854775808",
    ]


def nested(depth: int) -> bytes:
    """Lists and objects in one another, with brackets and quotes in texts that mean nothing."""
    return rb'[{"]}\"":' * depth + b"1" + b"}]" * depth


def levels(value: object) -> Iterator[object]:
    while isinstance(value, list | dict):
        value = next(iter(value if isinstance(value, list) else value.values()))
        yield value


def test_what_is_nested_too_deeply_to_follow_is_cut_out_and_its_neighbours_stay() -> None:
    body = b'{"before": ["]}"], "deep": ' + nested(5000) + rb', "after\\": {"[{": "\"[\\"}, "flat": [[]]}'

    value = read_json(body)

    assert isinstance(value, dict)
    *_, deepest = followed = list(levels(value.pop("deep")))
    assert (len(followed), deepest) == (MAX_NESTING - 1, None)
    assert value == {"before": ["]}"], "after\\": {"[{": '"[\\'}, "flat": [[]]}


def test_what_can_be_followed_is_read_to_its_depth_whatever_its_neighbours() -> None:
    edge = b"[" * (MAX_NESTING - 1) + b"7" + b"]" * (MAX_NESTING - 1)

    assert read_json(b"[" + edge + b"," + nested(5000) + b"]")[0] == json.loads(edge)  # type: ignore[index]  # a list


@pytest.mark.parametrize(
    "repeated",
    [b"[", b'{"a":', b"]", b"[1],", b"}{", b'["', b'"', b'"[",', b"\\"],
)
@pytest.mark.parametrize("before", [b"", BELOW, BELOW + b'"'], ids=["top", "below", "text"])
def test_no_nesting_whatsoever_breaks_the_reader(before: bytes, repeated: bytes) -> None:
    body = before + repeated * (LARGEST // len(repeated))

    with pytest.raises(ValueError):  # noqa: PT011 -- the words are the standard library's
        read_json(body)


@pytest.mark.parametrize("escaped", [rb"\"", rb"\"[", rb"\\", rb"\\\"{"])
def test_a_text_below_is_passed_over_in_time(escaped: bytes) -> None:
    """In quadratic time this would not end today."""
    text = b'"' + escaped * (LARGEST // len(escaped))

    with pytest.raises(ValueError):  # noqa: PT011 -- the words are the standard library's
        read_json(BELOW + text)
    assert read_json(b"[1," + BELOW + text + b'"' + b"]" * 5000 + b", 2]") == [1, in_lists(MAX_NESTING - 1, None), 2]


def in_lists(depth: int, value: object) -> object:
    for _ in range(depth):
        value = [value]
    return value
