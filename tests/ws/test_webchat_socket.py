"""``/ws/unicom/webchat/{chat_id}/``: what a visitor of a hotel's site is told of their chat."""

from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from app.core.clock import utc_now
from app.core.events import MessageCreated, MessageUpdated
from app.core.principal import VisitorPrincipal
from app.core.types import SenderType
from app.models import Chat, Message
from app.services.sockets import MOST_OF_A_VISITOR
from app.store.database import Database
from tests.eventually import eventually
from tests.files import PDF
from tests.pinned import assert_json_pinned
from tests.sockets import open_socket
from tests.webchats import open_web_chat
from tests.world import World, signed_in, token_of
from tests.ws.webchat import Scene, begun, path_of, texts, unanswered


@pytest.fixture
def ann(scene: Scene) -> VisitorPrincipal:
    """A visitor who has not written yet."""
    return scene.site.visitor("a" * 32)


# What is told


async def test_a_visitor_hears_what_they_write_and_what_the_hotel_answers(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        assert await begun(socket) == ann.account
        conversation_id = await scene.relayed(ann)
        assert await unanswered(socket) != []
        sent = await scene.answer(conversation_id, "Good evening")
        heard = await socket.receive()

        assert await unanswered(socket) == []
    assert (heard["type"], heard["chat_id"]) == ("new_message", ann.account)
    message = heard["message"]
    assert (message["id"], message["text"], message["is_outgoing"]) == (str(sent["id"]), "Good evening", True)
    assert (message["sender_name"], message["media_type"], message["media_url"]) == ("Rita Staff", "text", None)


async def test_a_conversation_with_the_socket_goes_as_it_was_pinned(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    """One connection from its opening, with what came before it."""
    said: list[dict[str, Any]] = []
    await scene.site.say(ann, "Good evening")
    async with open_socket(server, f"{path_of(ann.account)}?since=0", token=scene.token(ann)) as socket:

        async def ask(frame: dict[str, Any] | str) -> None:
            said.append({"client": frame})
            await socket.send(frame)

        async def hear(count: int = 1) -> None:
            said.extend([{"server": _without_ids(await socket.receive())} for _ in range(count)])

        await hear(4)
        await ask({"action": "ping"})
        await hear()
        await ask({"action": "send", "text": "May I write here?"})
        await hear()
        await ask("Hello?")
        await hear()
        conversation_id = await scene.relayed(ann)
        await hear(4)
        await scene.type(conversation_id)
        await hear()
        await scene.answer(conversation_id, "Of course")
        await hear(2)
        assert await unanswered(socket) == []

    assert_json_pinned("webchat_socket/transcript.json", said)


async def test_the_visitor_is_told_that_staff_are_typing_and_no_longer(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    conversation_id = await scene.relayed(ann)
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        await begun(socket)
        for is_typing in (True, False):
            await scene.type(conversation_id, is_typing=is_typing)
        heard = [await socket.receive() for _ in range(2)]

    common = {"type": "typing", "chat_id": ann.account, "user_name": "Rita Staff"}
    assert [{name: each[name] for name in (*common, "is_typing")} for each in heard] == [
        common | {"is_typing": True},
        common | {"is_typing": False},
    ]


async def test_a_file_of_staff_comes_with_an_address_that_works(
    scene: Scene, server: str, ann: VisitorPrincipal, client: httpx.AsyncClient
) -> None:
    conversation_id = await scene.relayed(ann)
    file = {"file": ("breakfast.pdf", PDF, "application/pdf")}
    uploaded = await client.post("/api/media/", files=file, headers=await signed_in(client, "rita"))
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        await begun(socket)
        await scene.answer(conversation_id, "Our menu", media_id=uploaded.json()["id"])
        message = (await socket.receive())["message"]

    assert (message["media_type"], message["text"]) == ("document", "Our menu")
    public_url = scene.site.services.settings.public_url
    assert (await client.get(message["media_url"].removeprefix(public_url))).content == PDF


async def test_a_message_that_reads_otherwise_is_told_anew(scene: Scene, server: str, ann: VisitorPrincipal) -> None:
    written = await scene.site.say(ann, "Good evning")
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        await begun(socket)
        async with scene.ledger.database.read() as work:
            view = await work.views.get(written.conversation_id)
        assert view is not None
        async with scene.site.services.database.transaction() as work:
            corrected = replace(written, content="Good evening", edited_at=utc_now())
            work.emit(view.hotel_id, MessageUpdated(conversation=view.as_ref(), message=corrected))
        heard = await socket.receive()

    assert (heard["type"], heard["message"]["text"]) == ("message_updated", "Good evening")
    assert heard["message"]["id"] == str(written.id)


async def test_notes_reactions_what_becomes_of_deliveries_and_their_clients_ids_are_for_staff(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    conversation_id, staffs_own = await scene.relayed(ann), "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    written = await scene.site.say(ann, "Hello?")
    async with open_socket(server, path_of(ann.account), token=scene.token(ann), reports=True) as socket:
        await begun(socket)
        await scene.post(f"/api/messages/{written.id}/reaction/", {"emoji": "👍"}, 201)
        await scene.post(f"/api/conversations/{conversation_id}/read/", {}, 204)
        async with scene.site.services.database.transaction() as work:
            view = await work.views.get(conversation_id)
            assert view is not None
            note = replace(written, sender_type=SenderType.STAFF, is_note=True, content="Difficult guest")
            work.emit(view.hotel_id, MessageCreated(conversation=view.as_ref(), message=note))
        await scene.answer(conversation_id, "Hello!", client_message_id=staffs_own)
        await scene.post("/api/chat/conversations/close/", {"conversation_id": conversation_id}, 200)

        [heard] = await unanswered(socket)
    assert (heard["message"]["text"], heard["message"]["client_message_id"]) == ("Hello!", None)


# Which chat


async def test_of_two_chats_of_one_visitor_each_socket_hears_its_own(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    await scene.site.say(ann, "Hello", chat_id="spa")
    token = scene.token(ann)
    async with (
        open_socket(server, path_of("spa"), token=token) as spa,
        open_socket(server, path_of(ann.account), token=token) as default,
    ):
        assert [await begun(spa), await begun(default)] == ["spa", ann.account]
        in_spa = await scene.relayed(ann, chat_id="spa")
        await scene.site.say(ann, "Elsewhere")
        await scene.type(in_spa)
        await scene.answer(in_spa, "For the spa")

        heard, others = await unanswered(spa), await unanswered(default)
    assert texts(heard)[0] == "services"
    assert texts(heard)[-1] == "For the spa"
    assert "typing" in [each["type"] for each in heard]
    assert {each["chat_id"] for each in heard} == {"spa"}
    assert texts(others)[0] == "Elsewhere"
    assert {(each["type"], each["chat_id"]) for each in others} == {("new_message", ann.account)}


async def test_a_guest_by_their_link_hears_of_each_chat_on_its_own_socket(
    scene: Scene, server: str, world: World
) -> None:
    """Though all that the hotel writes to them is told by their number, too."""
    stay_id = await world.guest(scene.hotel)
    assert stay_id is not None
    token, account = await scene.link_session(stay_id)
    john = await scene.site.services.visitors.on(await scene.site.services.visitors.of_token(token))
    await scene.site.say(john, "Hello", chat_id="spa")
    async with (
        open_socket(server, path_of(account), token=token) as default,
        open_socket(server, path_of("spa"), token=token) as spa,
    ):
        assert [await begun(default), await begun(spa)] == [account, "spa"]
        await scene.site.say(john, "By default")
        heard, others = await unanswered(default), await unanswered(spa)
        assert texts(heard)[0] == "By default"
        assert others == []

    async with open_socket(server, f"{path_of('spa')}?since=0", token=token) as again:
        await begun(again)
        missed = await unanswered(again)
    assert texts(missed)[0] == "Hello"
    assert {each["chat_id"] for each in missed if "chat_id" in each} == {"spa"}


async def test_an_id_that_the_chat_once_had_leads_to_it(scene: Scene, server: str, ann: VisitorPrincipal) -> None:
    await scene.site.say(ann, "Hello")
    await scene.ledger.change(Chat, former_ids=["before"])
    async with open_socket(server, path_of("before"), token=scene.token(ann)) as socket:
        assert await begun(socket) == ann.account
        await scene.site.say(ann, "Again")
        heard = await socket.receive()

    assert (heard["chat_id"], heard["message"]["text"]) == (ann.account, "Again")


async def test_somebody_elses_chat_and_none_are_told_apart_by_nothing(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    ben = scene.site.visitor()
    await scene.site.say(ben, "Hello")
    await scene.site.say(ben, "Hello", chat_id="spa")
    token = scene.token(ann)

    async def refusal(chat_id: str) -> tuple[int, str | None]:
        async with open_socket(server, path_of(chat_id), token=token) as socket:
            return await socket.closed_with(), socket.connection.close_reason

    ids = [ben.account, "spa", "none", "webchat_user_1", "webchat_guest_" + "b" * 32, "%00", "%20", "x" * 900, "%ED%A0"]
    refused = {each: await refusal(each) for each in ids}

    assert set(refused.values()) == {(4404, "There is no such chat.")}, refused


async def test_a_visitor_has_so_many_sockets_and_nobody_else_has_fewer_for_it(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    path, token = path_of(ann.account), scene.token(ann)
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(open_socket(server, path, token=token)) for _ in range(MOST_OF_A_VISITOR)
        ]
        for socket in sockets:
            await begun(socket)
        async with open_socket(server, path, token=token) as one_more:
            assert await one_more.closed_with() == 4429
        ben = scene.site.visitor()
        async with open_socket(server, path_of(ben.account), token=scene.token(ben)) as socket:
            await begun(socket)
        assert await unanswered(sockets[0]) == []

        await sockets.pop().connection.close()
        await eventually(lambda: len(scene.site.services.sockets) < MOST_OF_A_VISITOR)
        async with open_socket(server, path, token=token) as socket:
            await begun(socket)


# What may be asked


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '{"action": "send", "text": "Hello"}',
        '{"type": "ping"}',
        '{"type": "auth", "token": "x"}',
        '{"action": 7}',
        "[" * 20_000,
    ],
)
async def test_anything_but_a_ping_gets_an_error_and_the_socket_stays(
    scene: Scene, server: str, ann: VisitorPrincipal, frame: str
) -> None:
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        await begun(socket)
        await socket.send(frame)
        error = await socket.receive()

        assert (error["type"], error["success"], bool(error["error"])) == ("error", False, True)
        assert await unanswered(socket) == []


# Coming back


async def test_a_visitor_who_comes_back_hears_once_what_they_missed(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    token, conversation_id = scene.token(ann), await scene.relayed(ann)
    async with open_socket(server, path_of(ann.account), token=token) as socket:
        await begun(socket)
        await scene.site.say(ann, "One")
        seen = (await socket.receive())["seq"]
    await scene.answer(conversation_id, "Two")
    await scene.site.say(ann, "Three")

    async with open_socket(server, f"{path_of(ann.account)}?since={seen}", token=token) as back:
        assert await begun(back) == ann.account
        missed = [await back.receive() for _ in range(2)]
        assert (await back.receive())["type"] == "heartbeat"
        await scene.answer(conversation_id, "Four")
        live = await back.receive()
        assert await unanswered(back) == []

    assert texts([*missed, live]) == ["Two", "Three", "Four"]


async def test_what_a_visitor_has_cleared_away_does_not_come_back(
    scene: Scene, server: str, ann: VisitorPrincipal
) -> None:
    await scene.site.say(ann, "Old")
    last = max(each.id for each in await scene.ledger.rows(Message))
    await scene.ledger.change(Chat, cleared_up_to=last)
    await scene.site.say(ann, "New")
    async with open_socket(server, f"{path_of(ann.account)}?since=0", token=scene.token(ann)) as socket:
        await begun(socket)
        missed = await unanswered(socket)

    assert texts(missed)[0] == "New"


@pytest.mark.parametrize("since", ["99999", "-1", "x", ""])
async def test_a_position_that_is_none_is_told_4409(
    scene: Scene, server: str, ann: VisitorPrincipal, since: str
) -> None:
    async with open_socket(server, f"{path_of(ann.account)}?since={since}", token=scene.token(ann)) as socket:
        assert await socket.closed_with() == 4409


# Beside it


async def test_a_user_of_the_staff_who_visits_is_not_shown_as_being_here(
    scene: Scene, server: str, world: World, client: httpx.AsyncClient
) -> None:
    duarte = await world.user(scene.hotel, "duarte")
    token = await token_of(client, "rita")
    async with open_socket(server, "/ws/chat/", token=token, comings=True) as rita:
        await rita.pending()
        path = path_of(f"webchat_user_{duarte}")
        async with open_socket(server, path, token=await token_of(client, "duarte")) as visitor:
            assert await begun(visitor) == f"webchat_user_{duarte}"
            assert [each["type"] for each in await rita.pending()] == []


async def test_a_channel_of_the_hotel_may_be_named_and_no_other(
    scene: Scene, server: str, ann: VisitorPrincipal, world: World, database: Database, client: httpx.AsyncClient
) -> None:
    second = await open_web_chat(database, scene.hotel, "second")
    other_hotel = await world.hotel("alpine-lodge", "700000000000002")
    elsewhere = await open_web_chat(database, other_hotel)
    rita = f"webchat_user_{scene.hotel.staff['rita']}"
    token = await token_of(client, "rita")
    await scene.site.say(ann, "Hello", chat_id="spa")

    async def outcome(chat_id: str, channel_id: object, token: str) -> object:
        async with open_socket(server, f"{path_of(chat_id)}?channel_id={channel_id}", token=token) as socket:
            frame = await socket.receive()
            return frame["chat_id"]

    anns = scene.token(ann)
    assert await outcome("spa", scene.site.channel_id, anns) == "spa"
    assert await outcome(ann.account, second, anns) == ann.account
    assert await outcome(ann.account, elsewhere, anns) == ann.account
    assert await outcome(rita, second, token) == rita
    for path, shown in [
        (f"{path_of('spa')}?channel_id={second}", anns),
        (f"{path_of(rita)}?channel_id={elsewhere}", token),
        *((f"{path_of(ann.account)}?channel_id={each}", anns) for each in ("99", "x", "", "1" * 40, "%D9%A1")),
    ]:
        async with open_socket(server, path, token=shown) as socket:
            assert await socket.closed_with() == 4404, path


async def test_a_chat_on_one_channel_hears_nothing_of_the_same_visitors_on_another(
    scene: Scene, server: str, ann: VisitorPrincipal, database: Database
) -> None:
    second = await open_web_chat(database, scene.hotel, "second")
    elsewhere = replace(ann, channel_id=second)
    async with open_socket(server, path_of(ann.account), token=scene.token(ann)) as socket:
        await begun(socket)
        await scene.site.say(elsewhere, "On the other site")

        assert await unanswered(socket) == []


def _without_ids(frame: dict[str, Any]) -> dict[str, Any]:
    """``id`` is a text here."""
    if "message" not in frame:
        return frame
    return frame | {"message": frame["message"] | {"id": "<id>"}}
