"""What must hold in a definition beyond its shape. Each fault comes with its place, so that it can name a line."""

from collections.abc import Iterator, Mapping, Sequence

from app.core.types import ConversationStatus
from app.core.yaml_source import Location
from app.flows.actions import ACTIONS
from app.flows.definition import RETRY, START, Flow, Step, folded
from app.flows.texts import FACT_PLACEHOLDERS, placeholder_faults
from app.flows.types import Expects

Fault = tuple[Location, str]

# What WhatsApp shows on a button; where there are more options than buttons, a list has room for a label's 24.
MOST_BUTTONS = 3
BUTTON_LENGTH = 20

BEGINNINGS = (ConversationStatus.DEMO, ConversationStatus.CHECKIN, ConversationStatus.ACTIVE)


def flow_faults(flow: Flow) -> Iterator[Fault]:
    """All that is wrong within one flow."""
    if flow.begins and flow.begins not in flow.statuses:
        yield ("begins",), f"{flow.begins} is not among the statuses"
    if START not in flow.steps:
        yield ("steps",), f"there is no step {START!r}, where a flow begins"
    elif flow.steps[START].expects is Expects.NOTHING:
        yield ("steps", START), "a flow cannot end where it begins: the first step has to expect something"
    if RETRY in flow.steps:
        yield ("steps", RETRY), f"{RETRY!r} is what a result that asks again leads to, and no name for a step"
    yield from _word_faults(("triggers",), {"": folded(flow.triggers)})
    yield from _word_faults(("shortcuts",), {step: folded(words) for step, words in flow.shortcuts.items()})
    known = FACT_PLACEHOLDERS.union(*(ACTIONS[s.action].writes for s in flow.steps.values() if s.action in ACTIONS))
    for name, step in flow.steps.items():
        faults = (*_shape_faults(step), *_label_faults(step), *_action_faults(step), *_text_faults(step, known))
        for location, fault in faults:
            yield ("steps", name, *location), fault
    for location, target in _targets(flow):
        if target not in flow.steps:
            yield location, f"there is no step {target!r}"


def book_faults(flows: Sequence[Flow]) -> Iterator[tuple[Flow, Location, str]]:
    """All that is wrong between flows, each fault with the flow to change."""
    for index, flow in enumerate(flows):
        for other in flows[:index]:
            if flow.name == other.name:
                yield flow, ("name",), "another file has a flow of this name"
            if flow.begins and flow.begins is other.begins:
                yield flow, ("begins",), f"the flow {other.name!r} begins in {flow.begins} already"
            shared = folded(flow.triggers) & folded(other.triggers)
            if shared and set(flow.statuses) & set(other.statuses):
                yield flow, ("triggers",), f"{_listed(shared)} starts the flow {other.name!r} already"


def _shape_faults(step: Step) -> Iterator[Fault]:
    """``expects`` decides what else a step has: the table in ``definition.py``."""
    leads_on = bool(step.next) + bool(step.results)
    if step.expects is Expects.CHOICE:
        if not step.options:
            yield ("expects",), "a choice needs options"
        if leads_on or step.action:
            yield (), "the options of a choice lead on: it has no action, next or results"
    elif step.options:
        yield ("options",), f"only a step that expects a choice has options, this one expects {step.expects}"
    if step.expects is Expects.NOTHING and (leads_on or step.retry or step.reminder):
        yield (), "a step that expects nothing is an end: it has no next, results, retry or reminder"
    if step.expects in (Expects.TEXT, Expects.MEDIA) and (leads_on != 1 or bool(step.action) != bool(step.results)):
        yield (), "where does the answer lead? Either next, or an action and its results"
    if len({option.id for option in step.options}) < len(step.options):
        yield ("options",), "two options have the same id"
    yield from _word_faults(("options",), {o.id: o.spellings(n) for n, o in enumerate(step.options, start=1)})


def _label_faults(step: Step) -> Iterator[Fault]:
    """Up to three options are shown as buttons, which are narrower than the rows of a list."""
    if len(step.options) > MOST_BUTTONS:
        return
    for index, option in enumerate(step.options):
        for language, label in option.label.items():
            if len(label) > BUTTON_LENGTH:
                fault = f"{label!r} has {len(label)} characters; a button has room for {BUTTON_LENGTH}"
                yield ("options", index, "label", language), fault


def _action_faults(step: Step) -> Iterator[Fault]:
    if step.action is None:
        if step.args:
            yield ("with",), "there is no action to take it"
        return
    action = ACTIONS.get(step.action)
    if action is None:
        yield ("action",), f"there is no action {step.action!r}; known are {_listed(ACTIONS)}"
        return
    if action.answers is not step.expects:
        yield ("action",), f"{step.action} belongs to a step that expects {action.answers}, not {step.expects}"
    if step.results and set(step.results) != set(action.results):
        yield ("results",), f"the results of {step.action} are {_listed(action.results)}"
    if set(step.args) != set(action.params):
        yield ("with",), f"{step.action} takes {_listed(action.params) or 'nothing'}"
    for name in set(action.params) & set(step.args):
        try:
            action.params[name](step.args[name])
        except ValueError as error:
            yield ("with", name), str(error)


def _text_faults(step: Step, known: frozenset[str]) -> Iterator[Fault]:
    texts: dict[Location, Mapping[str, str]] = {("text",): step.text}
    if step.retry:
        texts["retry",] = step.retry
    if step.reminder:
        texts["reminder", "text"] = step.reminder.text
    for location, text in texts.items():
        for language, fault in placeholder_faults(text, known):
            yield (*location, language), fault


def _word_faults(location: Location, words: Mapping[str, frozenset[str]]) -> Iterator[Fault]:
    """A word without letters and digits matches nothing; one that selects two things, who knows which."""
    owners: dict[str, str] = {}
    for owner, spellings in words.items():
        for spelling in sorted(spellings):
            if not spelling:
                yield location, "a word has to have a letter or a digit"
            elif owners.setdefault(spelling, owner) != owner:
                yield location, f"{spelling!r} selects both {owners[spelling]!r} and {owner!r}"


def _targets(flow: Flow) -> Iterator[tuple[Location, str]]:
    for target in flow.shortcuts:
        yield ("shortcuts", target), target
    for name, step in flow.steps.items():
        for location, target in step.targets():
            yield ("steps", name, *location), target


def _listed(names: Sequence[str] | Mapping[str, object] | frozenset[str]) -> str:
    return ", ".join(sorted(names))
