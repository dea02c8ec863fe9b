"""Document 2's guest webhook: what it refuses, of JSON and of forms alike, and in which words."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from app.models import Conversation, Message
from app.store.database import Database
from tests.contracts.desk import assert_error
from tests.contracts.guest_app import JOHN, PRINTED, GuestApp
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned
from tests.world import HotelWorld, World, signed_in

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "mark"


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def guests(client: httpx.AsyncClient, world: World, hotel: HotelWorld) -> GuestApp:
    """John Doe may write."""
    await world.guest(hotel, "John Doe", JOHN.removeprefix("+"))
    return GuestApp(client)


def multipart(fields: dict[str, str]) -> dict[str, Any]:
    """A form without files, as httpx sends it where there is one."""
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return {"content": f"{parts}--{BOUNDARY}--\r\n".encode(), "headers": kind}


def ways(fields: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The same fields in each way that they may be sent."""
    return {"json": {"json": fields}, "form": {"data": fields}, "multipart": multipart(fields)}


def raw(content: bytes, kind: str | None) -> dict[str, Any]:
    return {"content": content, "headers": {} if kind is None else {"Content-Type": kind}}


async def test_json_and_both_kinds_of_forms_mean_the_same(guests: GuestApp, ledger: Ledger) -> None:
    fields = PRINTED | {"message": "Grüße & 100 % = 🛎️\nline + line", "message_type": "document"}

    for way, options in ways(fields).items():
        answer = await guests.post(**options)
        assert answer.status_code == 201, (way, answer.text)

    kept = {(each.content, each.type, json.dumps(each.extra)) for each in await ledger.rows(Message)}
    assert len(kept) == 1
    assert kept.pop()[0] == fields["message"]


async def test_a_form_may_name_its_charset_and_leave_fields_empty(guests: GuestApp, ledger: Ledger) -> None:
    body = "whatsapp_number=%2B1234567890&message=Ol%C3%A1&message_type=&media_url=&client_message_id=&more=1"

    answer = await guests.post(**raw(body.encode(), f'{FORM}; charset="UTF-8"'))

    assert answer.status_code == 201, answer.text
    stored = await ledger.row(Message)
    assert (stored.content, stored.type, stored.extra, stored.client_message_id) == ("Olá", "text", {}, None)


async def test_null_is_as_good_as_nothing_in_every_field_that_may_be_left_out(guests: GuestApp, ledger: Ledger) -> None:
    left_out = dict.fromkeys(("message_type", "media_url", "media_filename", "client_message_id"))

    answer = await guests.post(json={"whatsapp_number": JOHN, "message": "Hello", **left_out})

    assert answer.status_code == 201, answer.text
    stored = await ledger.row(Message)
    assert (stored.content, stored.type, stored.extra, stored.client_message_id) == ("Hello", "text", {}, None)


BAD_FIELDS: list[tuple[dict[str, str], str, str]] = [
    ({"message": "Hello"}, "whatsapp_number", "bad_fields"),
    ({"whatsapp_number": "room 101", "message": "Hello"}, "whatsapp_number", "bad_fields"),
    ({"whatsapp_number": "0987654321", "message": "Hello"}, "whatsapp_number", "bad_fields"),
    ({"whatsapp_number": "+123", "message": "Hello"}, "whatsapp_number", "bad_fields"),
    ({"whatsapp_number": "1" * 16, "message": "Hello"}, "whatsapp_number", "bad_fields"),
    ({"whatsapp_number": "1" * 5000, "message": "Hello"}, "whatsapp_number", "bad_fields"),
    ({"whatsapp_number": JOHN}, "message", "empty_text"),
    ({"whatsapp_number": JOHN, "message": ""}, "message", "empty_text"),
    ({"whatsapp_number": JOHN, "message": " \n\u200b"}, "message", "empty_text"),
    ({"whatsapp_number": JOHN, "message": "x" * 16_385}, "message", "bad_fields"),
    ({"whatsapp_number": JOHN, "message": "Hello", "message_type": "system"}, "message_type", "bad_fields"),
    ({"whatsapp_number": JOHN, "message": "Hello", "message_type": "Text"}, "message_type", "bad_fields"),
    ({"whatsapp_number": JOHN, "message": "Hello", "media_url": "x" * 2_049}, "media_url", "bad_fields"),
    ({"whatsapp_number": JOHN, "message": "Hello", "media_filename": "x" * 256}, "media_filename", "bad_fields"),
    ({"whatsapp_number": JOHN, "message": "Hello", "client_message_id": "1"}, "client_message_id", "bad_fields"),
    ({"whatsapp_number": JOHN, "message": "a\x00b"}, "message", "bad_fields"),
    ({"whatsapp_number": JOHN, "message": "Hello", "media_url": "\x00"}, "media_url", "bad_fields"),
]


