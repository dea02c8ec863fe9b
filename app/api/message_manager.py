"""Contract 1 by REST: ``/api/message_manager/conversations/…``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, status
from pydantic import BeforeValidator

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep, Staff
from app.api.fields import Before, Id, Limit, PageNumber, PageSize, page_link
from app.api.refusals import SENDING, refused
from app.contracts import message_manager as contract
from app.core.types import ConversationStatus
from app.services.conversations import MESSAGES_AT_ONCE

router = APIRouter(
    prefix="/api/message_manager/conversations", tags=["Message manager (contract 1)"], route_class=StrictRoute
)


def _split(given: object) -> object:
    return [part for each in given for part in str(each).split(",")] if isinstance(given, list) else given


Statuses = Annotated[
    list[ConversationStatus],
    BeforeValidator(_split),
    Query(alias="status", description="One or several statuses, by comma; `relay` where none is named."),
]


@router.get("/", responses=refused("no_such_page"))
async def list_conversations(
    request: Request,
    staff: Staff,
    services: ServicesDep,
    statuses: Statuses = [ConversationStatus.RELAY],  # noqa: B006 -- never changed
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> contract.ConversationPage:
    """The conversations that the caller may see in `relay`, the last active first."""
    found = await services.conversations.list_page(staff, statuses, page=page, page_size=page_size)
    last = -(-found.count // page_size)
    return contract.page(
        found,
        following=page_link(request, page + 1) if page < last else None,
        preceding=page_link(request, page - 1) if page > 1 else None,
    )


@router.get("/active_conversations/")
async def list_active_conversations(staff: Staff, services: ServicesDep) -> list[contract.ConversationListItem]:
    """The conversations that the flow is having with guests who stay, 1,000 at most, the last active first."""
    found = await services.conversations.list_page(
        staff, [ConversationStatus.ACTIVE], page=1, page_size=MESSAGES_AT_ONCE
    )
    return [contract.list_item(each) for each in found.items]


@router.get("/{conversation_id}/", responses=refused("forbidden", "not_found"))
async def get_conversation(conversation_id: Id, staff: Staff, services: ServicesDep) -> contract.ConversationDetail:
    """One conversation: its guest and stay, who has it, and until when free text may be sent."""
    return contract.detail(await services.conversations.get(staff, conversation_id))


@router.get("/{conversation_id}/messages/", responses=refused("forbidden", "not_found"))
async def list_messages(
    conversation_id: Id,
    staff: Staff,
    services: ServicesDep,
    before: Before = None,
    limit: Limit = MESSAGES_AT_ONCE,
) -> list[contract.MessageOut]:
    """The newest messages, the oldest of them first; `before` a message's id for older ones."""
    found = await services.conversations.messages(staff, conversation_id, before=before, limit=limit)
    return [contract.message(each, services.links) for each in found]


@router.post("/{conversation_id}/send_message/", status_code=status.HTTP_201_CREATED, responses=refused(*SENDING))
async def send_message(
    conversation_id: Id, body: contract.SendMessageIn, staff: Staff, services: ServicesDep
) -> contract.SentMessageOut:
    """Answer the guest. Takes over from the flow; a closed conversation is open again."""
    sent = await services.sending.send(staff, conversation_id, body.draft())
    return contract.sent_message(sent.message, sent.parts, services.links)


@router.post("/{conversation_id}/end_relay/", responses=refused("forbidden", "not_found", "not_in_relay"))
async def end_relay(conversation_id: Id, staff: Staff, services: ServicesDep) -> contract.RelayEnded:
    """Give the guest back to the flow, which starts anew."""
    await services.handling.end_relay(staff, conversation_id)
    return contract.RelayEnded()
