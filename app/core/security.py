"""Tokens and secrets: how they are made, read and compared. The only importer of jose.

An access token is a JWT (RFC 7519) signed with HS256 by ``SECRET_KEY``. It is good for 15 minutes and names a user and
a session; what it is worth is decided by the session's row (``services/auth.py``). All other secrets are random words,
of which only a SHA-256 is kept.

jose only signs and verifies here; the claims are checked by ``_Claims``. Left alone, jose raises UnicodeEncodeError on
a lone surrogate, takes tokens without ``exp``, ``aud`` or ``sub``, knows nothing of ``crit``, skips rubbish inside
base64, and reads a secret that happens to be JSON as a set of keys.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from jose import jwk, jws
from jose.backends.base import Key

from app.core.errors import Unauthenticated

SESSION_COOKIE: Final = "lobby_auth"
VISITOR_COOKIE: Final = "lobby_session"
CSRF_COOKIE: Final = "csrftoken"
CSRF_HEADER: Final = "X-CSRFToken"

ACCESS_LIFETIME: Final = timedelta(minutes=15)
MIN_SECRET_BYTES: Final = 32
MAX_TOKEN_LENGTH: Final = 2048

_ALGORITHM: Final = "HS256"
_HEADER: Final = {"alg": _ALGORITHM, "typ": "JWT"}
_VISITOR_KEY: Final = re.compile(r"[0-9a-f]{32}")
_LOOKS_LIKE_A_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class AccessClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What a good access token says."""

    user_id: int
    session_id: UUID


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of an access token: each is required and of exactly this type. Times are Unix seconds."""

    iss: Literal["lobby"]
    aud: Literal["lobby"]
    kind: Literal["access"]
    sub: Annotated[str, msgspec.Meta(pattern=r"\A[1-9][0-9]{0,17}\Z")]
    sid: UUID
    iat: int
    exp: int


_claims_decoder = msgspec.json.Decoder(_Claims)


def issue_access_token(secret: str, claims: AccessClaims, now: datetime) -> str:
    """Sign an access token. Raises ValueError where ``secret`` has less than 32 bytes."""
    issued_at = int(now.timestamp())
    payload = _Claims(
        iss="lobby",
        aud="lobby",
        kind="access",
        sub=str(claims.user_id),
        sid=claims.session_id,
        iat=issued_at,
        exp=issued_at + int(ACCESS_LIFETIME.total_seconds()),
    )
    return jws.sign(msgspec.json.encode(payload), _key(secret), algorithm=_ALGORITHM)


def read_access_token(secret: str, token: str, now: datetime) -> AccessClaims:
    """What ``token`` says, where it is one of ours and has not expired.

    Raises Unauthenticated for everything else, whatever is wrong with it, and ValueError for a short ``secret``.
    """
    key = _key(secret)
    try:
        if len(token) > MAX_TOKEN_LENGTH or not _LOOKS_LIKE_A_JWT.fullmatch(token):
            raise ValueError("no JWT")
        payload = jws.verify(token, key, [_ALGORITHM])
        if jws.get_unverified_header(token) != _HEADER:  # so no ``crit``, and nothing else that we would not heed
            raise ValueError("not our header")
        claims = _claims_decoder.decode(payload)
        if claims.exp <= now.timestamp():
            raise ValueError("expired")
        return AccessClaims(user_id=int(claims.sub), session_id=claims.sid)
    except Exception as error:
        raise Unauthenticated("This sign-in is not valid. Please sign in again.") from error


def new_secret() -> str:
    """A random word that nobody guesses: 43 characters, fit for cookies, headers and URLs."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """The SHA-256 under which a random word is kept. Takes any text, so that a forged one is merely not found."""
    return hashlib.sha256(_bytes(secret)).digest()


def csrf_token(secret: str, session_id: UUID) -> str:
    """What a page must send back with a session's cookie: bound to that session, so that no other's will do."""
    return hmac.new(secret.encode(), b"csrf:" + session_id.bytes, hashlib.sha256).hexdigest()


def new_visitor_key() -> str:
    """What names a visitor's session: 32 characters, which stand in the open in their account's id."""
    return secrets.token_hex(16)


def visitor_token(secret: str, key: str) -> str:
    """What proves that a session is one's own: the key, signed. The cookie and the guest token of a visitor."""
    return f"{key}.{_of_visitor(secret, 'token', key)}"


def read_visitor_token(secret: str, token: str) -> str | None:
    """The key of a token that is one of ours; None for everything else."""
    key, _, _ = token.partition(".")
    return key if _VISITOR_KEY.fullmatch(key) and same(token, visitor_token(secret, key)) else None


def visitor_csrf_token(secret: str, key: str) -> str:
    """What a page must send back with a visitor's cookie."""
    return _of_visitor(secret, "csrf", key)


def _of_visitor(secret: str, purpose: str, key: str) -> str:
    return hmac.new(secret.encode(), f"visitor {purpose}:{key}".encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _key(secret: str) -> Key:
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"the secret needs {MIN_SECRET_BYTES} bytes")
    return jwk.construct(secret, _ALGORITHM)
