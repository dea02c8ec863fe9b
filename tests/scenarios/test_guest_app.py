"""A guest writes by the hotel's own app: all staff hear of it at once, one answers, and the answer has arrived."""

from contextlib import AsyncExitStack

import httpx

from app.core.types import Department, UserType
from tests.contracts.guest_app import GuestApp
from tests.sockets import open_socket
from tests.world import World, signed_in, token_of

STAFF = {"rita": UserType.RECEPTIONIST, "hugo": UserType.DEPARTMENT_STAFF, "marta": UserType.MANAGER}
GUEST = "351912345678"


async def test_what_a_guest_posts_is_on_every_screen_and_the_answer_is_sent(
    client: httpx.AsyncClient, server: str, world: World
) -> None:
    hotel = await world.hotel()
    for username, user_type in STAFF.items():
        await world.user(hotel, username, user_type, (Department.HOUSEKEEPING,))
    stay_id = await world.guest(hotel)
    async with AsyncExitStack() as stack:
        sockets = {
            username: await stack.enter_async_context(
                open_socket(server, "/ws/staff/", token=await token_of(client, username), reports=True)
            )
            for username in STAFF
        }
        rita = sockets["rita"]
        await rita.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        assert await rita.pending() == []

        posted = await GuestApp(client).say("I need help with my room", GUEST)

        begun = await rita.receive()
        heard = await rita.receive()
        assert (begun["type"], begun["stay_id"], begun["department_name"]) == ("new_conversation", stay_id, "Reception")
        assert (heard["type"], heard["message_id"], heard["content"], heard["sender_type"]) == (
            "new_message",
            posted["message_id"],
            "I need help with my room",
            "guest",
        )
        for username in ("hugo", "marta"):
            told = await sockets[username].pending()
            assert [(each["type"], each["conversation_id"]) for each in told] == [
                ("new_conversation", posted["conversation_id"])
            ], username

        answer = await client.post(
            f"/api/conversations/{posted['conversation_id']}/messages/",
            json={"text": "I am on my way."},
            headers=await signed_in(client, "rita"),
        )
        assert answer.status_code == 201, answer.text
        assert (await rita.receive())["content"] == "I am on my way."
        status = await rita.receive()
        assert (status["type"], status["message_id"], status["delivery_status"]) == (
            "message_status",
            answer.json()["id"],
            "sent",
        )
        again = await GuestApp(client).say("Thank you!", GUEST)
        assert again["conversation_id"] == posted["conversation_id"]
        assert (await rita.receive())["content"] == "Thank you!"
        for username in ("hugo", "marta"):
            assert await sockets[username].pending() == [], "the conversation is told of once"
