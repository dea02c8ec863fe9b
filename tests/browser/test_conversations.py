"""Document 4's client and its snippets, as printed: the list of conversations, and one of them."""

from typing import Any

import httpx
from playwright.async_api import Browser

from tests.browser import clients
from tests.browser.page import SamplePage, open_page
from tests.eventually import eventually
from tests.sockets import open_socket
from tests.world import token_of
from tests.ws.conversation_printed import CONVERSATION, MESSAGE, assert_printed

JOHN: dict[str, Any] = {"first_name": "John", "last_name": "Doe", "source": "internal"}
POSTED = {"whatsapp_number": "+1234567890", "message": "I need room service", "message_type": "text"}


async def test_the_chat_manager_shows_conversations_and_messages_its_own_included(
    browser: Browser, server: str, token: str, client: httpx.AsyncClient
) -> None:
    async with open_page(browser, server, token=token, holds_sends=True) as page:
        await clients.start_chat_manager(page, 1)
        [[listed]] = await page.called("updateConversationList")
        await page.evaluate("manager.sendMessage('Hello, how can I help you?')")
        [[own]] = await page.called("addMessageToChat")
        await client.post("/api/chat/guest-webhook/", json=POSTED)
        [_, [guests]] = await page.called("addMessageToChat", 2)
        await page.run("refresh_conversations.js")
        [_, [then]] = await page.called("updateConversationList", 2)

        title, text = "internal - John Doe", "I need help with my room"
        (row,) = listed
        about = {"title": title, "status": "support_active", "profile_picture": None, "priority": 1, **JOHN}
        assert_printed(row, CONVERSATION, **about, content=text, type="customer", unread_count=1)
        said = {"type": "support", "content": "Hello, how can I help you?", "is_answered": False}
        assert_printed(own, MESSAGE, **JOHN, **said)
        assert_printed(guests, MESSAGE, **JOHN, **said | {"type": "customer", "content": POSTED["message"]})
        assert (then[0]["last_message"]["id"], then[0]["unread_count"]) == (guests["id"], 1)
        assert page.errors == []


async def test_the_chat_manager_leaves_a_conversation_for_the_next(
    browser: Browser, server: str, token: str, client: httpx.AsyncClient
) -> None:
    async with open_page(browser, server, token=token, holds_sends=True) as page:
        await clients.start_chat_manager(page, 1)
        await page.called("updateConversationList")
        await page.evaluate("manager.connectToChat('2')")  # which there is not

        await page.eventually("sockets[0].readyState === WebSocket.CLOSED")
        await page.eventually("manager.chatSocket.readyState === WebSocket.CLOSED")
        await page.evaluate("manager.connectToChat('1')")
        await page.evaluate("manager.sendMessage('Here again')")
        [[own]] = await page.called("addMessageToChat")
        assert own["content"] == "Here again"
        assert page.errors == []


async def test_the_snippets_of_a_conversation_log_each_of_their_events(
    browser: Browser, server: str, token: str, client: httpx.AsyncClient
) -> None:
    async with (
        open_page(browser, server, token=token, holds_sends=True, conversation_id=1) as page,
        open_socket(server, "/ws/chat/1/", token=await token_of(client, "wilma")) as wilma,
    ):
        await page.run("chat_socket.js", "on_chat_message.js")
        [[recent]] = await logged(page, "Recent messages loaded:")
        assert [each["content"] for each in recent] == ["I need help with my room"]
        await page.run("send_mark_read.js")
        [[reader]] = await logged(page, "Messages marked as read by user:")
        await page.run("send_typing.js")
        told = await wilma.receive_until("typing_indicator")
        assert (told["username"], told["is_typing"], told["user_id"]) == ("Rita Staff", True, reader)
        await page.run("send_chat_message.js")
        [[own]] = await logged(page, "New message:")
        assert (own["content"], own["type"]) == ("Hello, how can I help you?", "support")
        await wilma.send({"type": "typing", "is_typing": True})
        assert await logged(page, "Wilma Staff is typing:") == [[True]]
        assert page.errors == []


async def test_the_snippets_of_the_list_log_each_of_their_events(
    browser: Browser, server: str, token: str, client: httpx.AsyncClient
) -> None:
    async with open_page(browser, server, token=token, holds_sends=True) as page:
        await page.run("conversation_socket.js", "on_conversation_message.js")
        for sample in ("get_conversations.js", "refresh_conversations.js"):
            await page.run(sample)
        [[asked], [again]] = await logged(page, "Conversations:", 2)
        assert asked == again
        assert [each["title"] for each in asked] == ["internal - John Doe"]
        await client.post("/api/chat/guest-webhook/", json=POSTED)

        assert await logged(page, "New customer message in conversation:") == [["1"]]
        [[written]] = await logged(page, "Message:")
        assert (written["content"], written["type"]) == ("I need room service", "customer")
        assert page.errors == []


async def logged(page: SamplePage, beginning: str, times: int = 1) -> list[list[Any]]:
    """What the page has written to its console behind these words, so often."""

    async def often_enough() -> list[list[Any]] | None:
        found = [given for given in await page.calls("console.log") if given[0] == beginning]
        return found if len(found) >= times else None

    return [given[1:] for given in await eventually(often_enough)]
