"""A guest who is writing, on one channel, and what a transaction has loaded and locked of them."""

from dataclasses import dataclass, field
from datetime import datetime

from app.core.types import ConversationStatus, Department
from app.core.views import ChatRef
from app.flows.types import Facts, FlowState
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState
from app.store.guests import AccountRecord, GuestRecord, StayRecord

BOT_STATUSES = frozenset({ConversationStatus.DEMO, ConversationStatus.CHECKIN, ConversationStatus.ACTIVE})


@dataclass
class Visitor:
    """``conversations`` are the guest's open ones, ``elsewhere`` closed ones that something of theirs belongs to.
    ``chat`` is where they write on a web chat.

    What changes is written at the end: ``window_opened_at`` where the guest has written, ``opted_out_at``, and the
    check-in that they have ``submitted``.
    """

    channel: ChannelRecord
    account: AccountRecord
    guest: GuestRecord
    stay: StayRecord | None
    chat: ChatRef | None = None
    conversations: list[ConversationState] = field(default_factory=list)
    elsewhere: dict[int, ConversationState] = field(default_factory=dict)
    window_opened_at: datetime | None = None
    opted_out_at: datetime | None = None
    submitted: bool = False

    @property
    def facts(self) -> Facts:
        return facts_of(self.guest, self.stay, self.channel)

    @property
    def here(self) -> list[ConversationState]:
        """The open conversations on this channel, of a web chat in this chat."""
        return [each for each in self.conversations if each.place == self.place]

    @property
    def place(self) -> tuple[int, int | None]:
        return self.channel.id, None if self.chat is None else self.chat.id

    @property
    def away(self) -> list[ConversationState]:
        """Those that departments have in other places, and no other of theirs here."""
        return [
            each
            for each in self.conversations
            if each.place != self.place
            and each.status is ConversationStatus.RELAY
            and each.department is not None
            and all(other.department is not each.department for other in self.here)
        ]

    def with_department(self, department: Department) -> ConversationState | None:
        """The guest's open conversation with it: the one here, else that of another place, the last active."""
        found = [each for each in self.conversations if each.department is department]
        return max(found, key=lambda each: (each.place == self.place, last_with_staff(each)), default=None)

    def bring(self, conversation: ConversationState) -> bool:
        """Have a conversation of another place go on where the guest writes now; whether it was in another."""
        if conversation.place == self.place:
            return False
        conversation.move_to(self.channel.id, self.channel.platform, self.account.id, self.account.address, self.chat)
        conversation.window_opened_at = self.window_opened_at
        return True

    def has_written(self, at: datetime) -> None:
        """The window is open from then on, unless it was opened later."""
        self.window_opened_at = max(self.window_opened_at or at, at)

    def choose(self, replies_to: int | None = None) -> ConversationState | None:
        """Where a message goes: to the conversation with this id, also one that staff have in another place by now;
        else where staff are here, the last active; else to the bot's."""
        here = self.here
        for each in (*here, *self.away):
            if each.id == replies_to:
                return each
        with_staff = [each for each in here if each.status is ConversationStatus.RELAY]
        if with_staff:
            return max(with_staff, key=last_with_staff)
        return next((each for each in here if each.status in BOT_STATUSES), None)


def facts_of(guest: GuestRecord, stay: StayRecord | None, channel: ChannelRecord) -> Facts:
    """What the flows may know of a guest."""
    return Facts(
        hotel_name=channel.hotel_name,
        guest_name=guest.full_name,
        booking_name=guest.full_name if stay else "",
        room_number=stay.room_number if stay else "",
        language=guest.language or channel.hotel_language,
        has_stay=stay is not None,
        checkin_due=stay is not None and stay.checkin_due,
    )


def bind_stay(conversation: ConversationState, stay: StayRecord | None) -> None:
    """Have the conversation be about this stay, or about none."""
    conversation.stay_id = stay.id if stay else None
    conversation.room_number = stay.room_number if stay else None
    conversation.floor = stay.floor if stay else None


def put_state(conversation: ConversationState, state: FlowState) -> None:
    """Keep where the flow stands on the conversation."""
    conversation.status = state.status
    conversation.flow_name = state.flow
    conversation.current_step = state.step
    conversation.context_data = state.context


def last_with_staff(conversation: ConversationState) -> tuple[float, int]:
    """The order of those that staff have: by when they last wrote there, or got it."""
    moments = [at.timestamp() for at in (conversation.last_staff_message_at, conversation.relayed_at) if at]
    return max(moments, default=0.0), conversation.id
