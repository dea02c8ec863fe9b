"""A visitor of the hotel's site, beside guests on other channels: all reach the same staff, and each is answered where
they wrote; what is missed is told again, once, also between processes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import httpx
import pytest

from app.core.settings import Settings
from app.core.types import Department, UserType
from app.dev.embedded.valkey import Valkey
from app.store.database import Database
from tests.contracts.webchat import Browser, OpenBrowser, browsers
from tests.fake_graph import FakeGraph
from tests.fake_telegram import BOT_ID, BOT_TOKEN, SECRET, FakeTelegram, message, serve_fake_telegram
from tests.instagram import Instagram, open_account
from tests.processes import Running
from tests.sockets import Socket, open_socket
from tests.webchats import open_web_chat
from tests.world import PASSWORD, HotelWorld, World, signed_in, token_of

Frame = dict[str, Any]


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with serve_fake_telegram() as telegram:
        yield telegram


@pytest.fixture
def settings(settings: Settings, telegram: FakeTelegram) -> Settings:
    return settings.model_copy(update={"telegram_api_url": telegram.url})


@pytest.fixture
async def hotel(world: World, database: Database) -> HotelWorld:
    """With a site, Rita and Carl at its reception, and Dora, who is of its staff only."""
    hotel = await world.hotel()
    await open_web_chat(database, hotel)
    await world.user(hotel, "rita")
    await world.user(hotel, "carl")
    await world.user(hotel, "dora", UserType.DEPARTMENT_STAFF, (Department.RECEPTION,))
    return hotel


@pytest.fixture
async def open_browser(server: str) -> AsyncIterator[OpenBrowser]:
    async with browsers(server) as open_browser:
        yield open_browser


def listening(server: str, browser: Browser, chat_id: str, query: str = "") -> AbstractAsyncContextManager[Socket]:
    """The visitor's socket, by their cookie, as from a page of the server's."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    path = f"/ws/unicom/webchat/{chat_id}/{query}"
    return open_socket(server, path, additional_headers={"Cookie": cookies}, origin=server)


async def hears(socket: Socket, kind: str, text: str) -> Frame:
    """Listen until this is said."""
    while True:
        frame = await socket.receive_until(kind)
        if text in {_content(frame.get(name)) for name in ("data", "message")} | {frame.get("content")}:
            return frame


def _content(written: object) -> object:
    return written.get("content", written.get("text")) if isinstance(written, dict) else None


async def test_guests_on_three_channels_reach_the_same_staff_and_are_answered_where_they_wrote(
    client: httpx.AsyncClient,
    server: str,
    world: World,
    hotel: HotelWorld,
    telegram: FakeTelegram,
    fake_graph: FakeGraph,
    database: Database,
    settings: Settings,
    open_browser: OpenBrowser,
) -> None:
    await world.telegram(hotel, BOT_TOKEN, SECRET)
    await telegram.set_webhook(f"{server}/api/webhooks/telegram/{BOT_ID}/")
    await open_account(database, settings, hotel)
    instagram, browser = Instagram(fake_graph), await open_browser()
    await instagram.serve(server)
    async with AsyncExitStack() as stack:

        async def listen(user: str, path: str) -> Socket:
            socket = await stack.enter_async_context(open_socket(server, path, token=await token_of(client, user)))
            await socket.pending()
            return socket

        visitor = await stack.enter_async_context(listening(server, browser, await browser.arrive()))
        await visitor.receive_until("ready")
        console, chat = await listen("rita", "/ws/staff/"), await listen("carl", "/ws/chat/")
        desk = await listen("dora", "/ws/chat/Reception/")

        async def on_telegram(text: str) -> None:
            await telegram.update(message=message(text=text))

        ways: dict[str, Callable[[str], Awaitable[Any]]] = {
            "the web": browser.send,
            "Telegram": on_telegram,
            "Instagram": instagram.guest_writes,
        }
        conversations = {}
        for name, write in ways.items():
            for text in ("services", "3"):
                await write(text)
            conversation_id = (await console.receive_until("new_conversation"))["conversation_id"]
            conversations[name] = conversation_id
            assert (await chat.receive_until("new_conversation"))["data"]["id"] == conversation_id
            assert (await desk.receive_until("new_conversation"))["data"]["id"] == conversation_id
            await console.send({"command": "subscribe_to_conversation", "conversation_id": conversation_id})
            await chat.send({"type": "subscribe_conversation", "conversation_id": conversation_id})
            await console.pending(), await chat.pending()

        for name, write in ways.items():
            await write(f"I write by {name}")
            for socket, kind in ((console, "new_message"), (chat, "message"), (desk, "message")):
                heard = await hears(socket, kind, f"I write by {name}")
                assert heard.get("data", heard)["conversation_id"] == conversations[name]
            answer = {"type": "text", "conversation_id": conversations[name], "content": f"We answer by {name}"}
            await chat.send(answer)
            await hears(console, "new_message", f"We answer by {name}")
            await hears(desk, "message", f"We answer by {name}")

        assert (await hears(visitor, "new_message", "We answer by the web"))["message"]["is_outgoing"] is True
        assert (await telegram.texts(3))[-1] == "We answer by Telegram"
        assert (await instagram.wait_for_texts(3))[-1] == "We answer by Instagram"
        await browser.send("Thank you")
        await hears(visitor, "new_message", "Thank you")
    assert len(conversations.values()) == len(set(conversations.values()))
    assert [each for each in await browser.texts() if "answer" in each] == ["We answer by the web"]


