"""Everything that may happen, and who of two hotels' connected staff is told of it, on every socket."""

import asyncio
import contextlib
from collections import Counter
from typing import NamedTuple

import pytest
from fastapi import FastAPI

from app.core.events import Event, UserChanged
from app.core.signals import Signal
from app.services.container import Services
from tests.access.happenings import PASSING, What, happened
from tests.access.listeners import Frame, Listener, Opened, about, all_open, listeners, word
from tests.access.listening import SOCKETS, By, DeclaredSocket
from tests.access.town import Thread, Town
from tests.sockets import Socket


class Told(NamedTuple):
    """A frame: its number, its type, and the id of what it is about."""

    seq: int
    word: str
    about: int


class Happened(NamedTuple):
    """Something that happened, its number in its hotel, and the conversation that it is about."""

    what: What
    event: Event | Signal
    seq: int
    thread: Thread


Heard = Counter[Told]


@pytest.mark.parametrize("declared", SOCKETS, ids=lambda declared: declared.path)
async def test_what_happens_is_told_to_whom_it_is_declared_and_to_nobody_else(
    app: FastAPI, server: str, town: Town, declared: DeclaredSocket
) -> None:
    """Who has subscribed has while the conversations belonged to nobody yet: what counts is how things stand now."""
    everybody = listeners(declared, town)
    async with all_open(server, everybody) as idle, all_open(server, everybody * bool(declared.subscribe)) as keen:
        await town.take_from_departments(*town.relayed)
        await asyncio.gather(*(subscribe(*each, town) for each in keen))
        await asyncio.gather(*(socket.pending() for _, socket in keen))
        await town.restore(*town.relayed)

        all_that = await let_everything_happen(app.state.services, town)

        wanted = [to_hear(listener, all_that) for listener, _ in idle]
        wanted += [to_hear(listener, all_that, subscribed=True) for listener, _ in keen]
        await assert_heard([*idle, *keen], wanted)


@pytest.mark.parametrize("declared", SOCKETS, ids=lambda declared: declared.path)
async def test_whoever_resumes_is_told_no_more_than_whoever_stayed(
    app: FastAPI, server: str, town: Town, declared: DeclaredSocket
) -> None:
    kept = [each for each in await let_everything_happen(app.state.services, town) if each.what not in PASSING]
    async with all_open(server, listeners(declared, town), since=0) as sockets:
        await assert_heard(sockets, [to_hear(listener, kept) for listener, _ in sockets])
        if declared.subscribe:
            await asyncio.gather(*(subscribe(*each, town, since=0) for each in sockets))
            await assert_heard(sockets, [to_hear_later(listener, kept) for listener, _ in sockets])


async def subscribe(listener: Listener, socket: Socket, town: Town, **since: int) -> None:
    """To each conversation of the hotel, named in every way; where one may not see it, in vain."""
    declared = listener.declared
    for thread in town.relayed:
        if thread.hotel == listener.person.hotel:
            for name in declared.commands[declared.subscribe].about:
                await socket.send({declared.key: declared.subscribe, name: thread.named(name), **since})


async def let_everything_happen(services: Services, town: Town) -> list[Happened]:
    """About every relayed conversation, and in between everybody's rights are looked at again."""
    stored: dict[int, list[tuple[What, Event, Thread]]] = {}
    passing: list[tuple[What, Signal, Thread]] = []
    for thread, ref in await town.refs(town.relayed):
        for what in What:
            event = happened(what, ref)
            if isinstance(event, Signal):
                passing.append((what, event, thread))
            else:
                stored.setdefault(ref.hotel_id, []).append((what, event, thread))
    async with services.database.transaction() as work:
        for hotel_id, events in stored.items():
            for _, event, _ in events:
                work.emit(hotel_id, event)
        for person in town.people:
            work.emit(person.hotel.id, UserChanged(user_id=person.user_id))
    all_that = [
        Happened(what, event, seq, thread)
        for events in stored.values()
        for seq, (what, event, thread) in enumerate(events, start=1)
    ]
    for what, signal, thread in passing:
        services.hub.signal(thread.hotel.id, signal)
        all_that.append(Happened(what, signal, services.hub.position(thread.hotel.id), thread))
    return all_that


def to_hear(listener: Listener, all_that: list[Happened], *, subscribed: bool = False) -> Heard:
    """What is declared for one who has subscribed to every conversation, or to none."""
    return Counter(
        Told(each.seq, word, each.thread.id)
        for each in all_that
        if (word := word_for(listener, each, subscribed=subscribed))
    )


def to_hear_later(listener: Listener, all_that: list[Happened]) -> Heard:
    """What is declared for one who subscribes afterwards: what they have not been told as a whole yet."""
    return Counter(
        Told(each.seq, word, each.thread.id)
        for each in all_that
        if (word := listener.declared.tells.get(each.what, {}).get(By.SUBSCRIPTION))
        and listener.refused(each.thread) is None
        and By.SUBSCRIPTION in listener.ways(each.event, each.thread, subscribed=True)
        and (each.what in listener.declared.told_in_short or not word_for(listener, each))
    )


def word_for(listener: Listener, each: Happened, *, subscribed: bool = False) -> str | None:
    words = listener.declared.tells.get(each.what, {})
    ways = listener.ways(each.event, each.thread, subscribed=subscribed)
    return next((words[way] for way in ways if way in words), None)


async def assert_heard(sockets: Opened, wanted: list[Heard]) -> None:
    """Once everybody has been told what they are to be told, nobody is told anything more."""
    heard = await asyncio.gather(
        *(told_so_many(socket, each.total()) for (_, socket), each in zip(sockets, wanted, strict=True))
    )
    more = await asyncio.gather(*(socket.pending() for _, socket in sockets))
    faults = []
    for (listener, _), early, late, declared in zip(sockets, heard, more, wanted, strict=True):
        got = Counter(early + told(late))
        if got != declared:
            faults.append(f"{listener} | not told {declared - got}, told unasked {got - declared}")
    assert not faults, "\n".join(faults)


async def told_so_many(socket: Socket, number: int) -> list[Told]:
    """Fewer where no more come."""
    heard: list[Told] = []
    with contextlib.suppress(TimeoutError):
        while len(heard) < number:
            heard += told([await socket.receive()])
    return heard


def told(frames: list[Frame]) -> list[Told]:
    """What has happened, among answers and heartbeats, and what a socket of one conversation begins with."""
    return [
        Told(each["seq"], word(each), thread_id)
        for each in frames
        if "seq" in each and each["type"] != "recent_messages" and (thread_id := about(each)) is not None
    ]
