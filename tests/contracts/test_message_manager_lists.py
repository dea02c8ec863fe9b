"""The lists of document 1: which conversations, in which order, and by pages."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contracts.desk import CONVERSATIONS, JOHN, Desk, assert_error
from tests.world import HotelWorld, World

GUESTS = [f"35191234567{digit}" for digit in range(5)]
TO_RECEPTION = ("services", "3")


@pytest.fixture
async def five(desk: Desk) -> list[int]:
    """Five demos that were relayed, the last active first."""
    await desk.hear_all(dict.fromkeys(GUESTS, TO_RECEPTION))
    return [each["id"] for each in (await desk.get())["results"]]


async def test_the_last_active_stands_first(desk: Desk, five: list[int]) -> None:
    assert five == sorted(five, reverse=True)

    await desk.hear(GUESTS[1], "Is anybody there?")

    listed = [each["id"] for each in (await desk.get())["results"]]
    assert listed == [five[3], five[0], five[1], five[2], five[4]]


async def test_pages_follow_each_other_by_their_links(desk: Desk, five: list[int]) -> None:
    first = await desk.get(page_size=2)
    second = await follow(desk, first["next"])
    third = await follow(desk, second["next"])

    assert [[each["id"] for each in page["results"]] for page in (first, second, third)] == [
        five[:2],
        five[2:4],
        five[4:],
    ]
    assert [page["count"] for page in (first, second, third)] == [5, 5, 5]
    assert (first["previous"], third["next"]) == (None, None)
    assert await follow(desk, third["previous"]) == second
    assert await follow(desk, second["previous"]) == first


async def test_a_link_keeps_what_was_asked_for(desk: Desk, five: list[int]) -> None:
    link = urlsplit((await desk.get(page_size=2, status="relay,active"))["next"])

    assert link.path == CONVERSATIONS
    assert parse_qs(link.query) == {"page": ["2"], "page_size": ["2"], "status": ["relay,active"]}


async def test_a_page_has_twenty_where_nothing_is_said(desk: Desk) -> None:
    await desk.hear_all({f"3519200000{number:02}": TO_RECEPTION for number in range(21)})

    listed = await desk.get()

    assert (len(listed["results"]), listed["count"]) == (20, 21)
    assert len((await desk.get(page_size=100))["results"]) == 21


async def test_an_empty_list_is_a_page_and_one_past_the_end_is_not(desk: Desk) -> None:
    assert await desk.get() == {"count": 0, "next": None, "previous": None, "results": []}
    assert await desk.get(page=1) == await desk.get()

    assert_error(await desk.call("GET", "?page=2"), 404, "no_such_page")


async def test_a_page_past_the_end_is_not_found(desk: Desk, five: list[int]) -> None:
    assert_error(await desk.call("GET", "?page=4&page_size=2"), 404, "no_such_page")
    assert_error(await desk.call("GET", "?page=1000000&page_size=100"), 404, "no_such_page")


BAD_PAGES = ["0", "-1", "1000001", "x", "", "1.5", "9" * 5000, "%00", "%F0%9F%9A%AA", "1e3"]


async def test_what_is_no_page_is_a_bad_field(desk: Desk) -> None:
    for query in [*(f"{field}={bad}" for field in ("page", "page_size") for bad in BAD_PAGES), "page_size=101"]:
        answer = await desk.call("GET", f"?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_fields"), query


async def test_one_status_or_several_may_be_asked_for(desk: Desk, world: World, hotel: HotelWorld) -> None:
    await world.guest(hotel, "John Doe", JOHN)
    await desk.hear(JOHN, "Hi")
    await desk.hear(GUESTS[0], "Hello")
    await desk.hear(GUESTS[1], *TO_RECEPTION)

    async def statuses(query: str) -> list[str]:
        answer = await desk.call("GET", query)
        assert answer.status_code == 200, query
        return [each["status"] for each in answer.json()["results"]]

    assert await statuses("") == ["relay"]
    assert await statuses("?status=active") == ["active"]
    assert await statuses("?status=active,demo") == ["demo", "active"]
    assert await statuses("?status=active&status=relay,demo") == ["relay", "demo", "active"]
    assert await statuses("?status=demo,checkin,active,relay,closed") == ["relay", "demo", "active"]
    assert await statuses("?status=closed") == []


async def test_a_status_that_is_none_is_a_bad_field(desk: Desk) -> None:
    for status in ("archived", "", "relay,", "RELAY", "relay active", "%00", "%ED%A0%80"):
        answer = await desk.call("GET", f"?status={status}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_fields"), status


async def follow(desk: Desk, link: str) -> Any:
    """The page behind a link, asked of the server of this test: links name the public address."""
    to = urlsplit(link)
    return (await desk.client.get(f"{to.path}?{to.query}", headers=desk.headers)).json()
