"""Document 2's two samples, as printed, and each other's counterpart: the department's chat, and a guest's program."""

from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from tests.browser.page import open_page
from tests.browser.python_sample import write_as_document_2
from tests.contracts.desk import assert_as_printed


async def test_the_department_chat_shows_its_own_message_and_the_guests(
    browser: Browser, server: str, token: str, tmp_path: Path
) -> None:
    async with open_page(browser, server, token=token, holds_sends=True) as page:
        await page.run("department_chat.js")
        [[own]] = await page.called("displayMessage")
        status, received = await write_as_document_2(server, tmp_path)
        shown = await page.called("displayMessage", 2)

        assert (status, received["status"]) == (201, "received")
        assert_as_printed(own, _message("staff", "Rita Staff", "Hello from staff!"))
        assert_as_printed(shown, [[own], [_message("guest", "John Doe", "I need room service")]])
        assert shown[1][0]["id"] == received["message_id"]
        assert page.errors == []


async def test_a_guests_program_is_told_where_its_message_stands(server: str, token: str, tmp_path: Path) -> None:
    status, received = await write_as_document_2(server, tmp_path)

    assert (status, received) == (201, {"status": "received", "message_id": 2, "conversation_id": 1})


def _message(sender_type: str, sender_name: str, content: str) -> dict[str, Any]:
    """A message with the fields that document 3 prints."""
    return {
        "id": 1,
        "conversation_id": 1,
        "sender_type": sender_type,
        "sender_name": sender_name,
        "content": content,
        "created_at": "2024-01-01T12:00:00Z",
        "guest_info": {"id": 1, "name": "John Doe", "room_number": "101"},
    }