@pytest.mark.parametrize(("fields", "at_fault", "code"), BAD_FIELDS)
async def test_a_bad_field_is_named_in_every_way(
    guests: GuestApp, ledger: Ledger, fields: dict[str, str], at_fault: str, code: str
) -> None:
    for way, options in ways(fields).items():
        assert assert_error(await guests.post(**options), 400, code).keys() == {at_fault}, way
    assert await ledger.rows(Conversation) == []


async def test_refusals_are_as_pinned(guests: GuestApp) -> None:
    refused = {
        name: (await guests.post(json={"whatsapp_number": JOHN, **body})).json()
        for name, body in {
            "no number": {"whatsapp_number": "reception", "message": "Hello"},
            "no words": {"message": ""},
            "no such type": {"message": "Hello", "message_type": "video"},
        }.items()
    }
    assert_json_pinned("guest_webhook/refused.json", refused)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("message", f'{{"whatsapp_number": "{JOHN}", "message": "\\ud83d"}}'),
        ("media_url", f'{{"whatsapp_number": "{JOHN}", "message": "Hello", "media_url": "\\udc00"}}'),
        ("whatsapp_number", '{"whatsapp_number": 1234567890, "message": "Hello"}'),
    ],
)
async def test_a_bad_field_of_json_is_named(guests: GuestApp, field: str, body: str) -> None:
    answer = await guests.post(**raw(body.encode(), "application/json"))

    assert assert_error(answer, 400, "bad_fields").keys() == {field}


BAD_BODIES: list[tuple[bytes, str | None]] = [
    (b"", None),
    (b"", "application/json"),
    (b"", FORM),
    (b"", "text/plain"),
    (b"{", "application/json"),
    (b"null", "application/json"),
    (b'["+1234567890"]', "application/json"),
    (b'{"message": NaN}', "application/json"),
    (b"[" * 100_000, "application/json"),
    (b'{"message": "\xff"}', "application/json"),
    (b"message=\xe9", FORM),
    (b"message=%E9", FORM),
    (b"message=%ED%A0%80", FORM),
    (b"message=Hello", f"{FORM}; charset=latin-1"),
    (b"message=Hello", f"{FORM}; charset=undefined"),
    ("&".join(f"f{n}=1" for n in range(21)).encode(), FORM),
    (b"message=Hello", "multipart/form-data"),
    (b"--mark\r\nno form", "multipart/form-data; boundary=mark"),
    (
        b'--mark\r\nContent-Disposition: form-data; name="message"\r\n\r\n\xe9\r\n--mark--\r\n',
        "multipart/form-data; boundary=mark",
    ),
    (multipart({f"f{n}": "1" for n in range(21)})["content"], "multipart/form-data; boundary=mark"),
    (multipart({"message": "Hello"})["content"], "multipart/form-data; boundary=mark; charset=utf-16"),
]


@pytest.mark.parametrize(("content", "kind"), BAD_BODIES)
async def test_a_body_that_cannot_be_read_is_refused(guests: GuestApp, content: bytes, kind: str | None) -> None:
    assert_error(await guests.post(**raw(content, kind)), 400, "bad_body")


async def test_a_field_of_a_form_that_is_there_twice_is_refused(guests: GuestApp) -> None:
    body = f"whatsapp_number={quote(JOHN)}&message=One&message=Two"

    assert assert_error(await guests.post(**raw(body.encode(), FORM)), 400, "bad_fields").keys() == {"message"}


async def test_a_file_in_a_form_is_refused_under_its_name(guests: GuestApp, ledger: Ledger) -> None:
    answer = await guests.post(data={"whatsapp_number": JOHN, "message": "Hello"}, files={"photo": ("a.txt", "text")})

    assert assert_error(answer, 400, "bad_fields").keys() == {"photo"}
    assert await ledger.rows(Message) == []


@pytest.mark.parametrize("kind", [None, "text/plain", "application/xml", "application/octet-stream", "json", ""])
async def test_another_type_of_body_is_refused(guests: GuestApp, kind: str | None) -> None:
    answer = await guests.post(**raw(json.dumps(PRINTED).encode(), kind))

    assert_error(answer, 415, "unsupported_media_type")


async def test_more_than_a_megabyte_is_refused(guests: GuestApp) -> None:
    assert_error(await guests.post(**raw(b"x" * (1024 * 1024 + 1), FORM)), 413, "too_big")


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "true"])
async def test_a_body_that_is_no_object_is_told_so_and_nothing_of_our_insides(
    client: httpx.AsyncClient, world: World, body: str
) -> None:
    await world.user(await world.hotel(), "rita")
    headers = await signed_in(client, "rita")
    json_said = {"Content-Type": "application/json"}
    for path in ("/api/chat/guest-webhook/", "/api/chat/conversations/close/", "/api/chat/conversations/create/"):
        answer = await client.post(path, content=body, headers=headers | json_said)
        assert assert_error(answer, 400, "bad_body") == {"body": ["It must be a JSON object."]}, path
