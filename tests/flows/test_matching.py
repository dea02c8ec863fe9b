"""How forgivingly words and names are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows.matching import fold, same_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 1. ", "1"),
        ("Café!", "cafe"),
        ("SERVIÇOS", "servicos"),
        ("Straße", "strasse"),
        ("\u0661", "1"),
        ("  two   words ", "two words"),
        ("?!", ""),
        ("\ud800", ""),
    ],
)
def test_folding(text: str, expected: str) -> None:
    assert fold(text) == expected


@given(st.text(st.characters()))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("given_name", "booked"),
    [
        ("john doe", "John Doe"),
        ("Doe John", "John Doe"),
        ("Doe, John", "John Doe"),
        ("John Doe", "DOE, JOHN MICHAEL"),
        ("John   Doe ", "John Doe"),
        ("Jose Nunez", "José Núñez"),
        ("Jørgen Łukasz", "Jorgen Lukasz"),
        ("John Doe", "John Michael Doe"),
        ("John Michael Doe", "John Doe"),
        ("Doe John", "John Michael Doe"),
        ("Anne Marie OBrien", "Anne-Marie O'Brien"),
        ("obrien annemarie", "Anne-Marie O\u2019Brien"),
        ("O'Brien Ann", "Ann OBrien"),
        ("Maria Santos", "Maria João da Silva Santos"),
        ("Madonna", "madonna"),
        ("\u5f20\u4f1f", "\u5f20 \u4f1f"),
    ],
)
def test_the_same_name(given_name: str, booked: str) -> None:
    assert same_name(given_name, booked)


@pytest.mark.parametrize(
    ("given_name", "booked"),
    [
        ("Jane Doe", "John Doe"),
        ("John", "John Doe"),
        ("Doe", "John Doe"),
        ("John Michael", "John Michael Doe"),
        ("Michael Doe", "John Michael Doe"),
        ("John Peter Doe", "John Michael Doe"),
        ("Jane John Doe Roe", "John Doe"),
        ("John John", "John"),
        ("", "John Doe"),
        ("...", "John Doe"),
        ("", ""),
        ("---", "..."),
        ("John Doe", ""),
        ("\N{THUMBS UP SIGN}", "\N{THUMBS UP SIGN}"),
    ],
)
def test_another_name(given_name: str, booked: str) -> None:
    assert not same_name(given_name, booked)


NAMES = st.lists(st.from_regex(r"[a-zà-ö]{2,8}", fullmatch=True), min_size=2, max_size=5)


@given(NAMES.flatmap(lambda words: st.tuples(st.just(words), st.permutations(words))))
def test_the_order_of_words_and_their_case_never_matter(names: tuple[list[str], list[str]]) -> None:
    booked, shuffled = names

    assert same_name(" ".join(shuffled).upper(), " ".join(booked))


@given(NAMES)
def test_middle_names_may_be_left_out(words: list[str]) -> None:
    assert same_name(f"{words[0]} {words[-1]}", " ".join(words))
