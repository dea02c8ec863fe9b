"""A flow as data: the models of a definition file, and the book of all flows.

A flow begins at the step ``start``. What a step waits for decides where it leads:

    expects   on a fitting answer                         on any other
    choice    ``next`` of the option                      the retry text and the menu
    text      ``next``, or ``results`` of its action      the retry text
    media     ``next``, or ``results`` of its action      the retry text
    nothing   an end: its action runs as it is entered, and the guest's next message starts anew

A result may also lead to ``retry``: the step asks again. ``checks.py`` holds a definition to all this.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.core.types import ConversationStatus
from app.core.yaml_source import Location
from app.flows.matching import fold
from app.flows.texts import Labels, Table, Text, Words
from app.flows.types import Expects

START = "start"
RETRY = "retry"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
# Where a flow can run: in relay people answer, and in a closed conversation nobody does.
FlowStatus = Literal[ConversationStatus.DEMO, ConversationStatus.CHECKIN, ConversationStatus.ACTIVE]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Choice(Part):
    """An entry of a menu. Its number is its place; number, id, and the labels and words of every language select it."""

    id: Name
    label: Labels
    words: Words = Field(default={})
    next: Name

    def spellings(self, number: int) -> frozenset[str]:
        """All that selects it, folded: ``1``, ``room service``, ``1 room service`` …"""
        labels = {fold(label) for label in self.label.values()}
        return frozenset({str(number), *labels, *(f"{number} {label}" for label in labels), *folded(self.words)})


class Reminder(Part):
    """What a guest who does not go on is told, ``after`` so many minutes."""

    after: int = Field(gt=0)
    text: Text


class Step(Part):
    """One step: what is said on entering it, what it waits for, and where that leads."""

    text: Text
    expects: Expects = Expects.NOTHING
    options: tuple[Choice, ...] = Field(default=(), max_length=10)
    action: str | None = None
    args: Table[str, str] = Field(default={}, alias="with")
    next: Name | None = None
    results: Table[str, Name] = Field(default={})
    retry: Text | None = None
    reminder: Reminder | None = None

    def targets(self) -> Iterator[tuple[Location, str]]:
        """Each step that this one leads to, with the place in the definition that says so."""
        if self.next:
            yield ("next",), self.next
        for index, option in enumerate(self.options):
            yield ("options", index, "next"), option.next
        for result, target in self.results.items():
            if target != RETRY:
                yield ("results", result), target

    def choice(self, pressed: str | None, said: str) -> Choice | None:
        """The option that a button's id or a folded text selects."""
        return self._by_id.get(pressed or "") or self._by_spelling.get(said)

    @cached_property
    def _by_id(self) -> Mapping[str, Choice]:
        return {option.id: option for option in self.options}

    @cached_property
    def _by_spelling(self) -> Mapping[str, Choice]:
        numbered = enumerate(self.options, start=1)
        return {spelling: option for number, option in numbered for spelling in option.spellings(number)}


class Flow(Part):
    """A whole definition.

    ``begins`` is the status whose conversations start with this flow, ``statuses`` are all in which it may run;
    ``triggers`` are words that start it from any of these, ``shortcuts`` words that lead to a step from all its steps.
    """

    name: Name
    begins: FlowStatus | None = None
    statuses: tuple[FlowStatus, ...] = Field(min_length=1)
    triggers: Words = Field(default={})
    shortcuts: Table[Name, Words] = Field(default={})
    steps: Table[Name, Step]

    def triggered(self, said: str) -> bool:
        return said in self._trigger_words

    def shortcut(self, said: str) -> str | None:
        """The step that a folded text leads to from anywhere in the flow."""
        return self._shortcut_words.get(said)

    @cached_property
    def _trigger_words(self) -> frozenset[str]:
        return folded(self.triggers)

    @cached_property
    def _shortcut_words(self) -> Mapping[str, str]:
        return {word: step for step, words in self.shortcuts.items() for word in folded(words)}


class FlowBook(msgspec.Struct, frozen=True):
    """All flows by name, checked; read-only."""

    flows: Mapping[str, Flow]

    def home(self, status: ConversationStatus) -> Flow:
        """The flow with which a conversation of this status begins; there is exactly one."""
        return next(flow for flow in self.flows.values() if flow.begins == status)

    def triggered(self, status: ConversationStatus, said: str) -> Flow | None:
        """The flow that a folded text starts in this status."""
        return next((flow for flow in self.flows.values() if status in flow.statuses and flow.triggered(said)), None)


def folded(words: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """All words of all languages in the form that a guest's text is compared in."""
    return frozenset(fold(word) for line in words.values() for word in line)
