"""The words of the flow engine: what goes in, what comes out. No I/O, no tables."""

from enum import StrEnum
from typing import Any

import msgspec

from app.core.types import ConversationStatus, Department, MessageType


class Expects(StrEnum):
    """What a step waits for. One that waits for nothing is an end: the guest's next message starts anew."""

    NOTHING = "nothing"
    TEXT = "text"
    CHOICE = "choice"
    MEDIA = "media"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow may know of the guest. Placeholders in a flow's texts are named after these fields.

    ``booking_name`` is the name that a check-in is checked against. ``checkin_due``: the stay is pending, its guest has
    not submitted the check-in yet, and staff have not confirmed it.
    """

    hotel_name: str
    guest_name: str = ""
    booking_name: str = ""
    room_number: str = ""
    language: str = "en"
    has_stay: bool = False
    checkin_due: bool = False


class FlowState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a conversation stands: kept on its row between messages."""

    status: ConversationStatus
    flow: str | None = None
    step: str | None = None
    context: dict[str, Any] = {}


class GuestInput(msgspec.Struct, frozen=True, kw_only=True):
    """The guest's message as a flow sees it: its text, the pressed option, and whether a file came along."""

    text: str = ""
    choice: str | None = None
    type: MessageType = MessageType.TEXT
    has_media: bool = False


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a menu; ``id`` is what a button sends back."""

    id: str
    number: int
    label: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A text for the guest; ``options`` where it is a menu, and in ``opens`` the word that shows them."""

    text: str
    options: tuple[Option, ...] = ()
    opens: str = ""


class RelayTo(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Hand the conversation to a department's staff."""

    department: Department
    reason: str


class StoreDocument(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The message's file is the guest's identity document."""


class SubmitCheckin(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Check-in is complete as far as the guest goes; staff confirm."""


Effect = RelayTo | StoreDocument | SubmitCheckin


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine decided: replies in order, effects in order, and the state to keep."""

    state: FlowState
    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()
