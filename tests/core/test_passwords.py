import time

import argon2
import pytest

from app.core.passwords import hash_password, needs_rehash, password_fault, verify_password

RIGHT = "correct horse, battery staple"


@pytest.mark.parametrize("password", [RIGHT, "p", "пароль", "🗝️", " ", "x" * 1024])
def test_a_password_is_recognised_and_no_other_is(password: str) -> None:
    stored = hash_password(password)

    assert verify_password(stored, password)
    assert not verify_password(stored, password[:-1] + "!")


def test_a_hash_is_argon2id_and_has_a_salt_of_its_own() -> None:
    one, other = hash_password(RIGHT), hash_password(RIGHT)

    assert one.startswith("$argon2id$")
    assert one != other


@pytest.mark.parametrize("password", ["", "x" * 1025, "é" * 513, "with\x00NUL", "half a \ud800 pair"])
def test_what_can_be_no_password_is_refused_before_it_is_hashed(password: str) -> None:
    assert password_fault(password)
    with pytest.raises(ValueError, match="password"):
        hash_password(password)
    with pytest.raises(ValueError, match="password"):
        verify_password(None, password)


@pytest.mark.parametrize("stored", [None, "", "!", RIGHT, "$argon2id$", "$argon2id$v=19$m=1", "$2b$12$abc"])
def test_without_a_usable_hash_no_password_is_right(stored: str | None) -> None:
    assert not verify_password(stored, RIGHT)


@pytest.mark.parametrize("stored", [None, "", "!"])
def test_nobody_costs_as_much_work_as_a_wrong_password(stored: str | None) -> None:
    somebody = hash_password(RIGHT)

    def work(stored: str | None) -> float:
        began = time.thread_time()
        verify_password(stored, "wrong")
        return time.thread_time() - began

    assert min(work(stored) for _ in range(5)) > min(work(somebody) for _ in range(5)) / 3


def test_a_hash_of_other_costs_is_still_verified_and_to_be_renewed() -> None:
    older = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(RIGHT)

    assert verify_password(older, RIGHT)
    assert needs_rehash(older)
    assert not needs_rehash(hash_password(RIGHT))
