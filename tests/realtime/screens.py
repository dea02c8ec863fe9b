"""What colleagues see of each other: screens that write down the signals they are told, and what signals are about."""

from dataclasses import dataclass, field

from app.core.presence import PresentUser
from app.core.signals import Signal, Typing, UserStatus, Viewing
from app.core.types import ConversationStatus, Department, Platform
from app.core.views import ConversationRef
from app.realtime.audiences import department
from app.realtime.room import Broadcast, Subscriber
from tests.eventually import eventually
from tests.realtime.conftest import HubProcess, Listener


@dataclass(eq=False)
class Screen(Listener):
    """A subscriber that writes down who came, went, looked and typed: ``rita +``, ``rita looks at 5``."""

    seen: list[str] = field(default_factory=list)

    def tell(self, broadcast: Broadcast, audience: str) -> None:
        event = broadcast.stored.event
        self.seen.append(_words(event) if isinstance(event, Signal) else type(event).__name__)

    async def until(self, count: int) -> list[str]:  # type: ignore[override]  # what it saw, not numbers
        await eventually(lambda: len(self.seen) >= count)
        return self.seen

    async def sees(self, *words: str) -> None:
        """Just this, in this order, and nothing else since it was opened."""
        assert await self.until(len(words)) == list(words)


def _words(signal: Signal) -> str:
    match signal:
        case UserStatus():
            return f"{signal.user_name} {'+' if signal.is_connected else '-'}"
        case Viewing():
            return (
                f"{signal.user_name} {'looks at' if signal.is_viewing else 'looks away from'} {signal.conversation.id}"
            )
        case Typing():
            return f"{signal.user_name} {'types in' if signal.is_typing else 'stops in'} {signal.conversation.id}"


async def screen(process: HubProcess, hotel_id: int, *audiences: str) -> Screen:
    """A screen in reception; not itself a user's socket."""
    opened: Screen = Screen()
    subscriber: Subscriber = opened
    await process.hub.join(hotel_id, subscriber, audiences or [department(Department.RECEPTION)])
    return opened


def user(name: str, *departments: Department) -> PresentUser:
    """A staff user, of Reception unless told otherwise. The same name is the same user."""
    joined = departments or (Department.RECEPTION,)
    return PresentUser(user_id=sum(name.encode()), name=name, own_departments=joined, departments=joined)


def conversation(
    hotel_id: int, conversation_id: int, department: Department | None = Department.RECEPTION
) -> ConversationRef:
    """A guest's conversation, with reception unless told otherwise."""
    return ConversationRef(
        id=conversation_id,
        hotel_id=hotel_id,
        stay_id=None,
        guest_id=1,
        guest_name="John Doe",
        guest_phone="+1234567890",
        room_number="101",
        floor=1,
        platform=Platform.WHATSAPP,
        status=ConversationStatus.RELAY,
        department=department,
        assignee_id=None,
        last_message_preview="My passport number is 4711",
    )


def greet(process: HubProcess, hotel_id: int, name: str, *, is_viewing: bool = True) -> None:
    """A signal of this process, about conversation 5: whoever hears it has heard all that it had said before."""
    about = conversation(hotel_id, 5)
    process.hub.signal(hotel_id, Viewing(conversation=about, user_id=1, user_name=name, is_viewing=is_viewing))


async def until_heard(process: HubProcess, hotel_id: int, heard_by: Screen, name: str = "Somebody") -> None:
    """What this process signals is heard on that screen."""

    def is_heard() -> bool:
        greet(process, hotel_id, name)
        return f"{name} looks at 5" in heard_by.seen

    await eventually(is_heard)
