"""The flow engine: a pure function from where a conversation stands and what its guest wrote to what happens next.

It never raises on what a guest or an old row brings: a state that the book does not know starts over, an answer that a
step does not expect is asked again.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.core.types import ConversationStatus, MessageType
from app.flows.actions import ACTIONS, Call, Done
from app.flows.definition import RETRY, START, Flow, FlowBook, Step
from app.flows.matching import fold
from app.flows.texts import OPENS, in_language, render
from app.flows.types import Effect, Expects, Facts, FlowState, GuestInput, Option, Outcome, Reply

TYPED = frozenset({MessageType.TEXT, MessageType.INTERACTIVE, MessageType.BUTTON, MessageType.CALLBACK_QUERY})
PAPERS = frozenset({MessageType.IMAGE, MessageType.DOCUMENT})
SILENT = frozenset({ConversationStatus.RELAY, ConversationStatus.CLOSED})
# No word of a menu is longer; folding all of a long text would be work for nothing.
LONGEST_WORD = 200


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way through the engine, with what its actions have brought about so far."""

    message: GuestInput
    facts: Facts
    status: ConversationStatus
    context: dict[str, Any]
    effects: tuple[Effect, ...] = ()

    def after(self, done: Done) -> "Turn":
        context = {key: value for key, value in (self.context | done.context).items() if value is not None}
        return msgspec.structs.replace(
            self, status=done.status or self.status, context=context, effects=self.effects + done.effects
        )

    def outcome(self, flow: Flow, name: str, reply: Reply) -> Outcome:
        state = FlowState(status=self.status, flow=flow.name, step=name, context=self.context)
        return Outcome(state=state, replies=(reply,), effects=self.effects)


def begin_state(book: FlowBook, facts: Facts) -> FlowState:
    """Where a guest's new conversation stands before the first message, and one whose relay staff have ended."""
    if facts.checkin_due:
        status = ConversationStatus.CHECKIN
    else:
        status = ConversationStatus.ACTIVE if facts.has_stay else ConversationStatus.DEMO
    return FlowState(status=status, flow=book.home(status).name)


def step(book: FlowBook, state: FlowState, message: GuestInput, facts: Facts) -> Outcome:
    """What one message of a guest brings about. Silent, with the same state, in relay and in a closed conversation,
    where people answer or nobody does, and on a reaction, which asks for nothing."""
    if state.status in SILENT or message.type == MessageType.REACTION:
        return Outcome(state=state)
    state = _of_now(book, state, facts)
    turn = Turn(message=message, facts=facts, status=state.status, context=_kept(state.context))
    flow, name = _position(book, state)
    said = _said(message)
    if triggered := book.triggered(state.status, said):
        return _enter(turn, triggered, START)
    if target := flow.shortcut(said):
        return _enter(turn, flow, target)
    if name is None and not flow.steps[START].choice(message.choice, ""):
        return _enter(turn, flow, START)
    return _answer(turn, flow, name or START, said)  # also a button that is pressed on a menu of yesterday


def flow_for(book: FlowBook, state: FlowState, message: GuestInput, facts: Facts) -> Flow | None:
    """The flow that this message goes to; None where people answer, or nobody does."""
    if state.status in SILENT or message.type == MessageType.REACTION:
        return None
    state = _of_now(book, state, facts)
    return book.triggered(state.status, _said(message)) or _position(book, state)[0]


def _of_now(book: FlowBook, state: FlowState, facts: Facts) -> FlowState:
    """Where it stands; at the beginning where the desk has confirmed a check-in meanwhile: nobody is left to ask for a
    name."""
    over = state.status == ConversationStatus.CHECKIN and not facts.checkin_due
    return begin_state(book, facts) if over else state


def _said(message: GuestInput) -> str:
    return fold(message.text[:LONGEST_WORD]) if message.type in TYPED else ""


def _position(book: FlowBook, state: FlowState) -> tuple[Flow, str | None]:
    """The flow and the step that waits for this answer; no step where the flow is to begin: at first, after an end, and
    with a flow or step that this version does not have, or not in this status."""
    flow = book.flows.get(state.flow or "")
    if flow is None or state.status not in flow.statuses:
        return book.home(state.status), None
    here = flow.steps.get(state.step or "")
    if here is None or here.expects is Expects.NOTHING:
        return book.home(state.status), None
    return flow, state.step


def _enter(turn: Turn, flow: Flow, name: str) -> Outcome:
    entered = flow.steps[name]
    if entered.action and entered.expects is Expects.NOTHING:
        turn = turn.after(_act(turn, entered))
    return turn.outcome(flow, name, _ask(turn, entered))


def _answer(turn: Turn, flow: Flow, name: str, said: str) -> Outcome:
    """Where the answer to a step leads."""
    here = flow.steps[name]
    target: str | None = None
    if here.expects is Expects.CHOICE:
        chosen = here.choice(turn.message.choice, said)
        target = chosen.next if chosen else RETRY
    elif not _fits(here.expects, turn.message):
        target = RETRY
    elif here.action:
        done = _act(turn, here)
        turn, target = turn.after(done), here.results[done.result]
    else:
        target = here.next or START
    if target == RETRY:
        return turn.outcome(flow, name, _ask_again(turn, here))
    return _enter(turn, flow, target)


def _fits(expects: Expects, message: GuestInput) -> bool:
    if expects is Expects.MEDIA:
        return message.has_media and message.type in PAPERS
    return message.type == MessageType.TEXT and bool(message.text.strip())  # a pressed button is nobody's name


def _act(turn: Turn, here: Step) -> Done:
    call = Call(message=turn.message, facts=turn.facts, context=turn.context, args=here.args)
    return ACTIONS[here.action or ""].run(call)


def _ask(turn: Turn, here: Step) -> Reply:
    options = tuple(
        Option(id=option.id, number=number, label=in_language(option.label, turn.facts.language))
        for number, option in enumerate(here.options, start=1)
    )
    opens = in_language(OPENS, turn.facts.language) if options else ""
    return Reply(text=render(here.text, turn.facts, turn.context), options=options, opens=opens)


def _ask_again(turn: Turn, here: Step) -> Reply:
    """The retry text; a menu comes again below it, so that there is something to choose from."""
    asked = _ask(turn, here)
    if here.retry is None:
        return asked
    sorry = render(here.retry, turn.facts, turn.context)
    if not here.options:
        return Reply(text=sorry)
    return msgspec.structs.replace(asked, text=f"{sorry}\n\n{asked.text}")


def _kept(context: object) -> dict[str, Any]:
    """The context as it was kept; an old row may hold anything."""
    return dict(context) if isinstance(context, Mapping) else {}
