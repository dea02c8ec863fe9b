"""Every socket, opened by every kind of caller, and what each of them may ask for there."""

import asyncio
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed

from app.core.types import Department
from app.store.saving import batched
from tests.access.declarations import DECLARED, Caller, Declared, expected
from tests.access.listeners import (
    CHAT,
    CONVERSATION,
    DEPARTMENT,
    NUMBER,
    Frame,
    Listener,
    Opened,
    all_open,
    listeners,
)
from tests.access.listening import SOCKETS, Command, DeclaredSocket
from tests.access.surfaces import SOCKET
from tests.access.town import Person, Thread, Town
from tests.sockets import Socket, open_socket

OPENED = [each for each in DECLARED if each.method == SOCKET]
AT_ONCE = 3
"""Commands that are tried on one socket: it takes so many in a row from nobody."""
CLOSED = {401: 4401, 403: 4403, 404: 4404}


@pytest.mark.parametrize("declared", OPENED, ids=lambda declared: str(declared.surface))
async def test_a_socket_opens_to_whom_it_is_declared_and_to_nobody_else(
    server: str, town: Town, declared: Declared
) -> None:
    async def fault(person: Person, path: str, status: int) -> str | None:
        wanted = declared.ok if status == declared.ok else CLOSED.get(status, status)
        got = await opened(server, path, person)
        return None if got == wanted else f"{path} | {person} | declared {wanted}, got {got}"

    asked = [(person, path, status) for person in town.people for path, status in paths(declared, person, town)]
    faults = await asyncio.gather(*(fault(*each) for each in asked))
    assert not any(faults), "\n".join(filter(None, faults))


def paths(declared: Declared, person: Person, town: Town) -> Iterator[tuple[str, int]]:
    """Every path that a caller may try, and the status that they are to get."""
    if DEPARTMENT in declared.path:
        for each in Department:
            yield declared.path.replace(DEPARTMENT, quote(each)), expected(declared, person.caller, place=each)
        yield declared.path.replace(DEPARTMENT, "spa"), 404
    elif CONVERSATION in declared.path:
        for thread in town.relayed:
            path, own_hotel = declared.path.replace(CONVERSATION, str(thread.id)), thread.hotel == person.hotel
            yield path, expected(declared, person.caller, own_hotel=own_hotel, place=thread.place)
    elif CHAT in declared.path:
        guests = {each.user_id for each in town.people if each.caller is Caller.GUEST}
        for user_id in {person.user_id, *guests}:
            path, own = declared.path.replace(CHAT, f"webchat_user_{user_id}"), user_id == person.user_id
            yield path, expected(declared, person.caller, own_hotel=own)
        path = declared.path.replace(CHAT, town.relayed[0].chat.account)
        yield path, expected(declared, person.caller, own_hotel=False)
    else:
        path = declared.path.replace(NUMBER, town.relayed[0].number).replace("{path:path}", "ws/nowhere/")
        yield path, expected(declared, person.caller)


async def opened(server: str, path: str, person: Person) -> int:
    """200 where it stays open and takes commands, else the close code."""
    async with open_socket(server, path, token=person.token) as socket:
        try:
            await socket.pending()  # from nobody, the first frame of all
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
        return 200


@pytest.mark.parametrize("declared", SOCKETS, ids=lambda declared: declared.path)
async def test_a_command_is_open_to_staff_who_see_the_conversation_and_to_nobody_else(
    server: str, town: Town, declared: DeclaredSocket
) -> None:
    faults: list[str] = []
    for names in batched(list(declared.commands), AT_ONCE):
        async with all_open(server, listeners(declared, town)) as sockets:
            for name in names:
                faults += await refused_wrongly(name, sockets, town)
                turns = taking_turns(declared.commands[name], sockets, town)
                found = await asyncio.gather(*(carried_out_wrongly(name, each, town) for each in turns))
                faults += [fault for each in found for fault in each]
    assert not faults, "\n".join(faults)


def taking_turns(command: Command, sockets: Opened, town: Town) -> list[Opened]:
    """Who asks one after the other: nobody, or where what one does is in the way of the next, those of one hotel."""
    if not command.moves:
        return [[each] for each in sockets]
    return [[each for each in sockets if each[0].person.hotel == hotel] for hotel in town.hotels]


async def refused_wrongly(name: str, sockets: Opened, town: Town) -> list[str]:
    """All ask at once what they may not."""
    before = await town.as_it_stands()

    async def ask(listener: Listener, socket: Socket) -> list[str]:
        refused = [
            (f"{name} {asked} | {listener}, {thread}", asked, code)
            for thread in town.relayed
            for asked in commands(listener, name, thread)
            if (code := listener.refused(thread)) and not listener.declared.commands[name].for_all
        ]
        for _, asked, _ in refused:
            await socket.send(asked)
        got = errors(await socket.pending())
        if got == [code for _, _, code in refused]:
            return []
        return [f"{row} | declared {code}" for row, _, code in refused] + [f"got {got}"]

    faults = [fault for found in await asyncio.gather(*(ask(*each) for each in sockets)) for fault in found]
    if await town.as_it_stands() != before:
        faults.append(f"{name}: a refused command has changed something")
    return faults


async def carried_out_wrongly(name: str, sockets: Opened, town: Town) -> list[str]:
    """These ask what they may, one after the other, each time as if nobody had before."""
    faults = []
    for listener, socket in sockets:
        command = listener.declared.commands[name]
        for thread in listener.may_name(town.relayed):
            if listener.refused(thread) and not command.for_all:
                continue
            for asked in commands(listener, name, thread):
                await socket.send(asked)
                got = errors(await socket.pending())
                if got != [command.ok] * (command.ok is not None):
                    faults.append(f"{name} {asked} | {listener}, {thread} | declared {command.ok}, got {got}")
                if command.moves:
                    await town.restore(thread)
    return faults


def commands(listener: Listener, name: str, thread: Thread) -> Iterator[Frame]:
    """One command, naming the conversation in every way that it takes."""
    command = listener.declared.commands[name]
    if not command.about:
        yield {listener.declared.key: name, **command.fields}
    for named in command.about:
        yield {listener.declared.key: name, named: thread.named(named), **command.fields}


def errors(frames: list[Frame]) -> list[str]:
    return [str(frame["code"]) for frame in frames if "code" in frame]