async def test_a_visitor_without_a_number_is_shown_to_staff_like_any_guest(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld, open_browser: OpenBrowser
) -> None:
    browser = await open_browser()
    account = await browser.arrive()
    for text in ("services", "3", "May I bring a dog?"):
        await browser.send(text)
    rita = await signed_in(client, "rita")
    name = f"Visitor {account.removeprefix('webchat_guest_')[:6]}"

    [listed] = (await client.get("/api/message_manager/conversations/", headers=rita)).json()["results"]
    assert (listed["guest_name"], listed["stay_id"]) == (name, None)
    one = (await client.get(f"/api/message_manager/conversations/{listed['id']}/", headers=rita)).json()
    assert one["guest_phone"] is None

    [shown] = (await client.get("/api/chat/conversations/", headers=rita)).json()["results"]
    info = shown["guest_info"]
    assert (info["full_name"], info["whatsapp_number"], info["room_number"]) == (name, None, None)
    detail = (await client.get(f"/api/chat/conversations/{listed['id']}/", headers=rita)).json()
    assert detail["conversation"]["guest_info"]["whatsapp_number"] is None
    last = detail["messages"][-1]
    assert (last["content"], last["sender_type"], last["guest_info"]["whatsapp_number"]) == (
        "May I bring a dog?",
        "guest",
        None,
    )
    found = (await client.get("/api/chat/conversations/?search=dog", headers=rita)).json()["results"]
    assert [each["id"] for each in found] == [listed["id"]]


async def test_staff_do_with_a_visitors_conversation_what_they_do_with_any(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld, open_browser: OpenBrowser
) -> None:
    """Typing is shown, an answer is read where the visitor reads it, and after the relay the flow begins anew."""
    browser = await open_browser()
    account = await browser.arrive()
    for text in ("services", "3"):
        await browser.send(text)
    rita = await signed_in(client, "rita")
    [listed] = (await client.get("/api/message_manager/conversations/", headers=rita)).json()["results"]
    path = f"/api/message_manager/conversations/{listed['id']}"
    async with (
        listening(server, browser, account) as visitor,
        open_socket(server, "/ws/staff/", token=await token_of(client, "rita"), reports=True) as console,
    ):
        await visitor.receive_until("ready")
        await console.send({"command": "subscribe_to_conversation", "conversation_id": listed["id"]})
        await console.send({"command": "typing", "conversation_id": listed["id"]})
        assert (await visitor.receive_until("typing"))["is_typing"] is True
        sent = (await client.post(f"{path}/send_message/", json={"text": "With pleasure"}, headers=rita)).json()
        assert (await visitor.receive_until("new_message"))["message"]["id"] == str(sent["id"])
        assert (await visitor.receive_until("typing"))["is_typing"] is False
        await browser.texts()
        read = {"message_id": sent["id"], "delivery_status": "read"}
        while not read.items() <= (await console.receive_until("message_status")).items():
            pass

        assert (await client.post(f"{path}/end_relay/", headers=rita)).status_code == 200
        await browser.send("Hello again")
        await hears(visitor, "new_message", 'Welcome to our hotel demo! Type "services" to explore.')


async def test_a_visitor_whose_socket_was_away_resumes_without_a_gap_or_a_double(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld, open_browser: OpenBrowser
) -> None:
    browser = await open_browser()
    account = await browser.arrive()
    async with listening(server, browser, account) as visitor:
        await visitor.receive_until("ready")
        for text in ("services", "3"):
            await browser.send(text)
        seen = (await hears(visitor, "new_message", "Connecting you to Reception..."))["seq"]
    rita = await signed_in(client, "rita")
    [listed] = (await client.get("/api/message_manager/conversations/", headers=rita)).json()["results"]
    for number in range(3):
        await browser.send(f"Question {number}")
        answer = {"text": f"Answer {number}"}
        await client.post(f"/api/conversations/{listed['id']}/messages/", json=answer, headers=rita)

    async with listening(server, browser, account, f"?since={seen}") as visitor:
        assert await visitor.receive() == {"type": "ready", "chat_id": account}
        await browser.send("Question 3")
        expected = [text for number in range(3) for text in (f"Question {number}", f"Answer {number}")]
        heard = await _Ear(visitor, "new_message", "message").texts_up_to("Question 3")

    assert heard == [*expected, "Question 3"]


