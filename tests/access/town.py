"""Two hotels with conversations in every place, and every kind of caller: what the access test walks through."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from msgspec.structs import replace
from sqlalchemy import func, insert, select, update

from app.core.clock import utc_now
from app.core.security import AccessClaims, digest, issue_access_token, new_secret, visitor_token
from app.core.settings import Settings
from app.core.templates import ProviderTemplate
from app.core.types import (
    ConversationStatus,
    Department,
    IdentityKind,
    MediaState,
    MessageOrigin,
    MessageType,
    SenderType,
    StayStatus,
    UserType,
)
from app.core.views import ChatRef, ConversationRef
from app.media.incoming import scratch_folder
from app.media.storage import MediaStorage
from app.models import (
    Account,
    AuditEntry,
    Base,
    Conversation,
    Delivery,
    EventRow,
    Guest,
    Media,
    Message,
    Participant,
    Stay,
)
from app.store.database import Database
from app.store.sessions import SessionOwner
from app.store.unit_of_work import UnitOfWork
from tests.access.declarations import PLACES, SEES, UNKNOWN, Caller, Who
from tests.files import PDF
from tests.webchats import open_web_chat
from tests.world import HotelWorld, World

DEPARTMENT_STAFF = UserType.DEPARTMENT_STAFF
USERS: dict[Caller, tuple[UserType, tuple[Department, ...]]] = {
    Caller.GUEST: (UserType.GUEST, ()),
    Caller.TRAINEE: (DEPARTMENT_STAFF, ()),
    Caller.HOUSEKEEPER: (DEPARTMENT_STAFF, (Department.HOUSEKEEPING,)),
    Caller.WAITER: (DEPARTMENT_STAFF, (Department.ROOM_SERVICE,)),
    Caller.FLOATER: (DEPARTMENT_STAFF, (Department.HOUSEKEEPING, Department.ROOM_SERVICE)),
    Caller.RECEPTIONIST: (UserType.RECEPTIONIST, ()),
    Caller.MANAGER: (UserType.MANAGER, ()),
    Caller.ADMIN: (UserType.HOTEL_ADMIN, ()),
}

HELLO_WORLD = ProviderTemplate(
    provider_id="1",
    name="hello_world",
    language="en_US",
    category="UTILITY",
    status="APPROVED",
    components=({"type": "BODY", "text": "Welcome."},),
)


_ACCOUNT = "webchat_guest_"


@dataclass(frozen=True)
class Person:
    """A caller, where they work, and what they show; None for nothing."""

    caller: Caller
    hotel: HotelWorld
    token: str | None = None
    user_id: int = 0

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    def __str__(self) -> str:
        return f"{self.caller} ({self.hotel.slug})"


@dataclass(frozen=True)
class Thread:
    """A conversation, a message of its guest, whose it is, and two files in it. ``chat`` is where it goes on for what
    is let happen, ``token`` its visitor's."""

    id: int
    message_id: int
    stay_id: int
    hotel: HotelWorld
    place: Department | None
    status: ConversationStatus
    failed_id: int
    document_id: int
    number: str
    chat: ChatRef
    token: str

    @property
    def visitor(self) -> Person:
        """Whoever visits the hotel's site, and would be its guest."""
        return Person(Caller.NOBODY, self.hotel, self.token)

    def named(self, field: str) -> int:
        """What a command calls ``field``."""
        return {"conversation_id": self.id, "stay_id": self.stay_id, "message_id": self.message_id}[field]

    def ids(self, who: Who) -> dict[str, int | str | None]:
        """What a request may name of it: of its two files the one that the route is about. ``number`` is a guest's who
        has no conversation with its department yet."""
        media_id = self.document_id if who is Who.WHO_SEES_DOCUMENTS else self.failed_id
        return {
            "conversation_id": self.id,
            "message_id": self.message_id,
            "stay_id": self.stay_id,
            "media_id": media_id,
            "department": self.place,
            "number": self.newcomer,
        }

    @property
    def newcomer(self) -> str:
        """Each hotel has one."""
        return f"+49160{self.hotel.id:08d}"

    def __str__(self) -> str:
        return f"conversation of {self.place or 'no department'} ({self.hotel.slug})"


