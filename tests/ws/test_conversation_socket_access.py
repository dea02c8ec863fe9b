"""Who has a conversation's socket, and for how long; and that what happens while it opens is told once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest
from sqlalchemy import update

from app.core.events import UserChanged
from app.core.types import Department, UserType
from app.models import User
from app.ws.conversations import ConversationSocket
from app.ws.session import Session
from tests.eventually import eventually
from tests.fake_graph import ALPINE_NUMBER
from tests.sockets import PATIENCE, open_socket
from tests.world import PASSWORD, guest_writes, token_of
from tests.ws.chat import STRANGER, Chat, command
from tests.ws.client import Client
from tests.ws.conversations import LIST, closed_with, recent, talking


async def test_every_type_of_staff_that_sees_it_opens_it_with_and_without_its_slash(chat: Chat) -> None:
    conversation = await chat.relayed(Department.ROOM_SERVICE)
    for user_type in [each for each in UserType if each is not UserType.GUEST]:
        username = user_type.value
        await chat.world.user(chat.hotel, username, user_type, (Department.ROOM_SERVICE,))
        for path in (f"/ws/chat/{conversation}/", f"/ws/chat/{conversation}", f"/ws/chat/0{conversation}/"):
            token = await token_of(chat.client, username)
            async with open_socket(chat.server, path, token=token) as socket:
                assert (await socket.receive())["type"] == "recent_messages", (user_type, path)


@pytest.mark.parametrize("path", ["/ws/chat/1/", LIST])
async def test_it_takes_its_token_by_every_way(chat: Chat, path: str) -> None:
    assert await chat.relayed() == 1
    token = await token_of(chat.client, "rita")
    ways = ({"additional_headers": {"Authorization": f"Bearer {token}"}}, {"subprotocols": ["bearer", token]})
    for options in ways:
        async with open_socket(chat.server, path, **options) as socket:
            await socket.pending()
    async with open_socket(chat.server, path) as socket:
        await socket.send({"type": "auth", "token": token})
        await socket.pending()


@pytest.mark.parametrize("path", ["/ws/chat/1/", LIST])
async def test_nobody_without_a_good_token_opens_it(chat: Chat, path: str) -> None:
    async with open_socket(chat.server, path, token="none.of.ours") as socket:
        assert await socket.closed_with() == 4401
    async with open_socket(chat.server, path) as socket:
        assert await socket.closed_with() == 4401


async def test_a_user_who_is_no_staff_is_told_4403(chat: Chat) -> None:
    conversation = await chat.relayed()
    await chat.world.user(chat.hotel, "gwen", UserType.GUEST)

    assert await closed_with(chat, f"/ws/chat/{conversation}/", "gwen") == 4403
    assert await closed_with(chat, LIST, "gwen") == 4403


async def test_another_departments_is_closed_with_4403_and_what_is_nobodys_is_open_to_all(chat: Chat) -> None:
    conversation = await chat.relayed(Department.ROOM_SERVICE)
    await guest_writes(chat.client, "Hello", STRANGER)

    assert await closed_with(chat, f"/ws/chat/{conversation}/", "carla") == 4403
    assert await recent(chat, await chat.newest(), "carla")


async def test_what_there_is_not_and_another_hotels_is_closed_with_4404(chat: Chat) -> None:
    alpine = await chat.world.hotel("alpine-lodge", ALPINE_NUMBER)
    await chat.world.user(alpine, "anna")
    conversation = await chat.relayed()

    assert await closed_with(chat, f"/ws/chat/{conversation}/", "anna") == 4404
    for number in ("0", "999999", "9" * 18, "9" * 19, "9" * 5000, "0" * 30 + "1"):
        assert await closed_with(chat, f"/ws/chat/{number}/") == 4404, number[:20]


async def test_digits_are_a_conversation_and_all_else_is_a_department(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("rita", "/ws/chat/Reception/") as reception:
        assert await command(reception, "ping") == {"type": "pong"}
    for name in (f"{conversation}x", f"-{conversation}", f"+{conversation}", f"{conversation}.0", "١٢"):
        assert await closed_with(chat, f"/ws/chat/{name}/") == 4404, name


async def test_a_conversation_that_goes_to_another_department_is_closed_with_4403_to_whoever_has_lost_it(
    chat: Chat,
) -> None:
    conversation = await chat.relayed(Department.ROOM_SERVICE)
    async with (
        talking(chat, "wanda", conversation) as wanda,
        talking(chat, "rita", conversation) as rita,
        chat.open("rita") as desk,
    ):
        await command(desk, "transfer", conversation_id=conversation, department="cafe")

        assert await wanda.closed_with() == 4403
        told = await rita.receive()
        assert (told["change"], told["conversation"]["department"]) == ("transferred", "café")
        assert await recent(chat, conversation, "carla")


async def test_whoever_watched_what_was_nobodys_is_told_who_has_it_and_then_closed(chat: Chat) -> None:
    await guest_writes(chat.client, "Hello", STRANGER)
    conversation = await chat.newest()
    async with talking(chat, "carla", conversation) as carla, chat.open("rita") as desk:
        await command(desk, "transfer", conversation_id=conversation, department="housekeeping")

        told = await carla.receive()
        assert (told["type"], told["conversation"]["department"]) == ("conversation_updated", "housekeeping")
        assert await carla.closed_with() == 4403


async def test_whoever_works_elsewhere_now_is_closed_with_4403(chat: Chat) -> None:
    conversation = await chat.relayed(Department.ROOM_SERVICE)
    async with talking(chat, "wanda", conversation) as wanda, talking(chat, "wilma", conversation) as wilma:
        user_id = chat.hotel.staff["wanda"]
        async with chat.services.database.transaction() as work:
            moved = update(User).where(User.id == user_id).values(departments=[Department.CAFE.value])
            await work.connection.execute(moved)
            work.emit(chat.hotel.id, UserChanged(user_id=user_id))

        assert await wanda.closed_with() == 4403
        await chat.write("Hello?")
        assert (await wilma.receive())["message"]["content"] == "Hello?"


async def test_a_conversation_that_comes_back_to_its_department_before_anybody_looks_is_open_still(chat: Chat) -> None:
    conversation = await chat.relayed(Department.ROOM_SERVICE)
    async with talking(chat, "rita", conversation) as rita, chat.open("rita") as desk:
        for department in ("cafe", "room_service"):
            await command(desk, "transfer", conversation_id=conversation, department=department)
        await chat.write("Hello?")

        told = await rita.pending()
        assert [each["type"] for each in told] == ["conversation_updated"] * 2 + ["chat_message"]


class WhileOpening(ConversationSocket):
    """Lets something happen between two of its steps."""

    def __init__(
        self,
        chat: Chat,
        *,
        before_joining: Callable[[], Awaitable[object]] | None = None,
        after_joining: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        super().__init__(chat.services.links)
        self._before = before_joining
        self._after = after_joining

    async def audiences(self, session: Session) -> Iterable[str]:
        found = await super().audiences(session)
        if self._before is not None:
            await self._before()
        return found

    async def opened(self, session: Session) -> None:
        if self._after is not None:
            await self._after()
        await super().opened(session)


async def opening(
    chat: Chat, username: str, conversation_id: int, contract: ConversationSocket
) -> tuple[Client, asyncio.Task[None]]:
    """Somebody's socket, and its running."""
    signed_in = await chat.services.auth.sign_in(username, PASSWORD, "192.0.2.7")
    principal = await chat.services.auth.authenticate(signed_in.tokens.access_token)
    client = Client(f"/ws/chat/{conversation_id}/", conversation_id=str(conversation_id))
    await client.websocket.accept()
    session = Session(client.websocket, chat.services, contract, principal, since=None)
    return client, asyncio.create_task(session.run())


