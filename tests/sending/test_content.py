"""What staff send by the API arrives on the guest's phone as they meant it."""

import asyncio
from uuid import uuid4

from app.core.types import DeliveryStatus
from app.models import Account, Delivery, Message
from tests.eventually import eventually
from tests.ledger import Ledger
from tests.sending.conftest import GUEST, Desk
from tests.sockets import open_socket

FAMILY = "👨‍👩‍👧"
PLACE = {"latitude": 38.6916, "longitude": -9.216, "name": "Torre de Belém", "address": "Av. Brasília, Lisboa"}


async def test_a_text_arrives(desk: Desk) -> None:
    sent = await desk.send(text="  Good evening!\n")

    [body] = await desk.arrived(1)
    assert body["text"] == {"preview_url": False, "body": "Good evening!"}
    assert (sent["content"], sent["sender_type"], sent["message_type"]) == ("Good evening!", "staff", "text")
    assert "parts" not in sent
    assert sent["id"] == (await desk.messages())[-1]["id"]


async def test_a_place_arrives_and_reads_as_its_name(desk: Desk) -> None:
    sent = await desk.send(location=PLACE)

    [body] = await desk.arrived(1)
    assert (body["type"], body["location"]) == ("location", PLACE)
    assert sent["message_type"] == "location"
    assert sent["content"] == "Torre de Belém, Av. Brasília, Lisboa"
    assert sent["details"] == {"location": PLACE}


async def test_a_bare_place_reads_as_a_guests_does(desk: Desk) -> None:
    place = {"latitude": 51.5007, "longitude": -0.1246}
    sent = await desk.send(location=place)

    [body] = await desk.arrived(1)
    assert body["location"] == place
    listed = await desk.client.get("/api/message_manager/conversations/", headers=desk.headers)
    assert listed.json()["results"][0]["last_message"]["content"] == sent["content"] == "51.5007, -0.1246"
    await desk.graph.guest_writes(GUEST, message={"type": "location", "location": place})
    assert (await desk.messages())[-1]["content"] == sent["content"]


async def test_an_answer_quotes_what_it_answers(desk: Desk) -> None:
    sent = await desk.send(text="Of course.", reply_to_message_id=desk.guests_message_id)
    also = await desk.send(text="As I said.", reply_to_message_id=sent["id"])

    first, second = await desk.arrived(2)
    [accepted] = [each for each in await desk.graph.accepted(GUEST) if each["body"] == first]
    assert first["context"] == {"message_id": desk.guests_external_id}
    assert second["context"] == {"message_id": accepted["id"]}
    assert (sent["reply_to_message_id"], also["reply_to_message_id"]) == (desk.guests_message_id, sent["id"])


async def test_a_long_text_arrives_in_parts_in_their_order(desk: Desk, ledger: Ledger) -> None:
    paragraphs = [f"{number}. " + "word " * 700 + FAMILY for number in range(6)]
    mine = str(uuid4())

    sent = await desk.send(
        text="\n\n".join(paragraphs), client_message_id=mine, reply_to_message_id=desk.guests_message_id
    )

    bodies = await desk.arrived(6)
    assert [body["text"]["body"] for body in bodies] == paragraphs
    assert ["context" in body for body in bodies] == [True, False, False, False, False, False]
    stored = await ledger.rows(Message, Message.sender_type == "staff")
    assert sent["parts"] == [each.id for each in stored]
    assert (sent["id"], sent["content"]) == (stored[0].id, paragraphs[0])
    assert [each.client_message_id is not None for each in stored] == [True] + [False] * 5
    assert {each.extra.get("part_of") for each in stored[1:]} == {stored[0].id}
    assert len(await ledger.rows(Delivery, Delivery.message_id.in_(sent["parts"]))) == 6
    assert (await ledger.conversation()).last_message_id == stored[-1].id


