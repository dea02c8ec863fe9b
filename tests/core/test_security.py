import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Unauthenticated
from app.core.security import (
    ACCESS_LIFETIME,
    AccessClaims,
    csrf_token,
    digest,
    issue_access_token,
    new_secret,
    read_access_token,
    same,
)

SECRET = "a secret of the tests, long enough to sign"
NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
SESSION = UUID("0b8f4c8e-5d0a-4f4e-9a51-1f6f0c3c2b11")
CLAIMS = AccessClaims(user_id=7, session_id=SESSION)
HEADER = {"alg": "HS256", "typ": "JWT"}
PAYLOAD: dict[str, Any] = {
    "iss": "lobby",
    "aud": "lobby",
    "kind": "access",
    "sub": "7",
    "sid": str(SESSION),
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 900,
}

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM, PUBLIC_DER = (
    RSA_KEY.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
)


def encoded(part: bytes | dict[str, Any] | list[Any]) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(
    payload: bytes | dict[str, Any] | list[Any],
    header: bytes | dict[str, Any] | list[Any] = HEADER,
    *,
    key: bytes = SECRET.encode(),
    kind: Callable[[], Any] = hashlib.sha256,
) -> str:
    """A token as somebody else's library might sign it."""
    signed = f"{encoded(header)}.{encoded(payload)}"
    return f"{signed}.{encoded(hmac.new(key, signed.encode(), kind).digest())}"


def signed_by_rsa() -> str:
    signed = f"{encoded({'alg': 'RS256', 'typ': 'JWT'})}.{encoded(PAYLOAD)}"
    return f"{signed}.{encoded(RSA_KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def without(claim: str) -> str:
    return forged({name: value for name, value in PAYLOAD.items() if name != claim})


def saying(**claims: object) -> str:
    return forged({**PAYLOAD, **claims})


def headed(**header: object) -> str:
    return forged(PAYLOAD, {**HEADER, **header})


GOOD = forged(PAYLOAD)
UNSIGNED = f"{encoded(PAYLOAD)}."

BAD_TOKENS = {
    "empty": "",
    "a space": " ",
    "a word": "token",
    "dots alone": "..",
    "two parts": ".".join(GOOD.split(".")[:2]),
    "four parts": GOOD + ".more",
    "five parts, as encrypted": "a.b.c.d.e",
    "no signature": ".".join(GOOD.split(".")[:2]) + ".",
    "alg none": f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{UNSIGNED}",
    "alg NONE": f"{encoded({'alg': 'NONE', 'typ': 'JWT'})}.{UNSIGNED}",
    "alg none with a signature": forged(PAYLOAD, {"alg": "none", "typ": "JWT"}),
    "no alg": forged(PAYLOAD, {"typ": "JWT"}),
    "alg is a list": headed(alg=["HS256"]),
    "alg is null": headed(alg=None),
    "signed with HS512": forged(PAYLOAD, {"alg": "HS512", "typ": "JWT"}, kind=hashlib.sha512),
    "signed with HS384": forged(PAYLOAD, {"alg": "HS384", "typ": "JWT"}, kind=hashlib.sha384),
    "signed by an RSA key": signed_by_rsa(),
    "a public key in PEM as secret": forged(PAYLOAD, key=PUBLIC_PEM),
    "a public key in DER as secret": forged(PAYLOAD, key=PUBLIC_DER),
    "RS256 over a public key in DER as secret": forged(PAYLOAD, {"alg": "RS256", "typ": "JWT"}, key=PUBLIC_DER),
    "an empty secret": forged(PAYLOAD, key=b""),
    "another secret": forged(PAYLOAD, key=b"another secret, also long enough to sign"),
    "crit": headed(crit=["exp"]),
    "crit of something unknown": headed(crit=["b64"], b64=False),
    "a key of its own": headed(jwk={"kty": "oct", "k": encoded(b"x" * 32)}),
    "a key's address": headed(jku="https://example.com/keys", kid="1"),
    "a key's path": headed(kid="../../dev/null"),
    "header is a list": forged(PAYLOAD, ["HS256"]),
    "header is no JSON": forged(PAYLOAD, b"HS256"),
    "header is no UTF-8": forged(PAYLOAD, b"\xff\xfe"),
    "payload is a list": forged([PAYLOAD]),
    "payload is no JSON": forged(b"{"),
    "payload is no UTF-8": forged(b'{"sub": "\xff"}'),
    "payload is nested beyond measure": forged(b"[" * 1400),
    "expired": saying(exp=int(NOW.timestamp()) - 1),
    "expires now": saying(exp=int(NOW.timestamp())),
    "no exp": without("exp"),
    "no iat": without("iat"),
    "no aud": without("aud"),
    "no iss": without("iss"),
    "no sub": without("sub"),
    "no sid": without("sid"),
    "no kind": without("kind"),
    "exp is a text": saying(exp=str(PAYLOAD["exp"])),
    "exp is null": saying(exp=None),
    "exp is true": saying(exp=True),
    "exp is endless": forged(json.dumps(PAYLOAD).replace(str(PAYLOAD["exp"]), "1e999").encode()),
    "exp is no number": forged(json.dumps(PAYLOAD).replace(str(PAYLOAD["exp"]), "NaN").encode()),
    "iat is a text": saying(iat="yesterday"),
    "aud of another service": saying(aud="other"),
    "aud is a list": saying(aud=["lobby", "other"]),
    "iss of another service": saying(iss="https://example.com"),
    "a refresh token's kind": saying(kind="refresh"),
    "a guest's kind": saying(kind="guest"),
    "kind is true": saying(kind=True),
    "sub is a number": saying(sub=7),
    "sub is empty": saying(sub=""),
    "sub is no id": saying(sub="rita"),
    "sub is zero": saying(sub="0"),
    "sub is negative": saying(sub="-7"),
    "sub in other digits": saying(sub="\u0667"),
    "sub with a line's end": saying(sub="7\n"),
    "sub beyond 64 bits": saying(sub="9" * 400),
    "sub is a list": saying(sub=["7"]),
    "sid is no UUID": saying(sid="7"),
    "sid is a number": saying(sid=7),
    "sid has a lone surrogate": saying(sid="\ud800"),
    "an opaque refresh token": new_secret(),
    "a lone surrogate": GOOD + "\ud800",
    "a lone surrogate alone": "\udfff",
    "not ASCII": GOOD.replace("e", "é", 1),
    "digits of another script": GOOD + "\u0663",
    "NUL": GOOD + "\x00",
    "a line's end": GOOD + "\n",
    "padding": GOOD + "=",
    "rubbish inside the signature": GOOD[:-5] + "!*" + GOOD[-5:],
    "plain base64": GOOD[:-1] + "/",
    "with its scheme": "Bearer " + GOOD,
    "huge": GOOD + "A" * 100_000,
    "huge, all dots": "." * 100_000,
    "longer than any of ours": saying(note="x" * 2048),
}


