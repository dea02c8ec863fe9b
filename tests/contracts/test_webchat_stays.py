"""Contract 5: visitors who say by name and room where they stay, and staff who confirm or refuse it."""

import asyncio
from typing import Any

import httpx
import pytest

from app.core.types import ConversationStatus, StayStatus
from app.models import Account, AuditEntry, Conversation, Guest, Message, Stay, StayClaim, User
from tests.contracts.registering import account_of, register
from tests.contracts.webchat import Browser, refused
from tests.guests import conversation_of, staying
from tests.ledger import Ledger
from tests.world import HotelWorld, World, signed_in

CLAIMS = "/api/stay-claims/"
JOHN = {"full_name": "doe, JOHN", "room_number": " 101"}
NOTE = Message.is_note.is_(True)
OPEN = Conversation.status != ConversationStatus.CLOSED


@pytest.fixture
async def stay_id(world: World, hotel: HotelWorld) -> int:
    """John Doe's, in room 101."""
    return await staying(world, hotel)


@pytest.fixture
async def reception(client: httpx.AsyncClient, hotel: HotelWorld) -> dict[str, str]:
    return await signed_in(client, "reception")


@pytest.fixture
async def john(stay_id: int, ledger: Ledger) -> int:
    """His guest's id."""
    guest_id: int = (await ledger.row(Stay)).guest_id
    return guest_id


async def claim(browser: Browser, **said: Any) -> None:
    answer = await browser.call("POST", "stay/", json=JOHN | said)
    assert (answer.status_code, answer.json()) == (202, {"success": True, "status": "waiting"}), answer.text


async def waiting(client: httpx.AsyncClient, headers: dict[str, str]) -> list[Any]:
    answer = await client.get(CLAIMS, params={"status": "waiting"}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["results"]
    return found


async def decide(
    client: httpx.AsyncClient, headers: dict[str, str], claim_id: int, *, confirm: bool = True, **more: Any
) -> httpx.Response:
    return await client.post(f"{CLAIMS}{claim_id}/", json={"confirm": confirm} | more, headers=headers)


async def confirmed(client: httpx.AsyncClient, headers: dict[str, str]) -> Any:
    """The only claim that waits, as it stands when it is confirmed."""
    (found,) = await waiting(client, headers)
    answer = await decide(client, headers, found["id"])
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_answer_is_the_same_whether_or_not_there_is_such_a_stay(
    ann: Browser, bob: Browser, stay_id: int
) -> None:
    await claim(ann)
    await claim(bob, full_name="Nobody At All", room_number="999")


async def test_staff_are_told_who_a_visitor_says_they_are_and_what_matches(
    ann: Browser, bob: Browser, client: httpx.AsyncClient, reception: dict[str, str], stay_id: int, ledger: Ledger
) -> None:
    await claim(ann)
    await claim(bob, room_number="102")

    second, first = await waiting(client, reception)
    assert [each["stay_id"] for each in first["matches"]] == [stay_id]
    assert second["matches"] == []
    assert (first["account_id"], first["full_name"], first["room_number"]) == (await ann.arrive(), "doe, JOHN", "101")
    notes = {each.conversation_id: each.content for each in await ledger.rows(Message, NOTE)}
    assert "This matches: John Doe, room 101" in notes[first["conversation_id"]]
    assert "No stay matches." in notes[second["conversation_id"]]
    for each in await ledger.rows(Conversation):
        assert (each.status, each.department, each.waiting_since is None) == ("relay", "Reception", False)
    assert await ann.texts() == []


async def test_a_visitor_who_is_confirmed_is_told_and_gets_the_stays_flow(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], john: int, stay_id: int, ledger: Ledger
) -> None:
    await claim(ann)

    decided = await confirmed(client, reception)

    assert (decided["status"], decided["stay_id"], decided["guest"]["id"]) == ("confirmed", stay_id, john)
    assert (await ann.texts())[-1].startswith("Thank you: the reception has confirmed your stay in room 101.")
    conversation = await ledger.conversation()
    standing = (conversation.guest_id, conversation.stay_id, conversation.status, conversation.department)
    assert standing == (john, stay_id, "active", None)
    assert [each.id for each in await ledger.rows(Guest)] == [john]
    await ann.send("services")
    assert "1." in (await ann.texts())[-1]
    actions = [each.action for each in await ledger.rows(AuditEntry)]
    assert actions == ["stay_claim.confirmed"]


