"""Document 1, "Webhook Interface": what the provider is answered, and what the document's own payloads bring about."""

import json
from typing import Any

import httpx
from sqlalchemy import insert

from app.core.settings import Environment, Settings
from app.core.types import Platform
from app.main import create_app
from app.models import Channel
from app.store.database import Database
from tests.contracts.desk import JOHN, Desk, assert_error
from tests.contracts.printed import FIRST_PAYLOAD, IMAGE_PAYLOAD, TEXT_PAYLOAD
from tests.fake_graph import ALPINE_NUMBER, APP_SECRET, SEA_VIEW_NUMBER
from tests.serving import serve
from tests.world import WEBHOOK, HotelWorld, World, post_signed, signature, text_message, webhook_body

PROCESSED, IGNORED, ERROR = ({"status": word} for word in ("processed", "ignored", "error"))


async def post(desk: Desk, body: bytes, **headers: str) -> httpx.Response:
    return await desk.client.post(WEBHOOK, content=body, headers={"Content-Type": "application/json", **headers})


def one_text(text: str = "Hello", number: str = SEA_VIEW_NUMBER) -> bytes:
    return webhook_body((number, [text_message(text, JOHN)]))


# Meta's verification


async def test_the_right_token_gets_the_bare_challenge(desk: Desk) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify-sea-view", "hub.challenge": "1158201444"}

    answer = await desk.client.get(WEBHOOK, params=query)

    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_a_wrong_or_missing_token_or_mode_is_forbidden(desk: Desk) -> None:
    right = {"hub.mode": "subscribe", "hub.verify_token": "verify-sea-view", "hub.challenge": "1"}
    wrong: list[dict[str, str]] = [
        {},
        {**right, "hub.verify_token": "verify-elsewhere"},
        {**right, "hub.verify_token": ""},
        {**right, "hub.verify_token": "é\ufffd"},
        {**right, "hub.mode": "unsubscribe"},
        {key: value for key, value in right.items() if key != "hub.mode"},
        {key: value for key, value in right.items() if key != "hub.verify_token"},
    ]
    for query in wrong:
        assert_error(await desk.client.get(WEBHOOK, params=query), 403, "bad_verify_token")


# Signatures


async def test_a_signed_body_is_processed(desk: Desk) -> None:
    answer = await post_signed(desk.client, one_text())

    assert (answer.status_code, answer.json()) == (200, PROCESSED)


async def test_outside_production_an_unsigned_body_is_processed(desk: Desk) -> None:
    answer = await post(desk, one_text())

    assert (answer.status_code, answer.json()) == (200, PROCESSED)
    assert (await desk.get(status="demo"))["count"] == 1


async def test_a_wrong_signature_is_forbidden_and_nothing_is_kept(desk: Desk, world: World) -> None:
    await world.hotel("alpine-lodge", ALPINE_NUMBER)
    body = one_text()
    right = signature(body, APP_SECRET[SEA_VIEW_NUMBER])["X-Hub-Signature-256"]
    wrong = [
        "",
        "sha256=",
        right.removeprefix("sha256="),
        right[:-1],
        right.upper(),
        f"{right} x",
        signature(body, "another secret")["X-Hub-Signature-256"],
        signature(body, APP_SECRET[ALPINE_NUMBER])["X-Hub-Signature-256"],
        signature(body + b" ", APP_SECRET[SEA_VIEW_NUMBER])["X-Hub-Signature-256"],
        signature(body, "")["X-Hub-Signature-256"],
    ]
    for each in wrong:
        assert_error(await post(desk, body, **{"X-Hub-Signature-256": each}), 403, "bad_signature")
    assert (await desk.get(status="demo"))["count"] == 0


async def test_a_channel_without_secrets_is_verified_by_nothing(
    desk: Desk, hotel: HotelWorld, database: Database
) -> None:
    values = {"hotel_id": hotel.id, "platform": Platform.WHATSAPP, "name": "New", "account": ALPINE_NUMBER}
    async with database.transaction() as work:
        await work.connection.execute(insert(Channel).values(values))
    query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}

    assert_error(await desk.client.get(WEBHOOK, params=query), 403, "bad_verify_token")
    body = one_text(number=ALPINE_NUMBER)
    assert_error(await post(desk, body, **signature(body, "")), 403, "bad_signature")


