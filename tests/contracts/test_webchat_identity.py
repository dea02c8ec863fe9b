"""Guests who register on a hotel's site: whose users they are, and what is refused."""

import asyncio

import pytest

from app.core.types import UserType
from app.models import Guest, GuestIdentity, User, VisitorSession
from tests.contracts.registering import NEW, REGISTER, register, sign_in
from tests.contracts.webchat import Browser, OpenBrowser
from tests.ledger import Ledger
from tests.world import HotelWorld, World


async def test_who_registers_is_signed_in_as_a_guest_of_the_web_chats_hotel(
    site: int, hotel: HotelWorld, open_browser: OpenBrowser, ledger: Ledger
) -> None:
    browser = await open_browser()
    person = {"first_name": "Ana\n Rita", "last_name": "Silva", "email": "ana@example.com", "phone": "+351 912 345 678"}

    answer = await register(browser, **person)

    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    user = answer.json()["user"]
    assert (user["user_type"], user["name"], user["hotel"]["slug"]) == ("guest", "Ana Rita Silva", hotel.slug)
    assert {"lobby_auth", "csrftoken"} <= set(browser.client.cookies)
    assert (await browser.client.get("/api/auth/me/")).json() == user
    row = await ledger.row(User, User.username == "ana")
    member = await ledger.row(Guest)
    assert (row.guest_id, row.user_type, row.departments) == (member.id, UserType.GUEST, [])
    assert row.password_hash.startswith("$argon2id$")
    said = (member.full_name, member.email, member.phone, member.hotel_id)
    assert said == ("Ana Rita Silva", "ana@example.com", "+351912345678", hotel.id)
    assert (await sign_in(await open_browser())).json()["user"] == user


async def test_a_password_counts_as_it_was_typed(site: int, open_browser: OpenBrowser) -> None:
    password = " with spaces around "
    await register(await open_browser(), password=password)

    answers = [await sign_in(await open_browser(), password=each) for each in (password, password.strip())]

    assert [each.status_code for each in answers] == [200, 401]


async def test_a_registered_guest_is_no_staff(site: int, open_browser: OpenBrowser) -> None:
    browser = await open_browser()
    await register(browser)

    for path in ("/api/message_manager/conversations/", "/api/chat/conversations/", "/api/requests/"):
        assert (await browser.client.get(path)).status_code == 403, path


async def test_a_number_that_is_a_guests_makes_nobody_that_guest(
    site: int, hotel: HotelWorld, world: World, open_browser: OpenBrowser, ledger: Ledger
) -> None:
    await world.guest(hotel, phone="351912345678")
    browser = await open_browser()

    assert (await register(browser, phone="+351912345678", email="john@example.com")).status_code == 201
    await browser.send("What is my room?")

    john, ana = await ledger.rows(Guest)
    assert (await ledger.row(User, User.username == "ana")).guest_id == ana.id
    assert (await ledger.conversation()).guest_id == ana.id
    assert {each.guest_id for each in await ledger.rows(GuestIdentity)} == {john.id}


async def test_a_name_that_is_taken_in_whatever_case_is_refused(
    site: int, hotel: HotelWorld, open_browser: OpenBrowser, ledger: Ledger
) -> None:
    for taken in ("reception", "RECEPTION"):
        answer = await register(await open_browser(), username=taken)
        assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")
        assert list(answer.json()["details"]) == ["username"]
    assert not await ledger.rows(Guest)


async def test_of_two_who_register_one_name_at_once_one_has_it(
    site: int, open_browser: OpenBrowser, ledger: Ledger
) -> None:
    rivals = [await open_browser() for _ in range(4)]

    answers = await asyncio.gather(*(register(each) for each in rivals))

    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
    assert len(await ledger.rows(Guest)) == len(await ledger.rows(User, User.username == "ana")) == 1


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("username", ""),
        ("username", "two words"),
        ("username", "x" * 151),
        ("username", "a\x00b"),
        ("password", ""),
        ("password", "secret7"),
        ("password", "x" * 1025),
        ("email", "nobody"),
        ("phone", "seven"),
        ("first_name", "x" * 151),
        ("channel_id", "x"),
        ("channel_id", 10**30),
    ],
)
async def test_a_bad_field_is_named_and_makes_nobody(
    site: int, open_browser: OpenBrowser, ledger: Ledger, field: str, wrong: object
) -> None:
    answer = await register(await open_browser(), **{field: wrong})

    assert answer.status_code == 422, answer.text
    assert list(answer.json()["details"]) == [field]
    assert "secret7" not in answer.text
    assert not await ledger.rows(Guest)


async def test_a_channel_that_is_named_says_whose_guest_it_is(
    site: int, hotel: HotelWorld, open_browser: OpenBrowser
) -> None:
    answer = await register(await open_browser(), channel_id=site)
    assert answer.json()["user"]["hotel"]["id"] == hotel.id

    for none in (site + 1, hotel.channel_id):
        answer = await register(await open_browser(), username="bob", channel_id=none)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_channel")


async def test_without_a_web_chat_nobody_can_register(hotel: HotelWorld, open_browser: OpenBrowser) -> None:
    answer = await register(await open_browser())

    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_channel")


async def test_a_network_registers_twenty_in_a_quarter_of_an_hour(site: int, open_browser: OpenBrowser) -> None:
    browser = await open_browser()
    for _ in range(20):
        await register(browser, username="reception")

    answer = await register(browser)

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_page_of_somebody_else_is_given_no_cookies_and_takes_no_visitor_along(
    ann: Browser, ledger: Ledger
) -> None:
    await ann.send("Hello")

    answer = await ann.client.post(REGISTER, json=NEW, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 201
    assert "set-cookie" not in answer.headers
    assert (await ledger.row(VisitorSession)).ended_at is None