async def test_a_visitor_who_signs_in_goes_on_as_the_user_they_are(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld, open_browser: OpenBrowser
) -> None:
    """Their socket ends; the user's opens by the chat's former id too, and tells what staff go on to write."""
    user = f"webchat_user_{await world.user(hotel, 'gustav', UserType.GUEST)}"
    browser = await open_browser()
    account = await browser.arrive()
    async with listening(server, browser, account) as visitor:
        await visitor.receive_until("ready")
        for text in ("services", "3"):
            await browser.send(text)
        seen = (await hears(visitor, "new_message", "Connecting you to Reception..."))["seq"]
        credentials = {"username": "gustav", "password": PASSWORD}
        assert (await browser.client.post("/api/auth/token/", json=credentials)).status_code == 200
        assert await visitor.closed_with() == 4401
    rita = await signed_in(client, "rita")
    [listed] = (await client.get("/api/message_manager/conversations/", headers=rita)).json()["results"]

    async with listening(server, browser, account, f"?since={seen}") as resumed:
        assert await resumed.closed_with() == 4409
    async with listening(server, browser, account) as socket:
        assert await socket.receive() == {"type": "ready", "chat_id": user}
        answer = {"text": "Welcome back"}
        await client.post(f"/api/conversations/{listed['id']}/messages/", json=answer, headers=rita)
        heard = await hears(socket, "new_message", "Welcome back")
    async with listening(server, browser, user, f"?since={heard['seq'] - 1}") as resumed:
        assert await resumed.receive() == {"type": "ready", "chat_id": user}
        assert (await resumed.receive_until("new_message"))["message"] == heard["message"]
    assert (await browser.texts())[-2:] == ["Connecting you to Reception...", "Welcome back"]


async def test_a_visitor_of_one_process_and_staff_of_the_other_hear_each_other_while_redis_goes_and_comes(
    processes: tuple[Running, Running], world: World, hotel: HotelWorld, valkey: Valkey
) -> None:
    here, there = processes
    async with (
        browsers(here.url) as open_browser,
        httpx.AsyncClient(base_url=there.url) as client,
        open_socket(there.url, "/ws/chat/", token=await token_of(client, "carl")) as chat,
    ):
        browser = await open_browser()
        async with listening(here.url, browser, await browser.arrive()) as visitor:
            await visitor.receive_until("ready")
            await chat.pending()
            for text in ("services", "3"):
                await browser.send(text)
            conversation_id = (await chat.receive_until("new_conversation"))["data"]["id"]
            await chat.send({"type": "subscribe_conversation", "conversation_id": conversation_id})
            await chat.receive_until("acknowledgment")

            ears = [_Ear(chat, "message", "data"), _Ear(visitor, "new_message", "message")]

            async def both(when: str) -> None:
                await browser.send(f"Question {when}")
                await chat.send({"type": "text", "conversation_id": conversation_id, "content": f"Answer {when}"})
                await ears[0].hear("acknowledgment")

            await both("before")
            valkey.stop()
            await both("without Redis")
            await both("still without")
            valkey.start()
            await both("after")

            whens = ("before", "without Redis", "still without", "after")
            expected = [f"{what} {when}" for when in whens for what in ("Question", "Answer")]
            for ear in ears:
                assert await ear.texts_up_to(expected[-1]) == expected


class _Ear:
    """A socket, and all that it was told. Messages come as ``kind``, each in the field ``place``."""

    def __init__(self, socket: Socket, kind: str, place: str) -> None:
        self._socket, self._kind, self._place = socket, kind, place
        self._frames: list[Frame] = []

    async def hear(self, kind: str) -> Frame:
        while True:
            self._frames.append(await self._socket.receive())
            if self._frames[-1]["type"] == kind:
                return self._frames[-1]

    async def texts_up_to(self, last: str) -> list[str]:
        """What was said, up to this and whatever came after it, in ascending numbers."""
        while last not in self._texts():
            await self.hear(self._kind)
        self._frames += await self._socket.pending()
        numbers = [each["seq"] for each in self._frames if each["type"] == self._kind]
        assert numbers == sorted(set(numbers))
        return self._texts()

    def _texts(self) -> list[str]:
        messages = [each[self._place] for each in self._frames if each["type"] == self._kind]
        return [str(_content(each)) for each in messages if str(_content(each)).startswith(("Question", "Answer"))]
