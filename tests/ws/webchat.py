"""A hotel's web chat for tests of its socket: who visits, what they show, and who answers at the desk."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import insert

from app.core.clock import utc_now
from app.core.principal import VisitorPrincipal
from app.core.security import digest
from app.models import GuestLink, GuestSession, Stay
from app.services.container import Services
from tests.ledger import Ledger
from tests.sockets import Socket
from tests.webchats import Site, open_web_chat
from tests.world import HotelWorld, World, signed_in

Frame = dict[str, Any]


def path_of(chat_id: str) -> str:
    return f"/ws/unicom/webchat/{chat_id}/"


@dataclass
class Scene:
    """The site of a hotel where Rita is at the desk."""

    site: Site
    client: httpx.AsyncClient
    ledger: Ledger

    @property
    def hotel(self) -> HotelWorld:
        return self.site.hotel

    def token(self, visitor: VisitorPrincipal) -> str:
        """A visitor's guest token, which is their cookie too."""
        assert visitor.key is not None
        return self.site.services.visitors.token(visitor.key)

    async def relayed(self, visitor: VisitorPrincipal, **more: Any) -> int:
        """They ask for Reception; the conversation's id."""
        for text in ("services", "3"):
            written = await self.site.say(visitor, text, **more)
        return written.conversation_id

    async def answer(self, conversation_id: int, text: str, **more: Any) -> Frame:
        """Rita writes."""
        return await self.post(f"/api/conversations/{conversation_id}/messages/", {"text": text, **more}, 201)

    async def type(self, conversation_id: int, *, is_typing: bool = True) -> None:
        await self.post(f"/api/conversations/{conversation_id}/typing/", {"is_typing": is_typing}, 204)

    async def post(self, url: str, body: object, status: int) -> Frame:
        answer = await self.client.post(url, json=body, headers=await signed_in(self.client, "rita"))
        assert answer.status_code == status, answer.text
        done: Frame = answer.json() if answer.content else {}
        return done

    async def link_session(self, stay_id: int) -> tuple[str, str]:
        """What a guest's personal link has opened: their token, and the id of their account."""
        session_id, token = uuid4(), uuid4().hex
        (stay,) = await self.ledger.rows(Stay, Stay.id == stay_id)
        whose = {
            "hotel_id": stay.hotel_id,
            "stay_id": stay_id,
            "guest_id": stay.guest_id,
            "number": "351912345678",
        }
        async with self.ledger.database.transaction() as work:
            link = insert(GuestLink).values(**whose, expires_at=utc_now(), used_at=utc_now()).returning(GuestLink.id)
            link_id = await work.connection.scalar(link)
            session = insert(GuestSession).values(**whose, id=session_id, link_id=link_id, token_hash=digest(token))
            await work.connection.execute(session)
        return token, f"webchat_guest_{session_id.hex}"


async def open_scene(client: httpx.AsyncClient, world: World, services: Services) -> Scene:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    site = Site(services, hotel, await open_web_chat(services.database, hotel))
    return Scene(site, client, Ledger(services.database))


async def unanswered(socket: Socket) -> list[Frame]:
    """Everything that had been told before the answer to a ping."""
    await socket.send({"action": "ping"})
    frames = []
    while (frame := await socket.receive()) != {"type": "pong"}:
        frames.append(frame)
    return frames


async def begun(socket: Socket) -> str:
    """The chat that an opened socket is for, which it says first."""
    frame = await socket.receive()
    assert frame == {"type": "ready", "chat_id": frame["chat_id"]}
    chat_id: str = frame["chat_id"]
    return chat_id


def texts(frames: list[Frame]) -> list[str]:
    """Of new messages."""
    return [each["message"]["text"] for each in frames if each["type"] == "new_message"]
