"""A flow's steps as plain text, for ``lobby flow show``."""

from collections.abc import Iterator, Mapping

from app.flows.definition import RETRY, Flow, Step
from app.flows.texts import FALLBACK
from app.flows.types import Expects

SHOWN_WORDS = 6


def draw(flow: Flow) -> str:
    """The flow step by step in the order of its file, each with its English text, what it waits for and where that
    leads. Lines end without spaces; the text ends without a line break."""
    return "\n\n".join(["\n".join(_head(flow)), *("\n".join(_step(*named)) for named in flow.steps.items())])


def _head(flow: Flow) -> Iterator[str]:
    yield f"{flow.name} (runs in {', '.join(flow.statuses)})"
    if flow.begins:
        yield f"  a conversation in {flow.begins} begins here"
    if flow.triggers:
        yield f"  {_words(flow.triggers)} in any of them starts it"
    for target, words in flow.shortcuts.items():
        yield f"  {_words(words)} at any step → {target}"


def _step(name: str, step: Step) -> Iterator[str]:
    yield f"■ {name}"
    for line in step.text[FALLBACK].splitlines():
        yield f"│  {line}".rstrip()
    if step.action:
        args = ", ".join(f"{key}: {value}" for key, value in step.args.items())
        yield f"│  [{step.action}{f' · {args}' if args else ''}]"
    if step.reminder:
        yield f"│  (after {step.reminder.after} minutes: {step.reminder.text[FALLBACK]})"
    ways = list(_ways(step))
    for way in ways[:-1]:
        yield f"├─ {way}"
    yield f"└─ {ways[-1]}"


def _ways(step: Step) -> Iterator[str]:
    if step.expects is Expects.NOTHING:
        yield "end"
        return
    for number, option in enumerate(step.options, start=1):
        yield f"{number} {option.label[FALLBACK]} → {option.next}"
    if step.next:
        yield f"{step.expects} → {step.next}"
    for result, target in step.results.items():
        yield f"{step.expects}, {result} → {'asks again' if target == RETRY else target}"
    yield "anything else → asks again"


def _words(words: Mapping[str, tuple[str, ...]]) -> str:
    some = words.get(FALLBACK) or next(iter(words.values()), ())
    shown = ", ".join(f'"{word}"' for word in some[:SHOWN_WORDS])
    return f"{shown} …" if len(some) > SHOWN_WORDS else shown
