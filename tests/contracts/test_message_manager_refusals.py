"""What document 1's REST interface refuses, and in which words."""

from app.core.types import Department, UserType
from tests.contracts.desk import Desk, assert_error
from tests.fake_graph import ALPINE_NUMBER
from tests.world import HotelWorld, World, signed_in

ROUTES = [("GET", "{}/"), ("GET", "{}/messages/"), ("POST", "{}/send_message/"), ("POST", "{}/end_relay/")]

BAD_IDS = [
    "x",
    "0x1",
    "-1",
    "+1",
    "1.0",
    "1e3",
    "1_000",
    "%201",
    "%D9%A1",  # an Arabic one
    "%EF%BC%91",  # a fullwidth one
    "%ED%A0%80",  # a lone surrogate
    "%FF",
    "null",
    "1000000000000000000",  # 19 digits
    "9" * 5000,
]


async def test_what_is_no_id_is_a_bad_field(desk: Desk) -> None:
    for method, path in ROUTES:
        for bad in BAD_IDS:
            answer = await desk.call(method, path.format(bad), json={"text": "Hello"})
            assert assert_error(answer, 400, "bad_fields").keys() == {"conversation_id"}, (path, bad)


async def test_an_address_with_a_nul_is_refused(desk: Desk) -> None:
    for path in ("%00/", "1%00/", "1/messages/?before=%00", "?status=relay%00"):
        assert_error(await desk.call("GET", path), 400, "bad_fields")


async def test_a_conversation_that_is_not_there_is_not_found(desk: Desk) -> None:
    for method, path in ROUTES:
        for absent in ("0", "999999", "999999999999999999"):
            assert_error(await desk.call(method, path.format(absent), json={"text": "Hello"}), 404, "not_found")


async def test_another_hotels_conversation_is_not_found(desk: Desk, johns: int, world: World) -> None:
    other = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    await world.user(other, "anna", UserType.HOTEL_ADMIN)
    anna = Desk(desk.client, await signed_in(desk.client, "anna"))

    for method, path in ROUTES:
        theirs = await anna.call(method, path.format(johns), json={"text": "Hello"})
        absent = await anna.call(method, path.format(999999), json={"text": "Hello"})

        assert_error(theirs, 404, "not_found")
        assert theirs.json() == absent.json(), "nothing tells that it is there"


async def test_another_departments_conversation_is_forbidden(
    desk: Desk, johns: int, world: World, hotel: HotelWorld
) -> None:
    await world.user(hotel, "carla", UserType.DEPARTMENT_STAFF, (Department.CAFE,))
    carla = Desk(desk.client, await signed_in(desk.client, "carla"))

    for method, path in ROUTES:
        assert_error(await carla.call(method, path.format(johns), json={"text": "Hello"}), 403, "forbidden")


BAD_BODIES = [
    b"",
    b"null",
    b"[]",
    b'"Hello"',
    b"7",
    b"{",
    b"{'text': 'Hello'}",
    b"{}",
    b'{"text": null}',
    b'{"text": 7}',
    b'{"text": ["Hello"]}',
    b'{"text": {"body": "Hello"}}',
    b'{"text": NaN}',
    b'{"text": "Hello", "more": NaN}',
    b'{"text": "Hello", "more": Infinity}',
    b'{"text": "Hello", "more": "\\u0000"}',
    b'{"text": "Hello", "more": "\\ud800"}',
    b'{"text": "\\u0000"}',
    b'{"text": "a\\u0000b"}',
    b'{"text": "\\ud800"}',
    b'{"text": "\\udfff\\ud800"}',
    b'{"text": "Hello", "\\u0000": 1}',
    b'{"text": "\x00"}',
    b'{"text": "\xff"}',
    b'{"text": "\xed\xa0\x80"}',
    b"\xff\xfe{\x00}\x00",
    b'{"text": ' + b"[" * 100_000,
    b'{"text": "Hello", "more": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"text": "Hello", "more": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    b'{"text": ' + b"9" * 5000 + b"}",
    b'{"text": "Hello"} {"text": "Hello"}',
    b'{"text": "Hello", "client_message_id": 7}',
    b'{"text": "Hello", "client_message_id": "x"}',
    b'{"text": "Hello", "client_message_id": ""}',
    b"text=Hello",
]


async def test_a_body_that_is_none_is_a_bad_field_and_sends_nothing(desk: Desk, johns: int) -> None:
    before = await desk.get(f"{johns}/messages/")

    for content in BAD_BODIES:
        answer = await desk.call(
            "POST", f"{johns}/send_message/", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400, content[:60]
        assert answer.json()["code"] in {"bad_fields", "bad_body"}, content[:60]
        assert answer.json()["details"], content[:60]

    assert await desk.get(f"{johns}/messages/") == before


async def test_a_body_of_another_kind_is_a_bad_field(desk: Desk, johns: int) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", "\\"):
        answer = await desk.call(
            "POST", f"{johns}/send_message/", content=b'{"text": "Hello"}', headers={"Content-Type": kind}
        )
        assert answer.status_code == 400, kind


async def test_a_missing_text_is_named(desk: Desk, johns: int) -> None:
    answer = await desk.call("POST", f"{johns}/send_message/", json={"message": "Hello"})

    assert assert_error(answer, 400, "bad_fields").keys() == {"text"}


async def test_an_empty_text_is_refused(desk: Desk, johns: int) -> None:
    for text in ("", " ", "\n\t ", "\u3000", "\u200b", "\u200e\u2060\ufeff"):
        answer = await desk.call("POST", f"{johns}/send_message/", json={"text": text})
        assert assert_error(answer, 400, "empty_text").keys() == {"text"}, repr(text)


async def test_a_text_longer_than_whatsapp_takes_in_eight_messages_is_refused(desk: Desk, johns: int) -> None:
    answer = await desk.call("POST", f"{johns}/send_message/", json={"text": "x" * (8 * 4096 + 1)})

    assert assert_error(answer, 400, "text_too_long").keys() == {"text"}


async def test_fields_that_nobody_knows_are_not_heeded(desk: Desk, johns: int) -> None:
    sent = await desk.send(johns, "Hello", sender_type="guest", sender_name="Somebody", id=1, hotel_id=2)

    assert (sent["sender_type"], sent["sender_name"]) == ("staff", "Reception Staff")


async def test_older_messages_are_asked_for_by_id(desk: Desk, johns: int) -> None:
    messages = await desk.get(f"{johns}/messages/")

    assert await desk.get(f"{johns}/messages/", limit=2) == messages[-2:]
    assert await desk.get(f"{johns}/messages/", before=messages[-1]["id"], limit=2) == messages[-3:-1]
    assert await desk.get(f"{johns}/messages/", before=messages[0]["id"]) == []
    for query in ("limit=0", "limit=1001", "limit=x", "before=x", "before=-1", "before=", f"before={'9' * 19}"):
        assert_error(await desk.call("GET", f"{johns}/messages/?{query}"), 400, "bad_fields")
