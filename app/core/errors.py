"""The tree of errors that a caller may cause, and what each means to them.

    LobbyError
    ├── Invalid            400  a field is at fault; ``details`` names it
    ├── Unauthenticated    401  no credential, or a bad one
    ├── Forbidden          403  known, but not allowed
    ├── NotFound           404  not there, or another hotel's
    ├── Conflict           409  somebody or something was first; ``details`` names what is
    ├── ResyncNeeded       409  a socket's ``since`` is too old: fetch afresh
    ├── Gone               410  it was here, and was deleted
    ├── TooBig             413  a file larger than may be
    ├── UnsupportedType    415  a file of a kind that is not taken
    ├── TooManyRequests    429  ``retry_after`` in seconds
    └── Unavailable        503  the database is away, or there is too much to do (``overloaded``): send it again

Services raise them; ``api/errors.py`` and ``ws/session.py`` are the only ones that turn them into answers.
"""

from typing import Any


class LobbyError(Exception):
    """``message`` is a sentence for people, ``code`` a stable word for programs."""

    status = 500
    code = "internal_error"

    def __init__(self, message: str, *, code: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details = details


class Invalid(LobbyError):
    status = 400
    code = "invalid"


class Unauthenticated(LobbyError):
    """``scheme``: of HTTP authentication, for ``WWW-Authenticate``; None where what is wanted is none of those."""

    status = 401
    code = "unauthenticated"

    def __init__(self, message: str, *, scheme: str | None = "Bearer") -> None:
        super().__init__(message)
        self.scheme = scheme


class Forbidden(LobbyError):
    status = 403
    code = "forbidden"


class NotFound(LobbyError):
    status = 404
    code = "not_found"


class Conflict(LobbyError):
    status = 409
    code = "conflict"


class ResyncNeeded(LobbyError):
    status = 409
    code = "resync_needed"


class Gone(LobbyError):
    status = 410
    code = "gone"


class TooBig(LobbyError):
    status = 413
    code = "too_big"


class UnsupportedType(LobbyError):
    status = 415
    code = "unsupported_media_type"


class TooManyRequests(LobbyError):
    status = 429
    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(LobbyError):
    status = 503
    code = "unavailable"
