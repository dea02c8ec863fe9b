"""A guest's photo, all the way: webhook, download, store, the staff's socket, and the browser's thumbnail."""

import io

import httpx
from PIL import Image

from app.core.settings import Settings
from app.main import create_app
from tests.desk import GUEST
from tests.fake_graph import FakeGraph
from tests.files import photo_bytes
from tests.serving import PLAIN, serve
from tests.sockets import open_socket
from tests.world import WEBHOOK, World, token_of


async def test_a_photo_is_on_the_desk_with_a_thumbnail_that_works(
    settings: Settings, world: World, fake_graph: FakeGraph
) -> None:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    stay_id = await world.guest(hotel)
    photo = photo_bytes(2000, 1500)
    async with serve(create_app(settings)) as url, httpx.AsyncClient(base_url=url, verify=PLAIN) as client:
        await fake_graph.configure(webhook_url=url + WEBHOOK)
        token = await token_of(client, "rita")
        await fake_graph.guest_writes(GUEST, "Hello")
        async with open_socket(url, "/ws/staff/", token=token) as socket:
            await socket.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
            await socket.pending()
            await fake_graph.guest_sends_file(GUEST, photo)
            created = await socket.receive_until("new_message")
            updated = await socket.receive_until("message_updated")
        media = updated["message"]["media"]
        thumbnail = await client.get(media["thumbnail_url"].replace(settings.public_url, ""))

    assert created["media"]["state"] == "pending"
    assert (media["state"], media["mime_type"], media["width"], media["height"]) == ("stored", "image/jpeg", 2000, 1500)
    assert (thumbnail.status_code, thumbnail.headers["content-type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(thumbnail.content)).size == (480, 360)
