"""Every REST route, called by every kind of caller, as ``declarations.py`` says that it may be."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.access.declarations import ABOUT_A_CONVERSATION, DECLARED, SEES, Caller, Declared, Who, expected
from tests.access.surfaces import FILES, SOCKET
from tests.access.town import Person, Thread, Town
from tests.files import PDF
from tests.world import PASSWORD

REST = [each for each in DECLARED if each.method not in {SOCKET, FILES}]
ABOUT_ONE = [each for each in REST if each.who in ABOUT_A_CONVERSATION]
OTHERS = [each for each in REST if each.who not in ABOUT_A_CONVERSATION]
OTHERS.sort(key=lambda each: each.who is Who.EVER_SIGNED_IN)  # signing out comes last
CHANGING = [each for each in (*ABOUT_ONE, *OTHERS) if each.changes_something and each.who is not Who.EVERYBODY]


async def call(
    client: httpx.AsyncClient, declared: Declared, person: Person, thread: Thread | None = None
) -> httpx.Response:
    ids = thread.ids(declared.who) if thread else {"media_id": 1}
    named: dict[str, object] = {"channel_id": person.hotel.channel_id, "request_id": 1, "claim_id": 999_999}
    named |= {"bot_id": "1", "chat_id": "nobodys"}
    path = declared.path.format(variant="original", **named, **ids)
    return await client.request(
        declared.method,
        path,
        headers=person.headers,
        json=filled(declared.json, ids),
        data=filled(declared.form, ids),
        files={"file": ("menu.pdf", PDF, "application/pdf")} if declared.form else None,
        params=declared.query,
    )


def filled(fields: Mapping[str, Any] | None, ids: Mapping[str, Any]) -> dict[str, Any] | None:
    """With ids in place of their names."""
    named = {f"{{{name}}}": value for name, value in ids.items()}
    return None if fields is None else {name: named.get(str(value), value) for name, value in fields.items()}


def row(declared: Declared, person: Person, thread: Thread | None, status: int, answer: httpx.Response) -> str:
    about = f", {thread}" if thread else ""
    return f"{declared.surface} | {person}{about} | declared {status}, got {answer.status_code}: {answer.text[:100]}"


@pytest.mark.parametrize("declared", ABOUT_ONE, ids=lambda declared: str(declared.surface))
async def test_a_conversation_is_open_to_whom_it_is_declared_and_to_nobody_else(
    client: httpx.AsyncClient, town: Town, declared: Declared
) -> None:
    calls = [
        (person, thread, expected(declared, person.caller, own_hotel=thread.hotel == person.hotel, place=thread.place))
        for person in town.people
        for thread in town.relayed
        if thread.place or declared.who is not Who.DEPARTMENT
    ]
    faults = []

    before = await town.as_it_stands()
    for person, thread, status in calls:
        if status != declared.ok:
            answer = await call(client, declared, person, thread)
            if answer.status_code != status:
                faults.append(row(declared, person, thread, status, answer))
    assert not faults, "\n".join(faults)
    assert await town.as_it_stands() == before, "a refused call has changed something"

    for person, thread, status in calls:
        if status == declared.ok:
            answer = await call(client, declared, person, thread)
            if answer.status_code != status:
                faults.append(row(declared, person, thread, status, answer))
            if declared.changes_something:
                await town.restore(thread)
    assert not faults, "\n".join(faults)


async def test_every_other_route_is_open_to_whom_it_is_declared_and_to_nobody_else(
    client: httpx.AsyncClient, town: Town
) -> None:
    faults = []
    for declared in OTHERS:
        for person in town.people:
            status = expected(declared, person.caller)
            answer = await call(client, declared, person)
            if answer.status_code != status:
                faults.append(row(declared, person, None, status, answer))
            elif declared.lists and status == declared.ok:
                faults += wrongly_listed(declared, person, town, answer)
    assert not faults, "\n".join(faults)


def wrongly_listed(declared: Declared, person: Person, town: Town, answer: httpx.Response) -> list[str]:
    """A list holds exactly what the caller sees."""
    body = answer.json()
    listed = {each["id"] for each in (body["results"] if isinstance(body, dict) else body)}
    threads = [each for each in [*town.relayed, *town.active] if each.status in declared.lists]
    faults = []
    for thread in threads:
        seen = thread.hotel == person.hotel and thread.place in SEES[person.caller]
        if seen != (thread.id in listed):
            faults.append(f"{declared.surface} | {person} | {thread} is {'not ' if seen else ''}listed")
    return faults


async def test_files_of_the_docs_are_open_to_everybody(client: httpx.AsyncClient, town: Town) -> None:
    for person in town.people:
        answer = await client.get("/docs/assets/swagger-ui.css", headers=person.headers)
        assert answer.status_code == 200, person


async def test_by_cookie_alone_nothing_is_changed(client: httpx.AsyncClient, town: Town) -> None:
    """A browser sends the cookie for pages of other people too; only ours know the token that must come with it."""
    admin = Person(Caller.ADMIN, town.relayed[0].hotel)
    credentials = {"username": "admin-sea-view", "password": PASSWORD}
    assert (await client.post("/api/auth/token/", json=credentials)).status_code == 200
    thread = next(each for each in town.relayed if each.place)
    before = await town.as_it_stands()

    for declared in CHANGING:
        refused = await call(client, declared, admin, thread)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed"), declared.surface
    assert await town.as_it_stands() == before

    client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
    for declared in CHANGING:
        answer = await call(client, declared, admin, thread)
        assert answer.status_code == declared.ok, declared.surface
        await town.restore(thread)
