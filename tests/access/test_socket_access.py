"""Every socket, opened by every kind of caller; and on ``/ws/staff/``, what each of them may ask for."""

from collections import Counter

import pytest
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed

from app.core.types import SenderType
from app.models import Message
from app.store.database import Database
from tests.access.declarations import DECLARED, SEES, STAFF_COMMANDS, Declared, expected
from tests.access.surfaces import SOCKET
from tests.access.town import Person, Thread, Town
from tests.sockets import Socket, open_socket

SOCKETS = [each for each in DECLARED if each.method == SOCKET]
CLOSED = {401: 4401, 403: 4403}


@pytest.mark.parametrize("declared", SOCKETS, ids=lambda declared: str(declared.surface))
async def test_a_socket_opens_to_whom_it_is_declared_and_to_nobody_else(
    server: str, town: Town, declared: Declared
) -> None:
    faults = []
    for person in town.people:
        status = expected(declared, person.caller)
        wanted = declared.ok if status == declared.ok else CLOSED.get(status, status)
        got = await opened(server, declared.path.replace("{path:path}", "ws/nowhere/"), person)
        if got != wanted:
            faults.append(f"{declared.surface} | {person} | declared {wanted}, got {got}")
    assert not faults, "\n".join(faults)


async def opened(server: str, path: str, person: Person) -> int:
    """200 where it stays open and takes commands, else the close code."""
    async with open_socket(server, path, token=person.token) as socket:
        try:
            await socket.pending()  # from nobody, the first frame of all
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
        return 200


async def test_a_command_is_open_to_staff_who_see_the_conversation_and_to_nobody_else(
    server: str, town: Town, database: Database
) -> None:
    faults: list[str] = []
    for person in town.staff:
        for command in STAFF_COMMANDS:
            async with open_socket(server, "/ws/staff/", token=person.token) as socket:
                for thread in town.relayed:
                    faults += await wrongly_answered(socket, command, person, thread)
    assert not faults, "\n".join(faults)
    assert await written(database) == {
        thread.id: 2 * sum(sees(person, thread) for person in town.staff) for thread in town.relayed
    }, "a refused message was kept"


async def wrongly_answered(socket: Socket, command: str, person: Person, thread: Thread) -> list[str]:
    """Asked about the stay and about the conversation."""
    wanted = [] if sees(person, thread) else ["forbidden" if thread.hotel == person.hotel else "not_found"]
    if command == "unsubscribe_from_conversation":
        wanted = []
    faults = []
    for about in ({"stay_id": thread.stay_id}, {"conversation_id": thread.id}):
        await socket.send({"command": command, **about, **STAFF_COMMANDS[command]})
        got = [frame["code"] for frame in await socket.pending() if frame["type"] == "error"]
        if got != wanted:
            faults.append(f"{command} {about} | {person}, {thread} | declared {wanted}, got {got}")
    return faults


def sees(person: Person, thread: Thread) -> bool:
    return thread.hotel == person.hotel and thread.place in SEES[person.caller]


async def written(database: Database) -> Counter[int]:
    """The messages of staff in each conversation."""
    by_staff = select(Message.conversation_id).where(Message.sender_type == SenderType.STAFF)
    async with database.read() as work:
        return Counter((await work.connection.scalars(by_staff)).all())