async def test_no_part_ends_inside_an_emoji(desk: Desk) -> None:
    text = "x" * 4094 + FAMILY + "y"

    sent = await desk.send(text=text)

    bodies = [body["text"]["body"] for body in await desk.arrived(2)]
    assert bodies == ["x" * 4094, FAMILY + "y"]
    assert len(sent["parts"]) == 2


async def test_a_long_text_that_comes_twice_is_answered_alike(desk: Desk, ledger: Ledger) -> None:
    draft = {"text": "word " * 2000, "client_message_id": str(uuid4())}

    answers = await asyncio.gather(*(desk.send(**draft) for _ in range(5)))

    assert {(each["id"], *each["parts"]) for each in answers} == {(answers[0]["id"], *answers[0]["parts"])}
    assert len(await ledger.rows(Message, Message.sender_type == "staff")) == 3


async def test_the_documents_way_sends_all_of_it_too(desk: Desk) -> None:
    url = f"/api/message_manager/conversations/{desk.conversation_id}/send_message/"

    answer = await desk.client.post(url, json={"location": PLACE}, headers=desk.headers)

    assert answer.status_code == 201
    [body] = await desk.arrived(1)
    assert body["location"] == PLACE


async def test_the_socket_sends_all_of_it_too(desk: Desk, server: str) -> None:
    token = desk.headers["Authorization"].removeprefix("Bearer ")
    about = {"command": "send_message", "conversation_id": desk.conversation_id}
    async with open_socket(server, "/ws/staff/", token=token) as rita:
        await rita.send({**about, "location": PLACE, "client_message_id": str(uuid4())})
        acknowledged = await rita.receive_until("acknowledgment")
        await rita.send({**about, "text": "x" * 5000, "reply_to_message_id": desk.guests_message_id})
        place, first, _ = await desk.arrived(3)

        await rita.send(about)
        await rita.send({**about, "text": "\u200b"})
        await rita.send({**about, "location": {"latitude": 91, "longitude": 0}})
        codes = [(await rita.receive_until("error"))["code"] for _ in range(3)]

    assert acknowledged["conversation_id"] == desk.conversation_id
    assert place["location"] == PLACE
    assert first["context"] == {"message_id": desk.guests_external_id}
    assert codes == ["bad_fields", "empty_text", "bad_coordinates"]


async def test_a_group_is_answered_as_a_group(desk: Desk, ledger: Ledger) -> None:
    group = "Y2FwaV9ncm91cDox"
    await ledger.change(Account, is_group=True, address=group)

    await desk.send(location=PLACE)

    [body] = await desk.graph.wait_for_sent(group, 1)
    assert (body["recipient_type"], body["to"]) == ("group", group)


async def test_a_guest_without_a_number_is_answered_by_user_id(desk: Desk, ledger: Ledger) -> None:
    await ledger.change(Account, address="PT.7Hq2")

    await desk.send(text="Good evening!", reply_to_message_id=desk.guests_message_id)

    [body] = await desk.graph.wait_for_sent("PT.7Hq2", 1)
    assert body["recipient"] == "PT.7Hq2"
    assert "to" not in body


async def test_without_its_first_part_the_rest_of_a_long_text_is_not_sent_and_a_retry_sends_all(
    desk: Desk, ledger: Ledger
) -> None:
    await desk.graph.fail(code=131026)
    parts = (await desk.send(text="word " * 2400))["parts"]

    async def all_failed() -> bool:
        stored = await ledger.rows(Message, Message.id.in_(parts))
        return [each.delivery_status for each in stored] == [DeliveryStatus.FAILED] * 3

    await eventually(all_failed)
    assert await desk.arrived(0) == []
    await desk.graph.mend()

    answer = await desk.client.post(f"/api/messages/{parts[0]}/retry/", headers=desk.headers)

    assert answer.status_code == 200, answer.text
    bodies = await desk.arrived(3)
    assert "".join(body["text"]["body"] for body in bodies).replace(" ", "") == "word" * 2400
