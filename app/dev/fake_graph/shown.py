"""What a phone shows of a message: its words, and its content in one form for both directions."""

from typing import Any, Final

from app.dev.fake_graph.requests import MessageRequest

FILES: Final = ("image", "video", "audio", "document", "sticker")


def of_hotel(request: MessageRequest, template: dict[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """The text and the content of a hotel's message. ``template`` is what a template was filled into."""
    content: dict[str, Any] = {"type": request.type}
    if request.context:
        content["quotes"] = request.context.message_id
    if template is not None:
        return template["body"], content | {"template": template}
    if request.type == "text" and request.text:
        return request.text.body, content
    if request.type == "interactive" and request.interactive:
        menu = request.interactive.model_dump(exclude_none=True)
        return request.interactive.body.text, content | {"menu": menu}
    part = getattr(request, request.type)
    inner = part if isinstance(part, list) else part.model_dump(exclude_none=True)
    return _words(request.type, inner), content | {request.type: inner}


def of_guest(message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The same of a guest's message in Meta's words, whatever stands in it."""
    kind = str(message.get("type"))
    inner = message.get(kind)
    content: dict[str, Any] = {"type": kind}
    context = message.get("context")
    if isinstance(context, dict) and context.get("id"):
        content["quotes"] = context["id"]
    if kind == "text":
        return str(inner.get("body") or "") if isinstance(inner, dict) else "", content
    return _words(kind, inner), content | {kind: inner}


def _words(kind: str, inner: object) -> str:
    """What of it is text; of what has none, its kind in brackets."""
    if not isinstance(inner, dict):
        return f"[{kind}]"
    reply = inner.get("button_reply") or inner.get("list_reply")
    if isinstance(reply, dict):
        return str(reply.get("title") or "")
    if kind == "reaction":
        return str(inner.get("emoji") or "")
    if kind == "edit":
        edited = inner.get("message")
        return of_guest(edited)[0] if isinstance(edited, dict) else ""
    return str(inner.get("caption") or inner.get("text") or inner.get("body") or f"[{kind}]")