async def test_in_production_an_unsigned_body_is_forbidden(settings: Settings, world: World) -> None:
    await world.hotel()
    production = settings.model_copy(update={"environment": Environment.PRODUCTION})

    async with serve(create_app(production)) as url, httpx.AsyncClient(base_url=url) as client:
        for body in (one_text(), json.dumps(FIRST_PAYLOAD).encode(), b"not json", b""):
            assert_error(await client.post(WEBHOOK, content=body), 403, "bad_signature")
        assert (await post_signed(client, one_text())).json() == PROCESSED


# What is not understood


UNREADABLE = [b"", b"not json", b"\xff", b"{", b"[" * 100_000]


async def test_a_body_that_is_no_json_is_kept_as_an_error(desk: Desk) -> None:
    for body in UNREADABLE:
        unsigned = await post(desk, body)
        signed = await post_signed(desk.client, body)
        assert (unsigned.status_code, unsigned.json()) == (200, ERROR), body[:20]
        assert (signed.status_code, signed.json()) == (200, ERROR), body[:20]


OF_NO_CONCERN: list[Any] = [
    [],
    None,
    "text",
    7,
    {},
    {"object": "page"},
    {"entry": []},
    {"entry": "x"},
    {"entry": [{"changes": [{"field": "account_update", "value": {}}]}]},
    {"entry": [{"changes": [{"field": "messages", "value": {}}]}]},
]


async def test_what_does_not_concern_us_is_ignored(desk: Desk) -> None:
    for body in OF_NO_CONCERN:
        answer = await post(desk, json.dumps(body).encode())
        assert (answer.status_code, answer.json()) == (200, IGNORED), body


async def test_an_unknown_number_of_ours_is_ignored(desk: Desk) -> None:
    body = one_text(number="799999999999999")

    assert (await post(desk, body)).json() == IGNORED
    assert (await post_signed(desk.client, body)).json() == IGNORED
    assert (await desk.get(status="demo"))["count"] == 0


async def test_a_signed_body_is_read_strictly(desk: Desk) -> None:
    """The leniency for the document's samples is not for whoever can sign."""
    answer = await post_signed(desk.client, json.dumps(FIRST_PAYLOAD).encode())

    assert (answer.status_code, answer.json()) == (200, IGNORED)


# The document's own payloads, as printed


async def test_its_text_payload_reaches_john_doe_in_room_101(desk: Desk, world: World, hotel: HotelWorld) -> None:
    stay_id = await world.guest(hotel, "John Doe", JOHN)

    answer = await post(desk, json.dumps(TEXT_PAYLOAD).encode())

    assert (answer.status_code, answer.json()) == (200, PROCESSED)
    [conversation] = await desk.get("active_conversations/")
    assert (conversation["stay_id"], conversation["room_number"]) == (stay_id, "101")
    messages = await desk.get(f"{conversation['id']}/messages/")
    assert [(each["sender_type"], each["content"]) for each in messages] == [
        ("guest", "Hello, I need help with my room."),
        ("system", "How can we assist you today? 1. Room Service 2. Housekeeping 3. Reception 4. Other"),
    ]


async def test_its_first_payload_from_any_other_number_begins_a_demo(desk: Desk) -> None:
    answer = await post(desk, json.dumps(FIRST_PAYLOAD).encode())

    assert (answer.status_code, answer.json()) == (200, PROCESSED)
    [conversation] = (await desk.get(status="demo"))["results"]
    messages = await desk.get(f"{conversation['id']}/messages/")
    assert [(each["sender_type"], each["content"]) for each in messages] == [
        ("guest", "Hello"),
        ("system", 'Welcome to our hotel demo! Type "services" to explore.'),
    ]


async def test_its_image_payload_arrives_with_its_caption(desk: Desk) -> None:
    answer = await post(desk, json.dumps(IMAGE_PAYLOAD).encode())

    assert (answer.status_code, answer.json()) == (200, PROCESSED)
    [conversation] = (await desk.get(status="demo"))["results"]
    assert conversation["guest_name"] == "Jane Smith"
    first = (await desk.get(f"{conversation['id']}/messages/"))[0]
    assert (first["message_type"], first["content"]) == ("image", "My ID document")


async def test_its_payloads_are_three_messages_though_they_print_one_id(desk: Desk) -> None:
    for payload in (TEXT_PAYLOAD, FIRST_PAYLOAD, IMAGE_PAYLOAD, TEXT_PAYLOAD):
        assert (await post(desk, json.dumps(payload).encode())).json() == PROCESSED

    found = (await desk.get(status="demo"))["results"]
    messages = [message for each in found for message in await desk.get(f"{each['id']}/messages/")]
    assert sorted(each["content"] for each in messages if each["sender_type"] == "guest") == [
        "Hello",
        "Hello, I need help with my room.",
        "My ID document",
    ]
