"""Meta's error codes: what each means for a send, and how staff are told. One table, for refused requests and failed
statuses alike.

Source: Meta's "Error codes" page of the Cloud API. The code decides, not the HTTP status: the same status carries
codes of several classes.
"""

from typing import Final

from app.channels.base import SendOutcome

_CLASSES: Final[dict[SendOutcome, tuple[int, ...]]] = {
    SendOutcome.PAIR_RATE: (131056,),
    SendOutcome.THROTTLED: (4, 613, 80007, 130429),
    SendOutcome.RETRY: (1, 2, 131000, 131016, 131057, 133004),
    SendOutcome.WINDOW: (131047,),
    SendOutcome.PAUSE: (
        *(0, 3, 10, 190, *range(200, 300), 131005),  # the token, or what it may do
        *(368, 130497, 131031, 131048),  # the account's standing with Meta
    ),
    SendOutcome.REFUSED: (
        *(131021, 131026, 131030, 131062),  # this guest cannot be reached
        *(130472, 131049, 131050),  # marketing that the guest or Meta does not want
    ),
    SendOutcome.MALFORMED: (33, 100, 131008, 131009, 131051, 131053),
    SendOutcome.TEMPLATE: (132000, 132001, 132005, 132007, 132012, 132015, 132016),
}

OUTCOMES: Final[dict[int, SendOutcome]] = {code: outcome for outcome, codes in _CLASSES.items() for code in codes}

_BY_CODE: Final[dict[int, str]] = {
    368: "WhatsApp has blocked this number for a while, for breaking its policies.",
    130472: "WhatsApp keeps marketing from this guest, as part of an experiment of its own.",
    130497: "WhatsApp does not let this number write to the guest's country.",
    131021: "A number cannot write to itself.",
    131026: "The guest cannot be reached: no WhatsApp on this number, or one that is too old.",
    131030: "The guest's number is not on the list of those that a test number may write to.",
    131031: "WhatsApp has locked the hotel's account.",
    131047: "The 24-hour window has closed: only a template may be sent until the guest writes again.",
    131048: "WhatsApp limits this number, because too many guests have blocked or reported it.",
    131049: "WhatsApp held this marketing message back: the guest has been sent enough of it.",
    131050: "The guest has asked for no more marketing from this hotel.",
    131053: "WhatsApp could not take the file.",
    131056: "Too many messages went to this guest in a short time.",
    131062: "The guest cannot be reached by their user name; their phone number is needed.",
    132000: "The template was filled with too many or too few values.",
    132001: "There is no such template in this language, or it has not been approved.",
    132005: "The template became too long when it was filled.",
    132007: "The template's text breaks WhatsApp's policy.",
    132012: "The template was filled with values of the wrong kind.",
    132015: "WhatsApp has paused the template, because guests did not like it.",
    132016: "WhatsApp has disabled the template, because guests did not like it.",
}

_BY_OUTCOME: Final[dict[SendOutcome, str]] = {
    SendOutcome.THROTTLED: "The number has sent too much in a short time.",
    SendOutcome.RETRY: "WhatsApp has a disturbance.",
    SendOutcome.PAUSE: "WhatsApp refuses the number's access token, or the token may not send.",
    SendOutcome.MALFORMED: "WhatsApp did not understand the request. This is a fault of Lobby's.",
}

_REFUSED: Final = "WhatsApp did not take the message."


def outcome_of(code: int | None, *, http_status: int | None = None) -> SendOutcome:
    """What to do after an error. A code that is not in the table, or none, leaves it to the HTTP status."""
    if code is not None and code in OUTCOMES:
        return OUTCOMES[code]
    if http_status is None:
        return SendOutcome.REFUSED
    if http_status == 429:
        return SendOutcome.THROTTLED
    return SendOutcome.RETRY if http_status >= 500 else SendOutcome.REFUSED


def explain(code: int | None, detail: str | None, *, http_status: int | None = None) -> str:
    """A sentence for staff, with Meta's own words behind it where there are any."""
    sentence = _BY_CODE.get(code or -1) or _BY_OUTCOME.get(outcome_of(code, http_status=http_status), _REFUSED)
    return f"{sentence} (WhatsApp: {detail})" if detail else sentence