def test_a_token_of_ours_is_read_as_it_was_issued() -> None:
    token = issue_access_token(SECRET, CLAIMS, NOW)

    assert read_access_token(SECRET, token, NOW) == CLAIMS


def test_the_forger_of_these_tests_can_sign_so_that_only_what_is_wrong_is_refused() -> None:
    assert read_access_token(SECRET, GOOD, NOW) == CLAIMS


def test_a_token_is_good_until_its_last_second() -> None:
    token = issue_access_token(SECRET, CLAIMS, NOW)

    assert read_access_token(SECRET, token, NOW + ACCESS_LIFETIME - timedelta(seconds=1)) == CLAIMS
    with pytest.raises(Unauthenticated):
        read_access_token(SECRET, token, NOW + ACCESS_LIFETIME)


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_bad_token_signs_nobody_in(token: str) -> None:
    with pytest.raises(Unauthenticated):
        read_access_token(SECRET, token, NOW)


@given(st.text(st.characters(), max_size=300))
def test_whatever_text_is_shown_as_a_token_is_refused_alike(text: str) -> None:
    with pytest.raises(Unauthenticated):
        read_access_token(SECRET, text, NOW)


@given(st.integers(0, len(GOOD) - 2), st.sampled_from("AZaz09-_.="))
def test_a_token_with_one_character_changed_is_refused(place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    if changed == GOOD:
        return

    with pytest.raises(Unauthenticated):
        read_access_token(SECRET, changed, NOW)


@pytest.mark.parametrize("secret", ["", "x" * 31, "é" * 15])
def test_a_short_secret_signs_and_reads_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        issue_access_token(secret, CLAIMS, NOW)
    with pytest.raises(ValueError, match="32 bytes"):
        read_access_token(secret, GOOD, NOW)


@pytest.mark.parametrize(
    "secret",
    [
        '["0123456789abcdef", "0123456789abcdef"]',
        "12345678901234567890123456789012",
        '{"kty": "oct", "k": "QUJDREVGR0hJSktMTU5PUFFSU1RVVg"}',
    ],
)
def test_a_secret_that_happens_to_be_json_is_a_secret_like_any_other(secret: str) -> None:
    assert read_access_token(secret, issue_access_token(secret, CLAIMS, NOW), NOW) == CLAIMS
    for part in ("0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUV"):
        with pytest.raises(Unauthenticated):
            read_access_token(secret, forged(PAYLOAD, key=part.encode()), NOW)


def test_a_csrf_token_belongs_to_one_session_and_one_secret() -> None:
    another = UUID("0b8f4c8e-5d0a-4f4e-9a51-1f6f0c3c2b12")

    assert csrf_token(SECRET, SESSION) == csrf_token(SECRET, SESSION)
    assert len({csrf_token(SECRET, SESSION), csrf_token(SECRET, another), csrf_token(SECRET + "x", SESSION)}) == 3


@pytest.mark.parametrize("text", ["", "é", "\ud800", "\x00", "x" * 10_000])
def test_any_text_can_be_compared_and_hashed(text: str) -> None:
    assert same(text, text)
    assert not same(text, text + "!")
    assert len(digest(text)) == 32


def test_secrets_do_not_repeat() -> None:
    assert len({new_secret() for _ in range(1000)}) == 1000
