"""Clients on a page: document 3's samples as printed, on a socket, with what they are to hear handed to them; and
document 4's."""

from typing import Any, Final

from tests.browser.page import SamplePage

_HAND_OVER: Final = """void (websocket.onmessage = (event) => {
  const data = JSON.parse(event.data);
  if (data.type === 'acknowledgment') %s(data);
});"""


async def start_quick_start(page: SamplePage) -> None:
    """Its ``sendMessage`` and ``handleAcknowledgment`` are functions of the page."""
    await page.evaluate("connect()")
    await page.run("quick_start.js")
    await page.evaluate(_HAND_OVER % "handleAcknowledgment")


async def start_hook(page: SamplePage) -> None:
    """What the hook answers is ``hook.result``. It opens its socket itself."""
    await page.run("react_hook.js")
    await page.evaluate("void (window.hook = mountHook(useWebSocketAcknowledgments))")
    await page.eventually("websocket.readyState === WebSocket.OPEN")


async def start_mixin(page: SamplePage) -> None:
    """The component with the mixin is ``vm``."""
    await page.evaluate("connect()")
    address = await page.module("vue_mixin.js")
    script = f"import('{address}').then((sample) => void (window.vm = mountMixin(sample.default, websocket)))"
    await page.evaluate(script)
    await page.evaluate(_HAND_OVER % "vm.handleAcknowledgment")


async def start_error_handling(page: SamplePage) -> None:
    """The sample hands over what it hears by itself; it sends nothing."""
    await page.evaluate("connect()")
    await page.run("error_handling.js")


async def start_chat_manager(page: SamplePage, conversation_id: int) -> None:
    """Document 4's class, as ``manager``: in a conversation, and with the list, for which it never asks by itself."""
    await page.run("chat_manager.js")
    await page.evaluate("void (window.manager = openChatManager())")
    await page.page.evaluate("(id) => manager.connectToChat(id)", str(conversation_id))
    await page.evaluate("manager.connectToConversationList()")
    await page.evaluate("void (window.conversationSocket = manager.conversationSocket)")
    await page.run("get_conversations.js")


async def sent_by_quick_start(page: SamplePage, conversation_id: int, content: str) -> list[list[Any]]:
    """What the page shows of the state of the message, in order."""
    await page.page.evaluate("(given) => sendMessage(...given)", [conversation_id, content])
    return (await page.called("showMessageStatus", 2))[-2:]


async def sent_by_hook(page: SamplePage, conversation_id: int, content: str) -> tuple[str, list[Any]]:
    """Its temporary id, and what the page was told of the message."""
    temporary = await page.page.evaluate("(given) => hook.result.sendMessage(...given)", [conversation_id, content])
    [told] = await page.called("updateMessageStatus")
    return temporary, told


async def sent_by_mixin(page: SamplePage, conversation_id: int, content: str) -> tuple[str, int, dict[str, Any]]:
    """Its temporary id, its id, and what the component notes under that."""
    temporary = await page.page.evaluate("(given) => vm.sendMessage(...given)", [conversation_id, content])
    [[message_id, noted]] = (
        await page.eventually("Object.keys(vm.acknowledgments).length && vm.acknowledgments")
    ).items()
    return temporary, int(message_id), noted
