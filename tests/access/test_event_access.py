"""Every kind of event, and who of two hotels' connected staff is told of it on ``/ws/staff/``."""

import asyncio
import contextlib

from fastapi import FastAPI

from app.core.clock import utc_now
from app.core.events import (
    Change,
    ConversationChanged,
    Event,
    MessageCreated,
    MessageStatusChanged,
    MessageUpdated,
    UnknownEvent,
    UserChanged,
)
from app.core.types import DeliveryStatus, MessageOrigin, MessageType, SenderType
from app.core.views import ConversationRef, MessageView
from app.store.database import Database
from tests.access.declarations import OF_NO_CONVERSATION, SEES, STAFF_EVENTS, Hears
from tests.access.town import Person, Town
from tests.sockets import Socket, open_socket

PATH = "/ws/staff/"
Heard = list[tuple[str, int]]
"""Types of frames, and the conversations that they are about."""


async def test_an_event_is_told_to_whom_it_is_declared_and_to_nobody_else(
    app: FastAPI, server: str, town: Town
) -> None:
    """All have subscribed while the conversations belonged to nobody yet: what counts is how things stand now."""
    async with contextlib.AsyncExitStack() as stack:
        sockets = [
            (person, await stack.enter_async_context(open_socket(server, PATH, token=person.token, reports=True)))
            for person in town.staff
        ]
        await town.take_from_departments(*town.relayed)
        for person, socket in sockets:
            await subscribe_to_all(socket, person, town)
        await town.restore(*town.relayed)

        await emit_everything(app.state.services.database, town)

        heard = await asyncio.gather(*(heard_until_the_last(socket, person, town) for person, socket in sockets))
    assert_as_declared([(person, each) for (person, _), each in zip(sockets, heard, strict=True)], town)


async def test_whoever_resumes_is_told_no_more_than_whoever_stayed(app: FastAPI, server: str, town: Town) -> None:
    await emit_everything(app.state.services.database, town)
    heard = []
    for person in town.staff:
        async with open_socket(server, f"{PATH}?since=0", token=person.token, reports=True) as socket:
            missed = await heard_until_the_last(socket, person, town)
            for thread in town.relayed:
                await socket.send({"command": "subscribe_to_conversation", "stay_id": thread.stay_id, "since": 0})
            missed[-1:-1] = told(await socket.pending())
        heard.append((person, missed))
    assert_as_declared(heard, town)


async def subscribe_to_all(socket: Socket, person: Person, town: Town) -> None:
    for thread in town.relayed:
        if thread.hotel == person.hotel:
            for about in ({"stay_id": thread.stay_id}, {"conversation_id": thread.id}):
                await socket.send({"command": "subscribe_to_conversation", **about})
    assert await socket.pending() == [], person


async def emit_everything(database: Database, town: Town) -> None:
    """Every kind of event about every relayed conversation and every user, and one at the end that all staff hear.

    ``database`` is the served application's own: its hub hears of the commits.
    """
    async with database.transaction() as work:
        for _, ref in await town.refs(town.relayed):
            for kind, change in STAFF_EVENTS:
                if kind not in OF_NO_CONVERSATION:
                    work.emit(ref.hotel_id, event_of(kind, change, ref))
        for person in town.people:
            work.emit(person.hotel.id, UserChanged(user_id=person.user_id))
        for thread, ref in await town.refs(town.active):
            if thread.place is None:
                work.emit(ref.hotel_id, ConversationChanged(conversation=ref, change=Change.RELAY_STARTED))


def event_of(kind: type, change: Change | None, ref: ConversationRef) -> Event:
    if change is not None:
        return ConversationChanged(conversation=ref, change=change)
    if kind is UnknownEvent:
        return UnknownEvent()
    if kind is MessageStatusChanged:
        return MessageStatusChanged(conversation=ref, message_id=1, delivery_status=DeliveryStatus.READ)
    message = MessageView(
        id=1,
        conversation_id=ref.id,
        sender_type=SenderType.GUEST,
        sender_name=ref.guest_name,
        staff_user_id=None,
        origin=MessageOrigin.GUEST,
        type=MessageType.TEXT,
        content="Hello",
        delivery_status=None,
        delivery_error=None,
        delivery_error_code=None,
        details={},
        media=None,
        reply_to_id=None,
        is_note=False,
        edited_at=None,
        revoked_at=None,
        client_message_id=None,
        created_at=utc_now(),
        provider_timestamp=None,
    )
    if kind is MessageUpdated:
        return MessageUpdated(conversation=ref, message=message)
    return MessageCreated(conversation=ref, message=message)


def declared_to_hear(person: Person, town: Town) -> Heard:
    heard = []
    for thread in town.relayed:
        for (kind, _), (hears, word) in STAFF_EVENTS.items():
            if kind in OF_NO_CONVERSATION:
                continue
            own = thread.hotel == person.hotel
            if own and (
                hears is Hears.ALL_STAFF or (hears is Hears.WHO_SEES_IT and thread.place in SEES[person.caller])
            ):
                heard.append((word, thread.id))
    return [*heard, last_of(person, town)]


def last_of(person: Person, town: Town) -> tuple[str, int]:
    """What all staff of a hotel hear at the very end."""
    return "new_conversation", next(
        each.id for each in town.active if each.hotel == person.hotel and each.place is None
    )


async def heard_until_the_last(socket: Socket, person: Person, town: Town) -> Heard:
    """Without the last where that never comes."""
    heard: Heard = []
    with contextlib.suppress(TimeoutError):
        while last_of(person, town) not in heard:
            heard += told([await socket.receive()])
    return heard


def told(frames: list[dict[str, object]]) -> Heard:
    """What was told of conversations, among answers and heartbeats."""
    return [(str(each["type"]), int(str(each["conversation_id"]))) for each in frames if "conversation_id" in each]


def assert_as_declared(heard: list[tuple[Person, Heard]], town: Town) -> None:
    faults = [
        f"{person} | declared {declared}, heard {frames}"
        for person, frames in heard
        if sorted(frames) != sorted(declared := declared_to_hear(person, town))
    ]
    assert not faults, "\n".join(faults)
