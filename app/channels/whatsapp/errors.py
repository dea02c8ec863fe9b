"""Meta's error codes, and what each means for a send. One table, for refused requests and failed statuses alike.

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
        *(33, 100, 131008, 131009, 131051, 131053),  # our request is wrong
        *(132000, 132001, 132005, 132007, 132012, 132015, 132016),  # the template is
    ),
}

OUTCOMES: Final[dict[int, SendOutcome]] = {code: outcome for outcome, codes in _CLASSES.items() for code in codes}


def outcome_of(code: int | None, *, http_status: int | None = None) -> SendOutcome:
    """What to do after an error. A code that is not in the table, or none, leaves it to the HTTP status."""
    if code is not None and code in OUTCOMES:
        return OUTCOMES[code]
    if http_status is None:
        return SendOutcome.REFUSED
    if http_status == 429:
        return SendOutcome.THROTTLED
    return SendOutcome.RETRY if http_status >= 500 else SendOutcome.REFUSED
