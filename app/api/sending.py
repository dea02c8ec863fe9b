"""Sending to guests by REST, and what they see of our reading and typing."""

from fastapi import APIRouter, status

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep, Staff
from app.api.fields import Id
from app.api.refusals import SENDING, refused
from app.contracts import message_manager as messages
from app.contracts.sending import ReactionIn, SendIn, TypingIn

router = APIRouter(prefix="/api", tags=["Sending"], route_class=StrictRoute)


@router.post(
    "/conversations/{conversation_id}/messages/", status_code=status.HTTP_201_CREATED, responses=refused(*SENDING)
)
async def send(conversation_id: Id, body: SendIn, staff: Staff, services: ServicesDep) -> messages.SentMessageOut:
    """Send a text, an uploaded file or a place. Takes over from the flow; a closed conversation is open again."""
    sent = await services.sending.send(staff, conversation_id, body.draft())
    return messages.sent_message(sent.message, sent.parts, services.links)


@router.post(
    "/messages/{message_id}/reaction/",
    status_code=status.HTTP_201_CREATED,
    responses=refused("bad_fields", "bad_emoji", "not_found", "forbidden", "window_closed", "no_reaction"),
)
async def react(message_id: Id, body: ReactionIn, staff: Staff, services: ServicesDep) -> messages.MessageOut:
    """React to a guest's message with one emoji, or take that back with none."""
    return messages.message(await services.sending.react(staff, message_id, body.emoji), services.links)


@router.post(
    "/conversations/{conversation_id}/read/",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refused("not_found", "forbidden"),
)
async def read(conversation_id: Id, staff: Staff, services: ServicesDep) -> None:
    """The caller has read all that stands there; the guest sees that it was read."""
    await services.receipts.read(staff, conversation_id)


@router.post(
    "/conversations/{conversation_id}/typing/",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refused("bad_fields", "not_found", "forbidden"),
)
async def typing(conversation_id: Id, body: TypingIn, staff: Staff, services: ServicesDep) -> None:
    """The caller is typing an answer: the guest sees so for 25 seconds, and that their message was read."""
    await services.receipts.typing(staff, conversation_id, body.is_typing)
