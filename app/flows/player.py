"""A guest in memory, who plays the flows: behind ``lobby flow try``, and in tests."""

from app.core.types import MessageType
from app.flows.definition import FlowBook
from app.flows.engine import begin_state, step
from app.flows.types import Effect, Facts, FlowState, GuestInput, Outcome


class Player:
    """One conversation. Each call is one message of the guest and returns the texts of the replies, none where people
    would answer; ``state`` and ``effects`` tell what else came of it all so far."""

    def __init__(self, book: FlowBook, facts: Facts, state: FlowState | None = None) -> None:
        self.book = book
        self.facts = facts
        self.state = state or begin_state(book, facts)
        self.effects: list[Effect] = []

    def say(self, text: str) -> list[str]:
        return self.texts(GuestInput(text=text))

    def press(self, choice: str) -> list[str]:
        """A button or list entry, by its option's id."""
        return self.texts(GuestInput(choice=choice, type=MessageType.INTERACTIVE))

    def send_photo(self) -> list[str]:
        return self.texts(GuestInput(type=MessageType.IMAGE, has_media=True))

    def texts(self, message: GuestInput) -> list[str]:
        return [reply.text for reply in self.send(message).replies]

    def send(self, message: GuestInput) -> Outcome:
        """Any message, with all that it brings about."""
        outcome = step(self.book, self.state, message, self.facts)
        self.state = outcome.state
        self.effects.extend(outcome.effects)
        return outcome