async def test_a_visitor_who_was_with_the_flow_goes_on_in_the_same_conversation(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], stay_id: int, ledger: Ledger
) -> None:
    await ann.send("Hello")
    before = await ledger.conversation()
    await claim(ann)
    assert (await ledger.conversation()).status == "relay"

    await confirmed(client, reception)

    after = await ledger.conversation()
    assert (after.id, after.status, after.stay_id) == (before.id, "active", stay_id)


@pytest.mark.parametrize("by_staff", [True, False])
async def test_where_somebody_has_written_meanwhile_reception_keeps_the_conversation(
    ann: Browser,
    client: httpx.AsyncClient,
    reception: dict[str, str],
    stay_id: int,
    ledger: Ledger,
    by_staff: bool,
) -> None:
    await claim(ann)
    if by_staff:
        path = f"/api/message_manager/conversations/{(await ledger.conversation()).id}/send_message/"
        assert (await client.post(path, json={"text": "One moment"}, headers=reception)).status_code == 201
    else:
        await ann.send("Are you there?")

    await confirmed(client, reception)

    conversation = await ledger.conversation()
    assert (conversation.status, conversation.department, conversation.stay_id) == ("relay", "Reception", stay_id)
    assert (conversation.waiting_since is None) is by_staff


async def test_a_visitor_who_is_refused_is_told_and_stays_who_they_are(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], john: int, ledger: Ledger
) -> None:
    await claim(ann)
    (found,) = await waiting(client, reception)

    answer = await decide(client, reception, found["id"], confirm=False)

    assert (answer.status_code, answer.json()["status"], answer.json()["stay_id"]) == (200, "refused", None)
    assert "could not find your stay" in (await ann.texts())[-1]
    conversation = await ledger.conversation()
    assert conversation.guest_id != john
    assert (conversation.status, conversation.department, conversation.stay_id) == ("demo", None, None)
    assert [each.action for each in await ledger.rows(AuditEntry)] == ["stay_claim.refused"]


async def test_what_matches_nobody_needs_a_stay_that_is_named(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], stay_id: int, john: int, ledger: Ledger
) -> None:
    await claim(ann, full_name="Johnny", room_number="1-0-1")
    (found,) = await waiting(client, reception)

    for wrong in (None, stay_id + 1):
        answer = await decide(client, reception, found["id"], stay_id=wrong)
        assert (answer.status_code, answer.json()["code"]) == (409, "no_such_stay")
    answer = await decide(client, reception, found["id"], stay_id=stay_id)

    assert answer.status_code == 200
    assert (await ledger.row(Account)).guest_id == john


@pytest.mark.parametrize("status", [StayStatus.COMPLETED, StayStatus.CANCELLED])
async def test_a_stay_that_is_over_is_nobodys(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], stay_id: int, ledger: Ledger, status: StayStatus
) -> None:
    await ledger.change(Stay, status=status)
    await claim(ann)
    (found,) = await waiting(client, reception)

    answer = await decide(client, reception, found["id"], stay_id=stay_id)

    assert (found["matches"], answer.status_code) == ([], 409)


async def test_of_two_who_decide_at_once_one_does(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], stay_id: int, ledger: Ledger
) -> None:
    await claim(ann)
    (found,) = await waiting(client, reception)

    answers = await asyncio.gather(
        *(decide(client, reception, found["id"], confirm=each) for each in (True, False, True, False))
    )

    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    won = next(each.json() for each in answers if each.status_code == 200)
    for each in answers:
        if each.status_code == 409:
            assert each.json()["code"] == "already_decided"
            assert each.json()["details"]["status"] == won["status"]
            assert each.json()["details"]["decided_by"] == won["decided_by"]
    assert len(await ledger.rows(AuditEntry)) == 1


async def test_what_is_said_again_replaces_what_was_said(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], stay_id: int, ledger: Ledger
) -> None:
    await claim(ann, room_number="110")
    await claim(ann)

    (found,) = await waiting(client, reception)
    assert found["room_number"] == "101"
    assert [each.status for each in await ledger.rows(StayClaim)] == ["replaced", "waiting"]
    assert len(await ledger.rows(Conversation)) == 1
    first = (await ledger.rows(StayClaim))[0].id
    assert (await decide(client, reception, first)).json()["code"] == "already_decided"
    await confirmed(client, reception)
    assert (await ledger.conversation()).status == "active"