async def test_a_message_that_comes_while_it_opens_is_told_once(chat: Chat) -> None:
    conversation = await chat.relayed()
    contract = WhileOpening(chat, after_joining=lambda: chat.write("In between"))
    client, running = await opening(chat, "wanda", conversation, contract)
    await eventually(lambda: client.frames)
    await chat.write("Afterwards")
    await eventually(lambda: len(client.frames) > 1)
    client.go()
    await asyncio.wait_for(running, PATIENCE)

    first, *then = client.frames
    assert (first["type"], first["messages"][-1]["content"]) == ("recent_messages", "In between")
    assert [each["message"]["content"] for each in then] == ["Afterwards"]
    async with chat.open("wanda", f"/ws/chat/{conversation}/", since=first["seq"]) as wanda:
        told = [each["message"]["content"] for each in await wanda.pending() if each["type"] == "chat_message"]
    assert told == ["Afterwards"], "what it began with is not missed"


async def test_a_conversation_that_is_lost_while_it_opens_is_closed_with_4403(chat: Chat) -> None:
    conversation = await chat.relayed()
    rita = await chat.principal("rita")

    async def transfer() -> None:
        await chat.services.handling.transfer(rita, conversation, Department.CAFE)

    contract = WhileOpening(chat, before_joining=transfer)
    client, running = await opening(chat, "wanda", conversation, contract)
    await asyncio.wait_for(running, PATIENCE)

    assert (client.frames, client.close_code) == ([], 4403)