@dataclass
class Town:
    """``relayed`` has one conversation for each hotel and place, ``active`` likewise."""

    database: Database
    people: list[Person] = field(default_factory=list)
    relayed: list[Thread] = field(default_factory=list)
    active: list[Thread] = field(default_factory=list)

    @property
    def hotels(self) -> tuple[HotelWorld, HotelWorld]:
        return self.people[0].hotel, self.people[-1].hotel

    @property
    def staff(self) -> list[Person]:
        return [each for each in self.people if each.caller in SEES]

    async def restore(self, *threads: Thread) -> None:
        """Put conversations back to where they belong, unnoticed."""
        for thread in threads:
            await self._place(thread, thread.place)

    async def take_from_departments(self, *threads: Thread) -> None:
        """For a while they belong to nobody yet."""
        for thread in threads:
            await self._place(thread, None)

    async def as_it_stands(self) -> list[object]:
        """What a refused call must leave alone."""
        columns = (
            Conversation.status,
            Conversation.department,
            Conversation.assignee_id,
            Conversation.priority,
            Conversation.last_message_id,
        )
        async with self.database.read() as work:
            rows = await work.connection.execute(select(Conversation.id, *columns).order_by(Conversation.id))
            counts = [
                await work.connection.scalar(select(func.count()).select_from(model))
                for model in (Message, Delivery, EventRow, Participant, Media, AuditEntry)
            ]
            states = await work.connection.execute(select(Media.id, Media.state).order_by(Media.id))
        return [*(tuple(row) for row in rows), *counts, *(tuple(row) for row in states)]

    async def refs(self, threads: list[Thread]) -> list[tuple[Thread, ConversationRef]]:
        """Conversations as events carry them, each as if it went on in its visitor's chat."""
        async with self.database.read() as work:
            views = [await work.views.get(each.id) for each in threads]
        found = [(thread, view) for thread, view in zip(threads, views, strict=True) if view is not None]
        return [(thread, replace(view.as_ref(), chat=thread.chat)) for thread, view in found]

    async def _place(self, thread: Thread, place: Department | None) -> None:
        here = [each.id for each in (*self.relayed, *self.active)]
        async with self.database.transaction() as work:
            await work.connection.execute(
                update(Conversation)
                .where(Conversation.hotel_id == thread.hotel.id, Conversation.id.not_in(here))
                .values(status=ConversationStatus.CLOSED)
            )
            await work.connection.execute(
                update(Conversation)
                .where(Conversation.id == thread.id)
                .values(
                    status=thread.status,
                    department=place,
                    assignee_id=None,
                    priority=1,
                    closed_at=None,
                    flow_name=None,
                    current_step=None,
                )
            )
            await work.connection.execute(
                update(Media).where(Media.id == thread.failed_id).values(state=MediaState.FAILED)
            )


async def build_town(world: World, database: Database, settings: Settings) -> Town:
    town = Town(database)
    secret = settings.secret_key.get_secret_value()
    callers = set(Caller)
    for hotel in await world.two_hotels():
        key, site = await _document(settings), await open_web_chat(database, hotel)
        async with database.transaction() as work:
            await work.templates.replace(hotel.id, hotel.channel_id, [HELLO_WORLD], at=utc_now(), forgive=True)
            for status, threads in (
                (ConversationStatus.RELAY, town.relayed),
                (ConversationStatus.ACTIVE, town.active),
            ):
                threads += [await _converse(work, hotel, place, status, key, site, secret) for place in PLACES]
        await world.guest(hotel, "Jane Doe", f"49160{hotel.id:08d}", stay=None)
        for caller in sorted(callers):
            town.people.append(await _person(world, database, hotel, caller, secret))
        callers -= UNKNOWN  # of these one is enough: nobody knows whose they are
    return town


