"""What a step of a flow can do. An action is a pure function that a decorator declares:

    @action(results=("relayed",), department=Department, reason=str)
    def start_relay_to_department(call: Call) -> Done: ...

Its name is what a definition writes after ``action:``, the keywords are what goes under ``with:``. Nothing happens in
here: effects are handed to the caller, who carries them out in the transaction of the guest's message.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from app.core.types import ConversationStatus, Department
from app.flows.matching import same_name
from app.flows.types import Effect, Expects, Facts, GuestInput, RelayTo, StoreDocument, SubmitCheckin

NAME_ATTEMPTS = 3
MAX_NAME_LENGTH = 200


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What an action sees. ``context`` was kept as JSON between messages: its values may be of any type."""

    message: GuestInput
    facts: Facts
    context: Mapping[str, Any]
    args: Mapping[str, str]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: one of the declared results, changes to the context (None takes a key away), effects for the
    caller, and the conversation's new status where it changes."""

    result: str
    context: dict[str, Any] = {}
    effects: tuple[Effect, ...] = ()
    status: ConversationStatus | None = None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """A declared action.

    ``answers`` names the kind of answer that it judges: it runs on the guest's answer to such a step, and where that is
    nothing, as a step is entered. ``writes`` are the context keys that it may set, ``params`` what ``with:`` has to
    give, each with the function that refuses a bad value by ValueError.
    """

    run: Callable[[Call], Done]
    results: tuple[str, ...]
    answers: Expects
    writes: tuple[str, ...]
    params: Mapping[str, Callable[[str], object]]


ACTIONS: dict[str, Action] = {}


def action(
    *,
    results: tuple[str, ...],
    answers: Expects = Expects.NOTHING,
    writes: tuple[str, ...] = (),
    **params: Callable[[str], object],
) -> Callable[[Callable[[Call], Done]], Callable[[Call], Done]]:
    """Declare the decorated function as the action of its own name."""

    def declare(run: Callable[[Call], Done]) -> Callable[[Call], Done]:
        ACTIONS[run.__name__] = Action(run=run, results=results, answers=answers, writes=writes, params=params)
        return run

    return declare


@action(results=("matched", "mismatched", "needs_help"), answers=Expects.TEXT, writes=("guest_name", "name_attempts"))
def validate_guest_name(call: Call) -> Done:
    """Is this the name on the booking? ``needs_help`` after three that are not."""
    if same_name(call.message.text, call.facts.booking_name):
        name = " ".join(call.message.text.split())[:MAX_NAME_LENGTH]
        return Done(result="matched", context={"guest_name": name, "name_attempts": None})
    before = call.context.get("name_attempts")
    attempts = 1 + (before if isinstance(before, int) and before > 0 else 0)
    if attempts >= NAME_ATTEMPTS:
        return Done(result="needs_help", context={"name_attempts": None})
    return Done(result="mismatched", context={"name_attempts": attempts})


@action(results=("saved",), answers=Expects.MEDIA)
def save_document(call: Call) -> Done:
    """Keep the file of this message as the guest's identity document."""
    return Done(result="saved", effects=(StoreDocument(),))


@action(results=("submitted",))
def finalize_checkin(call: Call) -> Done:
    """The guest has done their part; the stay waits for staff to confirm."""
    return Done(result="submitted", effects=(SubmitCheckin(),), status=ConversationStatus.ACTIVE)


@action(results=("relayed",), department=Department, reason=str)
def start_relay_to_department(call: Call) -> Done:
    """Hand the conversation to people; the flow is silent from here on."""
    relay = RelayTo(department=Department(call.args["department"]), reason=call.args["reason"])
    return Done(result="relayed", effects=(relay,), status=ConversationStatus.RELAY)
