"""Rights that change while a chat socket is open: what it hears follows them."""

from sqlalchemy import update

from app.core.events import UserChanged
from app.core.types import Department, UserType
from app.models import User
from tests.eventually import eventually
from tests.sockets import Socket
from tests.ws.chat import Chat, command, kinds, subscribed

ROOMS = "/ws/chat/room_service/"


async def move(chat: Chat, username: str, *departments: Department, **columns: object) -> None:
    """Somebody works elsewhere now, as an import says."""
    user_id = chat.hotel.staff[username]
    values = {"departments": [each.value for each in departments], **columns}
    async with chat.services.database.transaction() as work:
        await work.connection.execute(update(User).where(User.id == user_id).values(**values))
        work.emit(chat.hotel.id, UserChanged(user_id=user_id))


async def works_in(socket: Socket, *groups: str) -> None:
    """Wait until the socket's user is known to be there."""

    async def is_there() -> bool:
        present = (await command(socket, "presence"))["data"]["users"]
        return any(each["user_name"] == "Wanda Staff" and each["departments"] == list(groups) for each in present)

    await eventually(is_there)


async def test_a_socket_follows_its_user_from_one_department_to_another(chat: Chat) -> None:
    rooms = await chat.relayed(Department.ROOM_SERVICE)
    async with chat.open("wanda") as wanda:
        await subscribed(wanda, rooms)
        await move(chat, "wanda", Department.CAFE)
        await works_in(wanda, "café")

        await chat.write("A secret of Room Service")
        await chat.begun(Department.CAFE)

        told = await wanda.pending()
        assert kinds(told) == ["new_conversation"]
        assert told[0]["data"]["department"] == "café"
        assert (await command(wanda, "text", conversation_id=rooms, content="Hello"))["code"] == "forbidden"


async def test_who_is_given_the_whole_hotel_hears_all_of_it(chat: Chat) -> None:
    async with chat.open("wanda") as wanda:
        await move(chat, "wanda", Department.RECEPTION, user_type=UserType.RECEPTIONIST)
        await works_in(wanda, "reception")
        await chat.begun(Department.CAFE)

        assert kinds(await wanda.pending()) == ["new_conversation"]


async def test_a_department_socket_whose_department_is_lost_is_closed_with_4403(chat: Chat) -> None:
    async with chat.open("wanda", ROOMS) as wanda, chat.open("wilma", ROOMS) as wilma:
        await move(chat, "wanda", Department.CAFE)

        assert await wanda.closed_with() == 4403
        assert await command(wilma, "ping") == {"type": "pong"}


async def test_a_department_socket_stays_while_its_department_does(chat: Chat) -> None:
    async with chat.open("wanda", ROOMS) as wanda:
        await move(chat, "wanda", Department.CAFE, Department.ROOM_SERVICE)
        await works_in(wanda, "room_service", "café")
        await chat.relayed(Department.ROOM_SERVICE)

        assert (await wanda.receive())["type"] == "new_conversation"


async def test_a_user_who_is_no_staff_any_more_is_told_4403(chat: Chat) -> None:
    async with (
        chat.open("wanda") as wanda,
        chat.open("wanda", ROOMS) as rooms,
        chat.open("wanda", "/ws/staff/") as all_staff,
    ):
        await move(chat, "wanda", user_type=UserType.GUEST)

        for socket in (wanda, rooms, all_staff):
            assert await socket.closed_with() == 4403


async def test_colleagues_of_the_new_department_hear_that_somebody_has_come(chat: Chat) -> None:
    async with (
        chat.open("wanda") as wanda,
        chat.open("wilma", comings=True) as wilma,
        chat.open("carla", comings=True) as carla,
    ):
        await wilma.pending(), await carla.pending()
        await move(chat, "wanda", Department.CAFE)
        await works_in(wanda, "café")

        assert (await wilma.receive_until("user_status"))["data"]["type"] == "user_disconnected"
        came = (await carla.receive_until("user_status"))["data"]
        assert (came["type"], came["department"]) == ("user_connected", "café")