async def _converse(
    work: UnitOfWork,
    hotel: HotelWorld,
    place: Department | None,
    status: ConversationStatus,
    key: str,
    site: int,
    secret: str,
) -> Thread:
    """A guest of their own, who stays, and their conversation with a file that failed and a document."""

    async def add(model: type[Base], **values: object) -> int:
        row_id = await work.connection.scalar(
            insert(model).values(hotel_id=hotel.id, **values).returning(model.__table__.c.id)
        )
        assert isinstance(row_id, int)
        return row_id

    guest_id = await add(Guest, full_name="John Doe")
    number = f"49151{guest_id:08d}"
    await work.connection.execute(update(Guest).where(Guest.id == guest_id).values(phone=f"+{number}"))
    await work.guests.identify(hotel.id, guest_id, [(IdentityKind.PHONE, number)])
    today = utc_now().date()  # a guest's link is sent while they stay, by the clock on the wall
    until = today + timedelta(days=3)
    stay_id = await add(
        Stay, guest_id=guest_id, status=StayStatus.ACTIVE, room_number="101", check_in=today, check_out=until
    )
    on = {"guest_id": guest_id, "channel_id": hotel.channel_id}
    account_id = await add(Account, **on, address=number, last_inbound_at=utc_now())
    conversation_id = await add(
        Conversation, **on, stay_id=stay_id, account_id=account_id, status=status, department=place
    )
    written = {
        "conversation_id": conversation_id,
        "channel_id": hotel.channel_id,
        "sender_type": SenderType.GUEST,
        "origin": MessageOrigin.GUEST,
        "sender_name": "John Doe",
    }
    message_id = await add(
        Message, **written, external_id=f"wamid.TOWN{guest_id}", type=MessageType.TEXT, content="Hello"
    )
    image = {**written, "type": MessageType.IMAGE, "content": ""}
    file = {"channel_id": hotel.channel_id, "provider_id": "1", "mime_type": "application/pdf", "size": len(PDF)}
    failed_id = await add(Media, **file, message_id=await add(Message, **image), state=MediaState.FAILED)
    document_id = await add(
        Media,
        **file,
        message_id=await add(Message, **image),
        stay_id=stay_id,
        state=MediaState.STORED,
        original_key=key,
    )
    account = f"{_ACCOUNT}{conversation_id:032x}"
    chat = ChatRef(id=conversation_id, channel_id=site, account=account, public_id=account)
    token = visitor_token(secret, account.removeprefix(_ACCOUNT))
    return Thread(
        conversation_id, message_id, stay_id, hotel, place, status, failed_id, document_id, number, chat, token
    )


def thread_of(chat_id: str) -> int:
    """The id of the conversation whose chat is called so."""
    return int(chat_id.removeprefix(_ACCOUNT), 16)


async def _document(settings: Settings) -> str:
    """The key under which a passport is stored."""
    async with scratch_folder() as folder:
        path = folder / "passport.pdf"
        path.write_bytes(PDF)
        return await MediaStorage(settings).put(path)


async def _person(world: World, database: Database, hotel: HotelWorld, caller: Caller, secret: str) -> Person:
    """A caller with a user and a session of their own, as far as they have any."""
    if caller is Caller.NOBODY:
        return Person(caller, hotel)
    if caller is Caller.RUBBISH:
        return Person(caller, hotel, "a.b.c")
    user_type, departments = USERS.get(caller, USERS[Caller.MANAGER])  # who is known no more was no less than that
    is_active = caller is not Caller.DEACTIVATED
    username = f"{caller.name.lower()}-{hotel.slug}"
    user_id = await world.user(hotel, username, user_type, departments, is_active=is_active)
    owner, refresh_token, now = SessionOwner(uuid4(), user_id), new_secret(), utc_now()
    began = now - timedelta(days=20 if caller is Caller.OVER else 0)
    cookie_hash, refresh_hash = digest(new_secret()), digest(refresh_token)
    async with database.transaction() as work:
        await work.sessions.open(
            owner, cookie_hash=cookie_hash, refresh_hash=refresh_hash, now=began, lifetime=timedelta(days=14)
        )
        if caller is Caller.SIGNED_OUT:
            await work.sessions.end(owner.session_id, now)
    if caller is Caller.REFRESH:
        return Person(caller, hotel, refresh_token, user_id)
    issued = now - timedelta(hours=1 if caller is Caller.EXPIRED else 0)
    signed_by = "another-secret-of-32-bytes-or-more" if caller is Caller.FORGED else secret
    token = issue_access_token(signed_by, AccessClaims(user_id=user_id, session_id=owner.session_id), issued)
    return Person(caller, hotel, token, user_id)
