"""What visitors of a web chat reach by REST: their own chats, whatever they name and show, and no others."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from app.core.types import UserType
from app.models import Chat, Message
from app.store.database import Database
from tests.contracts.webchat import Browser, OpenBrowser, browsers
from tests.files import photo_bytes
from tests.ledger import Ledger
from tests.webchats import open_web_chat
from tests.world import World, token_of

NAMED = "holiday"
SECRET = "The safe's code is"


@dataclass
class Owner:
    """Somebody with two chats, the default one and NAMED, and a file in it."""

    name: str
    browser: Browser
    account: str
    channel_id: int
    media_url: str
    message_ids: list[str]

    @property
    def chat_ids(self) -> tuple[str, str]:
        return self.account, NAMED


async def settle(name: str, browser: Browser, channel_id: int) -> Owner:
    account = (await browser.get("messages/", channel_id=channel_id))["chat_id"]
    await browser.send(f"{SECRET} {name}", channel_id=channel_id)
    form = {"text": f"{SECRET} {name}", "chat_id": NAMED, "channel_id": str(channel_id)}
    sent = await browser.call("POST", "send/", data=form, files={"media": ("plan.jpg", photo_bytes(), "image/jpeg")})
    assert sent.status_code == 201, sent.text
    shown = [
        each
        for chat_id in (account, NAMED)
        for each in (await browser.get("messages/", chat_id=chat_id, channel_id=channel_id))["messages"]
    ]
    return Owner(
        name, browser, account, channel_id, sent.json()["message"]["media_url"], [each["id"] for each in shown]
    )


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def open_browser(server: str) -> AsyncIterator[OpenBrowser]:
    async with browsers(server) as opened:
        yield opened


@pytest.fixture
async def owners(world: World, ledger: Ledger, client: httpx.AsyncClient, open_browser: OpenBrowser) -> list[Owner]:
    """Staff, a registered guest, and visitors by cookie and by token: these four at one hotel, and at another."""
    found = []
    for hotel in await world.two_hotels():
        site = await open_web_chat(ledger.database, hotel)
        for name, kind in (("manager", UserType.MANAGER), ("guest", UserType.GUEST)):
            await world.user(hotel, f"{name}-{hotel.slug}", kind)
            browser = await open_browser(token=await token_of(client, f"{name}-{hotel.slug}"))
            found.append(await settle(f"{name} of {hotel.slug}", browser, site))
        by_cookie = await open_browser()
        await by_cookie.arrive()
        found.append(await settle(f"visitor of {hotel.slug}", by_cookie, site))
        begun = await client.post("/unicom/webchat/session/", json={"channel_id": site})
        widget = await open_browser(token=begun.json()["guest_token"])
        found.append(await settle(f"widget of {hotel.slug}", widget, site))
    return found


def channels_to_name(one: Owner, other: Owner) -> list[dict[str, int]]:
    return [{}, {"channel_id": one.channel_id}, {"channel_id": other.channel_id}]


async def test_nobody_reads_what_stands_in_chats_of_others(owners: list[Owner]) -> None:
    faults = []
    for one in owners:
        for other in owners:
            if one is other:
                continue
            for channel in channels_to_name(one, other):
                for path in ("messages/", "chats/"):
                    for query in ({"chat_id": each} for each in other.chat_ids) if path == "messages/" else ({},):
                        answer = await one.browser.call("GET", path, params=query | channel)
                        if f"{SECRET} {other.name}" in answer.text or other.account in answer.text:
                            faults.append(f"{one.name} reads {other.name}: {path} {query} {channel}")
                        if query.get("chat_id") == other.account and answer.status_code != 404:
                            faults.append(f"{one.name}: {answer.status_code} for the chat of {other.name}")
    assert not faults, "\n".join(faults)


async def test_cursors_of_others_show_nothing_of_theirs(owners: list[Owner]) -> None:
    for one, other in ((owners[2], owners[3]), (owners[0], owners[2])):
        for cursor in other.message_ids:
            for way in ("before", "after"):
                body = await one.browser.get("messages/", **{way: cursor}, channel_id=one.channel_id)
                assert {each["id"] for each in body["messages"]} <= set(one.message_ids)


async def test_nobody_writes_into_changes_or_clears_chats_of_others(owners: list[Owner], ledger: Ledger) -> None:
    """By a name that is one's own too, one's own chat is meant."""
    chats, messages = await ledger.rows(Chat), await ledger.rows(Message)
    for one in owners:
        for other in owners:
            if one is other:
                continue
            for channel in channels_to_name(one, other):
                about = other.account
                calls = (
                    one.browser.call("POST", "send/", json={"text": "Mine", "chat_id": about, **channel}),
                    one.browser.call("PATCH", f"chat/{about}/", json={"title": "Mine"}, params=channel),
                    one.browser.call("DELETE", f"chat/{about}/delete/", params=channel),
                )
                for answer in await asyncio.gather(*calls):
                    assert answer.status_code in {404, 429}, (one.name, other.name, answer.text)
    assert await ledger.rows(Chat) == chats
    assert await ledger.rows(Message) == messages


async def test_no_message_of_others_can_be_answered_or_taken_for_ones_own(owners: list[Owner]) -> None:
    one, other = owners[2], owners[3]
    mine = uuid4()
    await other.browser.send("Theirs", client_message_id=str(mine), channel_id=other.channel_id)
    for message_id in other.message_ids:
        body = {"text": "x", "reply_to_message_id": message_id, "channel_id": one.channel_id}
        assert (await one.browser.call("POST", "send/", json=body)).status_code == 400
    body = {"text": "x", "client_message_id": str(mine), "channel_id": one.channel_id}
    answer = await one.browser.call("POST", "send/", json=body)
    assert answer.status_code == 409
    assert "Theirs" not in answer.text


async def test_a_file_is_had_by_its_signed_address_alone(owners: list[Owner]) -> None:
    """Which stands in its owner's answers, and in those of staff who see the conversation."""
    for one in owners:
        path = one.media_url.partition("?")[0].partition("/api/")[2]
        for other in owners:
            for query in ("", "?expires=9999999999&signature=" + "0" * 64):
                answer = await other.browser.client.get(f"/api/{path}{query}", headers=other.browser.headers)
                assert answer.status_code == 403, (one.name, other.name)


async def test_users_have_no_chats_at_another_hotel(owners: list[Owner]) -> None:
    users = [each for each in owners if each.account.startswith("webchat_user_")]
    for one in users:
        for other in users:
            if one.channel_id == other.channel_id:
                continue
            channel = {"channel_id": other.channel_id}
            for path in ("messages/", "chats/"):
                assert (await one.browser.call("GET", path, params=channel)).status_code == 404
            assert (await one.browser.call("POST", "send/", json={"text": "x"} | channel)).status_code == 404


async def test_a_visitors_token_opens_nothing_of_the_desk(owners: list[Owner]) -> None:
    widget = owners[3].browser
    for path in (
        "/api/auth/me/",
        "/api/chat/conversations/",
        "/api/message_manager/conversations/",
        "/api/requests/",
        "/api/channels/",
    ):
        assert (await widget.client.get(path, headers=widget.headers)).status_code == 401, path
    cookie = owners[2].browser.client
    assert (await cookie.get("/api/chat/conversations/")).status_code == 401
