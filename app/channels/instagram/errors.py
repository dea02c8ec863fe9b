"""Meta's errors on Instagram: what each means for a send, and how staff are told.

The code decides, and where one code has many meanings its subcode. Source: Meta's "Error codes" page of the Messenger
Platform and of Instagram messaging.
"""

from typing import Final

from app.channels.base import SendOutcome

WINDOW: Final = frozenset({(10, 2534022), (10, 2018278)})
UNREACHABLE: Final = frozenset({(100, 2534014), (100, 2018001), (200, 1545041)})

NOT_PERMITTED: Final = frozenset({10, 200})

_CLASSES: Final[dict[SendOutcome, tuple[int, ...]]] = {
    SendOutcome.THROTTLED: (4, 17, 32, 613, 80002, 80006),
    SendOutcome.RETRY: (1, 2, 1200),
    SendOutcome.PAUSE: (0, 3, 10, 190, *range(200, 300), 368),
    SendOutcome.REFUSED: (551,),
    SendOutcome.MALFORMED: (33, 100),
}
_OUTCOMES: Final = {code: outcome for outcome, codes in _CLASSES.items() for code in codes}

_SENTENCES: Final = {
    SendOutcome.THROTTLED: "The account has sent too much in a short time.",
    SendOutcome.RETRY: "Instagram has a disturbance.",
    SendOutcome.PAUSE: "Instagram refuses the account's access token, its rights, or its standing.",
    SendOutcome.MALFORMED: "Instagram did not understand the request. This is a fault of Lobby's.",
    SendOutcome.WINDOW: "Instagram takes no more messages until the guest writes again.",
    SendOutcome.REFUSED: "Instagram did not take the message.",
}
_UNREACHABLE: Final = "The guest cannot be reached: they have left Instagram, or take no messages from the hotel."


def outcome_of(code: int | None, *, subcode: int | None = None, http_status: int | None = None) -> SendOutcome:
    """What to do after an error. A code that is not in the table, or none, leaves it to the HTTP status."""
    if (code, subcode) in WINDOW:
        return SendOutcome.WINDOW
    if (code, subcode) in UNREACHABLE:
        return SendOutcome.REFUSED
    if code in _OUTCOMES:
        return _OUTCOMES[code]
    if http_status == 429:
        return SendOutcome.THROTTLED
    return SendOutcome.RETRY if http_status is not None and http_status >= 500 else SendOutcome.REFUSED


def explain(code: int | None, detail: str | None, *, subcode: int | None = None, http_status: int | None = None) -> str:
    """A sentence for staff, with Meta's own words behind it where there are any."""
    unreachable = code == 551 or (code, subcode) in UNREACHABLE
    outcome = outcome_of(code, subcode=subcode, http_status=http_status)
    sentence = _UNREACHABLE if unreachable else _SENTENCES[outcome]
    return f"{sentence} (Instagram: {detail})" if detail else sentence
