"""Secrets at rest: what a channel needs to talk to its provider is kept encrypted under the SECRET_KEY."""

import base64
from typing import Final, TypeVar

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

T = TypeVar("T")

# Names the purpose of the derived key: no other use of the SECRET_KEY can arrive at the same one.
_PURPOSE: Final = b"lobby/vault/1"


class SealBroken(Exception):
    """What was sealed cannot be read: under another SECRET_KEY, or damaged."""


class Vault:
    """Seals with the key made from ``secret``, and opens what any of ``older`` secrets sealed as well."""

    def __init__(self, secret: str, *older: str) -> None:
        self._fernet = MultiFernet([_fernet(each) for each in (secret, *older)])

    def seal(self, value: object) -> bytes:
        """A value that msgspec can encode, encrypted and authenticated. Sealing twice gives different bytes."""
        return self._fernet.encrypt(msgspec.json.encode(value))

    def open(self, sealed: bytes, kind: type[T]) -> T:
        """What ``seal`` was given, as ``kind``; nothing sealed (``b""``) is a ``kind`` of its defaults.

        Raises SealBroken.
        """
        if not sealed:
            return kind()
        try:
            return msgspec.json.decode(self._fernet.decrypt(sealed), type=kind)
        except (InvalidToken, msgspec.DecodeError) as error:
            raise SealBroken("A stored secret cannot be read with this SECRET_KEY.") from error


def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
