"""Who is here and who looks at what, as the chat tells it."""

from tests.ws import chat_printed as printed
from tests.ws.chat import Chat, command, kinds, subscribed
from tests.ws.chat_printed import assert_printed, saying


async def test_who_looks_at_a_conversation_is_told_to_its_subscribers(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma, chat.open("carla") as carla:
        for socket in (wanda, wilma):
            await subscribed(socket, conversation)
        answer = await command(wanda, "viewing", conversation_id=conversation, is_viewing=True)

        assert_printed(answer, printed.acknowledged("viewing"))
        assert [each["user_name"] for each in answer["viewers"]] == ["Wanda Staff"]
        event = await wilma.receive_until("viewing")
        assert event["data"] == {
            "conversation_id": conversation,
            "user_id": chat.hotel.staff["wanda"],
            "user_name": "Wanda Staff",
            "is_viewing": True,
        }
        await command(wanda, "unsubscribe_conversation", conversation_id=conversation)
        assert (await wilma.receive_until("viewing"))["data"]["is_viewing"] is False
        assert "viewing" not in kinds(await wanda.pending())
        assert "viewing" not in kinds(await carla.pending())


async def test_who_may_see_a_conversation_no_longer_may_still_look_away(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda, chat.open("rita") as rita:
        await subscribed(rita, conversation)
        await command(wanda, "viewing", conversation_id=conversation, is_viewing=True)
        assert (await rita.receive_until("viewing"))["data"]["is_viewing"] is True
        await command(rita, "transfer", conversation_id=conversation, department="cafe")
        await wanda.pending()

        answer = await command(wanda, "viewing", conversation_id=conversation, is_viewing=False)

        assert (answer["status"], answer["is_viewing"]) == ("viewing", False)
        assert (await rita.receive_until("viewing"))["data"]["is_viewing"] is False


async def test_a_closed_socket_looks_at_nothing(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wilma") as wilma:
        await subscribed(wilma, conversation)
        async with chat.open("wanda") as wanda:
            await command(wanda, "viewing", conversation_id=conversation, is_viewing=True)
            assert (await wilma.receive_until("viewing"))["data"]["is_viewing"] is True

        assert (await wilma.receive_until("viewing"))["data"]["is_viewing"] is False


async def test_presence_names_who_is_here(chat: Chat) -> None:
    async with chat.open("wanda"), chat.open("wanda"), chat.open("rita") as rita:
        answer = await command(rita, "presence")

    assert answer == {
        "type": "presence",
        "data": {
            "users": [
                {"user_id": chat.hotel.staff["rita"], "user_name": "Rita Staff", "departments": []},
                {"user_id": chat.hotel.staff["wanda"], "user_name": "Wanda Staff", "departments": ["room_service"]},
            ]
        },
    }


async def test_a_colleague_who_comes_and_goes_is_told_to_the_department_once_however_many_tabs(chat: Chat) -> None:
    async with (
        chat.open("wilma", comings=True) as wilma,
        chat.open("carla", comings=True) as carla,
        chat.open("rita", comings=True) as rita,
    ):
        for socket in (wilma, carla, rita):
            await socket.pending()
        async with chat.open("wanda") as wanda, chat.open("wanda") as tab:
            event = await wilma.receive()
            wanted = saying(printed.USER_STATUS, user_name="Wanda Staff", department="room_service")
            assert_printed(event, wanted)
            assert event["data"]["user_id"] == chat.hotel.staff["wanda"]
            for socket in (wanda, tab, wilma):
                assert "user_status user_connected" not in kinds(await socket.pending())
        gone = await wilma.receive()

        assert kinds([gone]) == ["user_status user_disconnected"]
        assert kinds(await rita.pending()) == ["user_status user_connected", "user_status user_disconnected"]
        assert await carla.pending() == []
