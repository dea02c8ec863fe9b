"""Document 3's four samples of clients, as printed: what they show of what the chat acknowledges, and of its errors."""

import httpx
import pytest
from playwright.async_api import Browser, Error

from tests.browser import clients
from tests.browser.page import open_page
from tests.world import PASSWORD


async def test_the_quick_start_shows_a_message_as_sending_and_then_as_sent(
    browser: Browser, server: str, token: str, client: httpx.AsyncClient
) -> None:
    async with open_page(browser, server, token=token) as page:
        await page.hold_clock()
        await clients.start_quick_start(page)

        [sending, sent] = await clients.sent_by_quick_start(page, 1, "Hello, how can I help you?")
        [pending] = await page.evaluate("[...pendingOperations.keys()]")
        assert sending == [pending.removeprefix("msg_"), "sending"]
        assert sent == [await _newest(client, token, "Hello, how can I help you?"), "sent"]

        # A slip of the sample's own: its timer names a messageId that only sendMessage has. It goes on all the same.
        with pytest.raises(Error, match="messageId is not defined"):
            await page.move_clock(5000)
        await page.evaluate("sendMessage(1, 'Anything else?')")
        assert (await page.called("showMessageStatus", 4))[3] == [
            await _newest(client, token, "Anything else?"),
            "sent",
        ]


async def test_the_react_hook_goes_through_all_that_is_acknowledged(
    browser: Browser, server: str, token: str, client: httpx.AsyncClient
) -> None:
    async with open_page(browser, server, token=token) as page:
        await clients.start_hook(page)

        temporary, told = await clients.sent_by_hook(page, 1, "On my way")
        assert told == [await _newest(client, token, "On my way"), "sent"]
        pending = {"conversationId": 1, "content": "On my way", "status": "sending"}
        assert await page.evaluate("Object.fromEntries(hook.result.pendingMessages)") == {temporary: pending}

        await page.command("subscribe_conversation", conversation_id=1)
        assert await page.called("updateSubscriptionStatus") == [[1, True]]
        await page.command("mark_read", conversation_id=1)
        assert await page.called("updateConversationReadStatus") == [[1]]
        await page.command("unsubscribe_conversation", conversation_id=1)
        assert await page.called("updateSubscriptionStatus", 2) == [[1, True], [1, False]]
        await page.command("close_conversation", conversation_id=1)
        assert await page.called("updateConversationStatus") == [[1, "closed"]]
        assert await page.calls("handleError") == []

        await page.evaluate("void hook.result.sendMessage(999, 'To nobody')")
        [[error]] = await page.called("handleError")
        assert error["type"] == "error"
        assert error["message"]
        await page.evaluate("hook.unmount()")
        await page.eventually("websocket.readyState === WebSocket.CLOSED")
        assert page.errors == []


async def test_the_vue_mixin_emits_all_that_is_acknowledged_also_to_a_page_signed_in_by_cookie(
    browser: Browser, server: str, token: str, client: httpx.AsyncClient
) -> None:
    async with open_page(browser, server) as page:
        await page.sign_in("rita", PASSWORD)
        await clients.start_mixin(page)

        temporary, message_id, noted = await clients.sent_by_mixin(page, 1, "On my way")
        assert message_id == await _newest(client, token, "On my way")
        assert noted["status"] == "sent"
        assert noted["timestamp"].endswith("Z")
        pending = await page.evaluate("vm.pendingOperations")
        assert list(pending) == [temporary]
        assert pending[temporary]["status"] == "sending"

        for kind in ("subscribe_conversation", "mark_read", "unsubscribe_conversation", "close_conversation"):
            await page.command(kind, conversation_id=1)
        assert await page.called("$emit", 4) == [
            ["conversation-subscribed", 1],
            ["conversation-read", 1],
            ["conversation-unsubscribed", 1],
            ["conversation-closed", 1],
        ]
        assert page.errors == []


async def test_the_error_handling_tells_success_from_error(browser: Browser, server: str, token: str) -> None:
    async with open_page(browser, server, token=token) as page:
        await clients.start_error_handling(page)
        await page.command("text", conversation_id=1, content="Hello, how can I help you?")
        await page.command("text", conversation_id=1, content="")
        await page.command("mark_read", conversation_id=999)
        await page.command("sing", conversation_id=1)

        errors = [error for [error] in await page.called("handleError", 3)]
        [[success]] = await page.calls("handleSuccess")
        assert success.keys() >= {"type", "status", "message_id", "conversation_id", "timestamp"}
        assert (success["status"], success["conversation_id"]) == ("received", 1)
        assert [each["type"] for each in errors] == ["error"] * 3
        assert all(each["message"] for each in errors)
        assert page.errors == []


async def _newest(client: httpx.AsyncClient, token: str, content: str) -> int:
    """The id of the conversation's newest message, which is this one of staff's."""
    path = "/api/message_manager/conversations/1/messages/"
    newest = (await client.get(path, headers={"Authorization": f"Bearer {token}"})).json()[-1]
    assert (newest["content"], newest["sender_type"]) == (content, "staff")
    message_id: int = newest["id"]
    return message_id