async def test_a_visitor_claims_five_times_in_a_quarter_of_an_hour(ann: Browser, bob: Browser, stay_id: int) -> None:
    for room in range(5):
        await claim(ann, room_number=str(room))

    answer = await ann.call("POST", "stay/", json=JOHN)

    refused(answer, 429, "too_many_requests")
    await claim(bob)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("full_name", ""), ("full_name", "  "), ("full_name", "x" * 201), ("room_number", ""), ("room_number", "x" * 17)],
)
async def test_a_bad_field_is_named(ann: Browser, ledger: Ledger, field: str, wrong: str) -> None:
    answer = await ann.call("POST", "stay/", json=JOHN | {field: wrong})

    assert list(refused(answer, 400, "bad_fields")["details"]) == [field]
    assert not await ledger.rows(StayClaim)


async def test_a_claim_by_cookie_needs_the_csrf_token(ann: Browser, ledger: Ledger) -> None:
    refused(await ann.call("POST", "stay/", json=JOHN, headers={"X-CSRFToken": "x"}), 403, "csrf_failed")
    assert not await ledger.rows(StayClaim)


async def test_another_hotels_claims_do_not_exist(
    ann: Browser, client: httpx.AsyncClient, world: World, stay_id: int
) -> None:
    await world.user(await world.hotel("alpine-lodge", "700000000000009"), "otto")
    await claim(ann)
    otto = await signed_in(client, "otto")

    assert await waiting(client, otto) == []
    assert (await decide(client, otto, 1)).status_code == 404


async def test_a_claim_goes_along_with_a_visitor_who_signs_in_and_makes_the_user_the_guest(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], john: int, stay_id: int, ledger: Ledger
) -> None:
    await claim(ann)
    new = account_of(await register(ann))

    decided = await confirmed(client, reception)

    assert (decided["account_id"], decided["guest"]["id"]) == (new, john)
    assert (await ledger.row(User, User.username == "ana")).guest_id == john
    assert (await ann.texts())[-1].startswith("Thank you")
    assert [each.id for each in await ledger.rows(Guest)] == [john]


async def test_a_stay_that_a_visitor_has_proved_is_the_users_who_signs_in(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], john: int, stay_id: int, ledger: Ledger
) -> None:
    await claim(ann)
    await confirmed(client, reception)

    await register(ann)

    assert (await ledger.row(User, User.username == "ana")).guest_id == john
    assert (await ledger.row(Account)).guest_id == john
    conversation = await ledger.conversation()
    assert (conversation.guest_id, conversation.stay_id, conversation.status) == (john, stay_id, "active")


async def test_a_guest_who_has_reception_on_their_phone_goes_on_with_it_in_the_chat(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], john: int, stay_id: int, ledger: Ledger
) -> None:
    """One with a department, whatever the channel: it comes to where the guest writes now."""
    phone = await conversation_of(client, reception, choice="4")
    await claim(ann)
    await ann.send("It is me, from the phone")

    await confirmed(client, reception)

    kept = await ledger.conversation(OPEN, Conversation.department == "Reception")
    chats = await ledger.rows(Account, Account.address == await ann.arrive())
    assert (kept.account_id, kept.guest_id) == (chats[0].id, john)
    closed = next(each for each in await ledger.rows(Conversation) if each.status == "closed")
    assert {kept.id, closed.id} >= {phone}
    assert any(str(closed.id) in each.content for each in await ledger.rows(Message, NOTE))
    assert (await ann.texts())[-1].startswith("Thank you")


async def test_a_guest_who_waits_for_reception_on_their_phone_still_waits_once_they_are_known_in_the_chat(
    ann: Browser, client: httpx.AsyncClient, reception: dict[str, str], john: int, stay_id: int, ledger: Ledger
) -> None:
    """Nobody has written in the chat, but somebody owes them an answer."""
    await conversation_of(client, reception, choice="4")
    since = (await ledger.conversation(Conversation.department == "Reception")).waiting_since
    await ann.send("Hello")
    await claim(ann)

    await confirmed(client, reception)

    kept = await ledger.conversation(OPEN, Conversation.department == "Reception")
    assert (kept.guest_id, kept.status, kept.waiting_since) == (john, "relay", since)
