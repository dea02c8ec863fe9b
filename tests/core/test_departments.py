"""A department is known by every form that the documents, addresses and people give its name."""

import unicodedata

import pytest

from app.core.types import Department


@pytest.mark.parametrize("department", Department)
def test_a_department_is_known_by_each_form_of_its_name(department: Department) -> None:
    printed = department.value
    forms = [printed, printed.upper(), printed.lower(), department.group, f" {printed} ", printed.replace(" ", "-")]

    assert [Department.named(form) for form in forms] == [department] * len(forms)


@pytest.mark.parametrize(
    "form", ["Café", "CAFÉ", "café", "cafe", "Cafe", "caf%C3%A9", "CAF%c3%89", unicodedata.normalize("NFD", "Café")]
)
def test_the_cafe_is_known_with_and_without_its_accent(form: str) -> None:
    assert Department.named(form) is Department.CAFE


@pytest.mark.parametrize(
    "name", ["", " ", "_", "Spa", "Room", "RoomService", "Reception2", "caf", "caf%", "caf%E9", "\ud800", "\x00"]
)
def test_a_name_that_is_none_is_none(name: str) -> None:
    assert Department.named(name) is None
