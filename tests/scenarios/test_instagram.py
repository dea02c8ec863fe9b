"""A guest on Instagram is answered by the flow, reaches staff wherever these listen, and gets their answers and files
back; what Meta repeats of these is shown to nobody twice."""

from contextlib import AsyncExitStack
from typing import Any

import httpx

from app.core.settings import Settings
from app.store.database import Database
from tests.channels.instagram_payloads import GUEST
from tests.fake_graph import FakeGraph
from tests.files import photo_bytes
from tests.instagram import Instagram, open_account
from tests.sockets import Socket, open_socket
from tests.world import World, signed_in, token_of

MENU = "How can we assist you today? 1. Room Service 2. Housekeeping 3. Reception 4. Other"


async def test_a_guest_on_instagram_and_the_hotels_staff(
    client: httpx.AsyncClient,
    server: str,
    world: World,
    fake_graph: FakeGraph,
    database: Database,
    settings: Settings,
) -> None:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await world.user(hotel, "carl")
    await open_account(database, settings, hotel)
    instagram = Instagram(fake_graph)
    await instagram.serve(server, window="refuse")
    async with AsyncExitStack() as stack:

        async def listen(user: str, path: str) -> Socket:
            socket = await stack.enter_async_context(open_socket(server, path, token=await token_of(client, user)))
            await socket.pending()
            return socket

        console, chat = await listen("rita", "/ws/staff/"), await listen("carl", "/ws/chat/")

        await instagram.guest_writes("services")
        assert (await instagram.wait_for_texts(1))[0] == MENU
        replies = (await fake_graph.sent(GUEST))[0]["message"]["quick_replies"]
        await instagram.guest_does({"message": {"text": replies[2]["title"], "quick_reply": replies[2]}})
        conversation_id = (await chat.receive_until("new_conversation"))["data"]["id"]
        await chat.send({"type": "subscribe_conversation", "conversation_id": conversation_id})
        await chat.receive_until("acknowledgment")
        await console.send({"command": "subscribe_to_conversation", "conversation_id": conversation_id})
        await console.pending()

        await instagram.guest_writes("Do you allow dogs?")
        asked = await chat.receive_until("message")
        assert (asked["data"]["content"], asked["data"]["sender_type"]) == ("Do you allow dogs?", "guest")
        assert (await console.receive_until("new_message"))["content"] == "Do you allow dogs?"

        await chat.send({"type": "text", "conversation_id": conversation_id, "content": "Small ones, with pleasure."})
        assert (await console.receive_until("new_message"))["content"] == "Small ones, with pleasure."
        texts = await instagram.wait_for_texts(3)
        assert texts == [MENU, "Connecting you to Reception...", "Small ones, with pleasure."]

        await _send_picture(client, conversation_id)
        await _cannot_send_a_text_file(client, conversation_id)
        [*_, picture] = await fake_graph.wait_for_sent(GUEST, 4)
        assert picture["message"]["attachment"]["type"] == "image"
        address = picture["message"]["attachment"]["payload"]["url"]
        shown = await client.get(httpx.URL(address).raw_path.decode())
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")

        await instagram.guest_writes("Thank you")  # which comes after all that came back
        await chat.receive_until("message")
    rita = await signed_in(client, "rita")
    [on_the_desk] = (await client.get("/api/chat/conversations/", headers=rita)).json()["results"]
    assert (on_the_desk["id"], on_the_desk["last_message_preview"]) == (conversation_id, "Thank you")
    listed = (await client.get(f"/api/message_manager/conversations/{conversation_id}/messages/", headers=rita)).json()
    assert [(each["sender_type"], each["content"]) for each in listed] == [
        ("guest", "services"),
        ("system", MENU),
        ("guest", replies[2]["title"]),
        ("system", "Connecting you to Reception..."),
        ("guest", "Do you allow dogs?"),
        ("staff", "Small ones, with pleasure."),
        ("staff", ""),
        ("guest", "Thank you"),
    ]


async def _send_picture(client: httpx.AsyncClient, conversation_id: int) -> None:
    rita = await signed_in(client, "rita")
    uploaded = await client.post("/api/media/", files={"file": ("dog.jpg", photo_bytes(), "image/jpeg")}, headers=rita)
    assert uploaded.status_code == 201, uploaded.text
    draft: dict[str, Any] = {"media_id": uploaded.json()["id"]}
    sent = await client.post(f"/api/conversations/{conversation_id}/messages/", json=draft, headers=rita)
    assert sent.status_code == 201, sent.text


async def _cannot_send_a_text_file(client: httpx.AsyncClient, conversation_id: int) -> None:
    rita = await signed_in(client, "rita")
    uploaded = await client.post("/api/media/", files={"file": ("rules.txt", b"No dogs", "text/plain")}, headers=rita)
    draft = {"media_id": uploaded.json()["id"]}
    refused = await client.post(f"/api/conversations/{conversation_id}/messages/", json=draft, headers=rita)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_media_type")
    assert refused.json()["details"] == {"media_id": ["Instagram takes no text/plain."]}
