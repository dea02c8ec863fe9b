"""A file that people write is refused with the line of each fault."""

import datetime
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from app.core.yaml_source import Problem, SourceError, parse, read


class Room(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: str
    floor: int = 0


class Hotel(BaseModel):
    name: str
    rooms: list[Room]
    opened: datetime.date | None = None
    contact: Room | str | None = None


GOOD = """\
name: Sea View
opened: 2026-11-19
rooms:
  - number: "101"
    floor: 1
  - number: "102"
"""


def refusal(content: str | bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        parse(content, "hotel.yaml")
    return caught.value


def invalid(content: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        parse(content, "hotel.yaml").validate(Hotel)
    return caught.value


def test_a_good_file_becomes_its_model() -> None:
    hotel = parse(GOOD, "hotel.yaml").validate(Hotel)

    assert hotel.opened == datetime.date(2026, 11, 19)
    assert [room.number for room in hotel.rooms] == ["101", "102"]


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ((), 1),
        (("name",), 1),
        (("rooms",), 3),
        (("rooms", 0), 4),
        (("rooms", 0, "floor"), 5),
        (("rooms", 1, "number"), 6),
        (("rooms", 1, "floor"), 6),
        (("rooms", 7), 3),
        (("gone", "rooms", "Room", 1), 6),
    ],
)
def test_a_location_has_the_line_of_the_nearest_value_that_is_there(location: tuple[int | str, ...], line: int) -> None:
    assert parse(GOOD, "hotel.yaml").line(location) == line


def test_a_wrong_and_a_missing_field_are_told_together() -> None:
    error = invalid(GOOD.replace('"102"', "102").replace("name: Sea View\n", ""))

    assert str(error) == (
        "hotel.yaml:1: name: Field required\nhotel.yaml:5: rooms.1.number: Input should be a valid string"
    )


def test_an_unknown_field_is_told_at_its_own_line() -> None:
    assert invalid(GOOD + "    view: sea\n").problems == (Problem(7, "rooms.1.view", "Extra inputs are not permitted"),)


def test_a_branch_of_a_union_does_not_hide_the_line() -> None:
    assert {problem.line for problem in invalid(GOOD + "contact:\n  number: 1\n").problems} == {7, 8}


def test_a_refusal_does_not_repeat_values() -> None:
    assert "hunter2" not in str(invalid(GOOD + "contact: {number: 1, secret: hunter2}\n"))


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is given twice, first on line 1"),
        ("a: 1\n'a': 2\n", 2, "the key 'a' is given twice, first on line 1"),
        ("a: {b: 1, c: 2, b: 3}\n", 1, "the key 'b' is given twice, first on line 1"),
        ("- a: 1\n- b: 1\n  b: 2\n", 3, "the key 'b' is given twice, first on line 2"),
        ("a: 1\nb: [1, 2\n", 3, "expected ',' or ']'"),
        ("a: 1\n\tb: 2\n", 2, "cannot start any token"),
        ("a: 1\nb: 2026-13-45\n", 2, "month must be in 1..12"),
        ("a: 1\nb: " + "9" * 5000 + "\n", 2, "Exceeds the limit"),
        ("a: 1\nb: !!python/object/apply:os.getcwd []\n", 2, "could not determine a constructor"),
        ("a: 1\n? [x]\n: 2\n", 2, "unhashable key"),
        ("a: 1\nb: *gone\n", 2, "undefined alias"),
        ("a: 1\n---\nb: 2\n", 2, "expected a single document"),
        ("a: 1\nb: \0\n", 2, "special characters are not allowed"),
        ("a: 1\nb: \ud800\n", 2, "special characters are not allowed"),
        (b"a: 1\nb: \xff\n", 2, "not UTF-8"),
        ("[" * 5000, 1, "nested too deeply"),
    ],
)
def test_what_is_no_usable_yaml_is_refused_with_its_line(content: str | bytes, line: int, what: str) -> None:
    (problem,) = refusal(content).problems

    assert problem.line == line
    assert what in problem.message


def test_only_true_and_false_are_booleans() -> None:
    assert parse("[no, yes, on, off, true, False]", "x").value == ["no", "yes", "on", "off", True, False]


def test_an_empty_file_has_no_value() -> None:
    assert parse("# nothing\n", "x").value is None
    assert [problem.line for problem in invalid("").problems] == [1]


def test_a_merge_is_no_double_key_and_the_nearer_value_has_the_line() -> None:
    source = parse("base: &base\n  a: 1\n  b: 2\nroom:\n  <<: *base\n  a: 3\n", "x")

    assert source.value["room"] == {"a": 3, "b": 2}
    assert (source.line(("room", "a")), source.line(("room", "b"))) == (6, 3)


def test_a_file_is_read_by_its_path_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "hotel.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + "name: Café".encode())

    source = read(path)

    assert source.value == {"name": "Café"}
    assert source.name == str(path)
