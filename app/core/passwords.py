"""Passwords: what one may be, and its argon2id hash (RFC 9106; the costs are OWASP's: 19 MiB, two passes, one lane).

Hashing takes some 30 ms of a core, so call it from a thread (``services/hashing.py``).
"""

import secrets
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.text import clean

MAX_PASSWORD_BYTES: Final = 1024
MIN_NEW_PASSWORD: Final = 8
"""Characters (NIST SP 800-63B, 3.1.1.2)."""

_ARGON2ID: Final = "$argon2id$"
_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def password_fault(password: str) -> str | None:
    """Why this cannot be anybody's password, as the end of a sentence about it; None where it can."""
    if not password:
        return "must not be empty"
    if clean(password) != password:
        return "must have no NUL character and no half of a surrogate pair"
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        return f"must have at most {MAX_PASSWORD_BYTES} bytes"
    return None


def new_password_fault(password: str) -> str | None:
    """The same for one that somebody chooses now. What was chosen before goes on."""
    if not (fault := password_fault(password)) and len(password) < MIN_NEW_PASSWORD:
        return f"must have at least {MIN_NEW_PASSWORD} characters"
    return fault


def hash_password(password: str) -> str:
    """The hash to keep. Raises ValueError for what ``password_fault`` finds."""
    _refuse_faults(password)
    return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one that ``stored`` was made from.

    Nobody (None) and a user without a password cost as much time as a wrong password does, so that the time tells no
    user names. Raises ValueError for what ``password_fault`` finds.
    """
    _refuse_faults(password)
    known = stored is not None and stored.startswith(_ARGON2ID)
    try:
        _hasher.verify(stored if stored is not None and known else _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return known


def needs_rehash(stored: str) -> bool:
    """Whether a hash that has just been verified was made at other costs than today's."""
    return _hasher.check_needs_rehash(stored)


def _refuse_faults(password: str) -> None:
    if fault := password_fault(password):
        raise ValueError(f"the password {fault}")


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())
