"""Secrets at rest: unreadable without the key, whole or not at all, and movable to a new key."""

import pytest

from app.channels.base import Credentials
from app.core.vault import SealBroken, Vault

SECRETS = Credentials(access_token="EAAG-demo", app_secret="app-demo", verify_token="verify-demo")


@pytest.fixture
def vault() -> Vault:
    return Vault("k" * 32)


def test_what_was_sealed_comes_back(vault: Vault) -> None:
    assert vault.open(vault.seal(SECRETS), Credentials) == SECRETS


def test_the_sealed_bytes_show_nothing(vault: Vault) -> None:
    assert b"demo" not in vault.seal(SECRETS)


def test_sealing_twice_gives_different_bytes(vault: Vault) -> None:
    assert vault.seal(SECRETS) != vault.seal(SECRETS)


def test_nothing_sealed_is_no_credentials(vault: Vault) -> None:
    assert vault.open(b"", Credentials) == Credentials()


def test_another_key_opens_nothing(vault: Vault) -> None:
    with pytest.raises(SealBroken):
        Vault("x" * 32).open(vault.seal(SECRETS), Credentials)


def test_a_changed_byte_is_noticed(vault: Vault) -> None:
    sealed = bytearray(vault.seal(SECRETS))
    sealed[20] ^= 1
    with pytest.raises(SealBroken):
        vault.open(bytes(sealed), Credentials)


def test_a_new_key_still_opens_what_the_old_one_sealed(vault: Vault) -> None:
    assert Vault("n" * 32, "k" * 32).open(vault.seal(SECRETS), Credentials) == SECRETS


def test_the_key_itself_is_not_the_secret() -> None:
    """Fernet takes a key of 32 bytes in base64 as it stands; ours is derived, so knowing one use tells no other."""
    secret = "a" * 43 + "="
    with pytest.raises(SealBroken):
        Vault("b" * 32).open(Vault(secret).seal(SECRETS), Credentials)
