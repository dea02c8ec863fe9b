"""Numbers: written by people, compared by digits, matched across their spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.phones import digits, read_phone, shown, variants

TWO_SPELLINGS = [
    pytest.param("5511987654321", "551187654321", id="Brazil, the ninth digit"),
    pytest.param("5215512345678", "525512345678", id="Mexico, 521 and 52"),
    pytest.param("5491123456789", "541123456789", id="Argentina, 549 and 54"),
]


@pytest.mark.parametrize(
    "written", ["+1234567890", "1234567890", "001234567890", "+1 (234) 567-890", " 1 234.567/890 "]
)
def test_a_number_reads_the_same_however_it_is_written(written: str) -> None:
    assert read_phone(written) == "1234567890"


@pytest.mark.parametrize(
    "written", ["", "+", "1234", "0912345678", "+1234567890123456", "call me", "+12345x", "++12345"]
)
def test_what_is_no_international_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a phone number"):
        read_phone(written)


def test_digits_passes_over_everything_else_and_knows_other_scripts() -> None:
    assert digits("tel: +٣٥١ (912) 345-678 x") == "351912345678"


def test_people_see_the_plus() -> None:
    assert shown("1234567890") == "+1234567890"


@pytest.mark.parametrize(("longer", "shorter"), TWO_SPELLINGS)
def test_both_spellings_of_a_line_lead_to_each_other(longer: str, shorter: str) -> None:
    assert variants(longer) == (longer, shorter)
    assert variants(shorter) == (shorter, longer)


@pytest.mark.parametrize("number", ["1234567890", "351912345678", "551132654321", "0987654321", "52155"])
def test_a_line_with_one_spelling_has_no_other(number: str) -> None:
    assert variants(number) == (number,)


@given(st.from_regex(r"(?:55|52|54)?[0-9]{5,13}", fullmatch=True))
def test_being_a_variant_is_mutual(number: str) -> None:
    assert variants(number)[0] == number
    for other in variants(number):
        assert set(variants(other)) == set(variants(number))
