"""Document 2, ``?search=`` of ``GET /api/chat/conversations/``: where it looks, and what it does not mind."""

from collections.abc import Collection

import httpx
import pytest
from sqlalchemy import update

from app.core.types import Department
from app.models import Guest
from app.store.database import Database
from tests.contracts.chat import Chat, chat_of
from tests.contracts.desk import Desk, assert_error
from tests.world import HotelWorld, World

JOHN, MULLER, JOSE, PERCENT = "1234567890", "351912345601", "351912345602", "351912345603"
DOE, INA, JOS, PERCY = "John Doe", "Ina Müller", "JOSE\u0301 Ångström", "Percy"
LONG = "towel " * 60 + "periscope"


@pytest.fixture
async def guests(world: World, hotel: HotelWorld, desk: Desk, database: Database) -> None:
    """Four guests who have written; the last active is named last."""
    people = [(JOHN, DOE, "101"), (MULLER, INA, "12A"), (JOSE, JOS, "305")]
    for number, name, room in people:
        await world.guest(hotel, name, number, room=room)
    await world.guest(hotel, PERCY, PERCENT, stay=None)
    async with database.transaction() as work:
        await work.connection.execute(update(Guest).where(Guest.phone == f"+{JOHN}").values(email="J.Doe@Example.com"))
    relay = ("services", "3")
    await desk.hear_all(
        {
            JOHN: [*relay, "Where is the Café?"],
            MULLER: [*relay, LONG],
            JOSE: [*relay, "Grüße aus München\nund Zürich"],
            PERCENT: [*relay, r"100% of a_b and c\d, (a/b) 서울"],
        }
    )


async def found(chat: Chat, searches: Collection[str]) -> dict[str, list[str]]:
    """Whose conversations each of these finds."""
    return {search: sorted(await chat.names(search=search)) for search in searches}


async def test_a_search_looks_into_name_room_mail_number_and_last_message(chat: Chat, guests: None) -> None:
    wanted = {
        "john": [DOE],
        "hn  d": [DOE],  # a part of it, its spaces however many
        "12a": [INA],
        "305": [JOS],
        "j.doe@example.COM": [DOE],
        "is the": [DOE],
        "periscope": [INA],  # far behind in a long message
        "munchen und": [JOS],  # over the end of a line
        "services": [],  # an earlier message
        "Doe 101": [],  # from one place into the next
        "nobody": [],
        "x" * 100: [],
    }
    assert await found(chat, wanted) == wanted


async def test_a_search_minds_neither_case_nor_accents(chat: Chat, guests: None) -> None:
    wanted = {
        "MÜLLER": [INA],
        "muller": [INA],
        "mu\u0308ller": [INA],
        "Múller": [INA],
        "jose angstrom": [JOS],
        "José Ångström": [JOS],
        "CAFE": [DOE],
        "cafe\u0301": [DOE],
        "GRÜßE": [JOS],
        "grusse": [],  # the sharp s is a letter of its own
        "서울": [PERCY],
    }
    assert await found(chat, wanted) == wanted


async def test_a_number_is_found_however_it_is_written(chat: Chat, guests: None) -> None:
    wanted = {
        "+351912345601": [INA],
        "351 912-345.(601)": [INA],
        "00351 912 345 601": [INA],
        "0912345601": [INA],  # without its country
        "\u0669\u0661\u0662\u0663\u0664\u0665\u0666\u0660\u0661": [INA],  # in Arabic digits
        "\uff19\uff11\uff12\uff13\uff14\uff15\uff16\uff10\uff11": [INA],  # in wide ones
        "9123456": sorted([INA, JOS, PERCY]),
        "9 1 2": sorted([INA, JOS, PERCY]),
        "1 2 3 4 5 6 7 8 9 0": [DOE],
        "0000": [],
    }
    assert await found(chat, wanted) == wanted


async def test_nothing_in_a_search_is_a_pattern(chat: Chat, guests: None) -> None:
    wanted = {
        "%": [PERCY],
        "100% of": [PERCY],
        "1%f": [],
        "_": [PERCY],
        "a_b": [PERCY],
        "o_n": [],
        "\\": [PERCY],
        "c\\d": [PERCY],
        "\\d": [PERCY],
        "\\s": [],
        "a/b": [PERCY],
        "(a": [PERCY],
        ".*": [],
        "[a-z]": [],
        "^": [],
        "***:": [],
        "(?i)john": [],
        "john|ina": [],
        "'; --": [],
    }
    assert await found(chat, wanted) == wanted


async def test_a_search_that_is_too_long_or_cannot_be_kept_is_a_bad_field(chat: Chat) -> None:
    answer = await chat.call("GET", "conversations/", params={"search": "x" * 101})
    assert assert_error(answer, 400, "bad_fields").keys() == {"search"}
    assert_error(await chat.call("GET", "conversations/?search=a%00b"), 400, "bad_fields")


async def test_a_search_that_is_no_utf_8_finds_nothing(chat: Chat, guests: None) -> None:
    for search in ("%ED%A0%80", "%FF"):
        assert (await chat.get(f"conversations/?search={search}"))["count"] == 0


async def test_what_is_found_is_newest_first_by_pages_and_within_the_other_filters(chat: Chat, guests: None) -> None:
    first = await chat.get("conversations/", search="351", page_size=2)

    assert [each["guest_info"]["full_name"] for each in first["results"]] == [PERCY, JOS]
    assert (first["count"], first["previous"]) == (3, None)
    second = await chat.follow(first["next"])
    assert [each["guest_info"]["full_name"] for each in second["results"]] == [INA]
    assert await chat.names(search="351", department="Reception", status="active") == [PERCY, JOS, INA]
    assert await chat.names(search="351", department="Café") == []
    assert await chat.names(search="351", status="closed") == []


async def test_a_search_finds_nothing_of_another_department(
    client: httpx.AsyncClient, world: World, hotel: HotelWorld, guests: None
) -> None:
    waiter = await chat_of(client, world, hotel, "waiter", Department.ROOM_SERVICE)

    assert await waiter.names(search="john") == []
