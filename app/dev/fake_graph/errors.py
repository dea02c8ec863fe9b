"""Meta's errors: the form of a refusal, and for each code its words and its HTTP status.

Source: the Cloud API's "Error codes" page.
"""

import secrets
from typing import Any, Final, NamedTuple

from starlette.responses import JSONResponse


class Known(NamedTuple):
    title: str
    status: int = 400


CODES: Final[dict[int, Known]] = {
    0: Known("AuthException", 401),
    1: Known("API Unknown"),
    2: Known("API Service", 503),
    3: Known("API Method", 500),
    4: Known("API Too Many Calls", 429),
    10: Known("Permission Denied", 403),
    33: Known("Parameter value is not valid"),
    100: Known("Invalid parameter"),
    190: Known("Access token has expired", 401),
    **dict.fromkeys(range(200, 300), Known("API Permission", 403)),
    368: Known("Temporarily blocked for policies violations", 403),
    613: Known("Calls to this API have exceeded the rate limit", 429),
    80007: Known("Rate limit issues", 429),
    130429: Known("Rate limit hit", 429),
    130472: Known("User's number is part of an experiment"),
    130497: Known("Business account is restricted from messaging users in this country", 403),
    131000: Known("Something went wrong", 500),
    131005: Known("Access denied", 403),
    131008: Known("Required parameter is missing"),
    131009: Known("Parameter value is not valid"),
    131016: Known("Service unavailable", 503),
    131021: Known("Recipient cannot be sender"),
    131026: Known("Message undeliverable"),
    131030: Known("Recipient phone number not in allowed list"),
    131031: Known("Business Account has been locked", 403),
    131047: Known("Re-engagement message"),
    131048: Known("Spam rate limit hit", 429),
    131049: Known("Meta chose not to deliver"),
    131050: Known("User has stopped marketing messages"),
    131051: Known("Unsupported message type"),
    131052: Known("Media download error"),
    131053: Known("Media upload error"),
    131056: Known("(Business Account, Consumer Account) pair rate limit hit", 429),
    131057: Known("Account in maintenance mode", 503),
    131062: Known("Recipient is not reachable by this user id"),
    132000: Known("Number of parameters does not match the expected number of params"),
    132001: Known("Template name does not exist in the translation", 404),
    132005: Known("Translated text too long"),
    132007: Known("Template format character policy violated"),
    132012: Known("Parameter format does not match format in the created template"),
    132015: Known("Template is paused"),
    132016: Known("Template is disabled"),
    133004: Known("Server temporarily unavailable", 503),
}

UNKNOWN: Final = Known("Something went wrong")


class GraphError(Exception):
    """A refusal in Meta's form. Without ``status`` it has the code's own."""

    def __init__(
        self, code: int, message: str = "", *, status: int | None = None, details: str = "", subcode: int | None = None
    ) -> None:
        known = CODES.get(code, UNKNOWN)
        super().__init__(message or known.title)
        self.code, self.details, self.subcode = code, details, subcode
        self.message = message or known.title
        self.status = known.status if status is None else status

    def response(self, headers: dict[str, str] | None = None) -> JSONResponse:
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self.message}",
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": secrets.token_urlsafe(9),
        }
        if self.subcode is not None:
            error |= {"type": "GraphMethodException", "error_subcode": self.subcode, "message": self.message}
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return JSONResponse({"error": error}, status_code=self.status, headers=headers)


def no_such_object(object_id: str, *, status: int = 400) -> GraphError:
    """What Meta says of an id that is unknown, somebody else's, or has run out: 100 with the subcode 33."""
    message = (
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation"
    )
    return GraphError(100, message, status=status, subcode=33)


def failure(code: int, title: str = "") -> dict[str, Any]:
    """The same error as it stands in a status that says ``failed``."""
    words = title or CODES.get(code, UNKNOWN).title
    return {
        "code": code,
        "title": words,
        "message": words,
        "error_data": {"details": f"{words}."},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes",
    }
