"""Contract 2 by REST: ``/api/chat/…``, and the two paths that contract 3 writes without ``/api``."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, status
from pydantic import BeforeValidator
from starlette.datastructures import FormData

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep, Staff
from app.api.fields import Before, Id, PageNumber, PageSize, page_link, read_id
from app.api.refusals import refused
from app.api.uploads import UPLOADING, form_described, keep_file, read_form
from app.contracts import lobby_chat as contract
from app.core.desk_views import LONGEST_SEARCH, DeskFilter, DeskStatus
from app.core.errors import Invalid
from app.core.text import holds_nul

LONGEST_CAPTION: Final = 1024

router = APIRouter(prefix="/api/chat", tags=["Chat (contract 2)"], route_class=StrictRoute)
bare = APIRouter(prefix="/chat", tags=["Chat (contract 3)"], route_class=StrictRoute)


def _split(given: object) -> object:
    """Names by comma, or one by one; an empty one names nothing."""
    return [part for each in given for part in str(each).split(",") if part] if isinstance(given, list) else given


def _or_none(given: object) -> object:
    return given or None


Statuses = Annotated[
    list[DeskStatus],
    BeforeValidator(_split),
    Query(alias="status", description="One or several statuses, by comma; all where none is named."),
]
OfDepartment = Annotated[
    contract.DepartmentName | None,
    BeforeValidator(_or_none),
    Query(description="A department in any form of its name: `Room Service`, `room_service`."),
]
Search = Annotated[
    str,
    Query(
        max_length=LONGEST_SEARCH,
        description="Stands in the guest's name, room, e-mail or number, or in the last message. Case, accents and how "
        "a number is written do not matter; `%` and `_` mean themselves.",
    ),
]


@router.get(
    "/conversations/",
    response_description="One page of them, and how many there are",
    responses=refused("forbidden", "no_such_page"),
)
async def list_conversations(
    request: Request,
    staff: Staff,
    services: ServicesDep,
    statuses: Statuses = [],  # noqa: B006 -- never changed
    department: OfDepartment = None,
    search: Search = "",
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> contract.ConversationPageOut:
    """The conversations that the caller may see, those of other departments not among them; the last active first."""
    wanted = DeskFilter(statuses=statuses, department=department, search=search)
    found = await services.desk.search(staff, wanted, page=page, page_size=page_size)
    last = -(-found.count // page_size)
    return contract.page(
        found,
        following=page_link(request, page + 1) if page < last else None,
        preceding=page_link(request, page - 1) if page > 1 else None,
    )


@router.get(
    "/conversations/{conversation_id}/",
    response_description="The conversation, who takes part in it, and its messages",
    responses=refused("forbidden", "not_found"),
)
async def get_conversation(
    conversation_id: Id, staff: Staff, services: ServicesDep, before: Before = None
) -> contract.ThreadOut:
    """One conversation with who takes part in it and its last 50 messages, the oldest of them first; `before` a
    message's id for older ones."""
    return contract.thread(await services.desk.thread(staff, conversation_id, before=before), services.links)


_CREATING: Final[dict[str, Any]] = {
    "status_code": status.HTTP_201_CREATED,
    "response_description": "The new conversation",
    "responses": refused(
        "bad_fields", "bad_body", "bad_phone", "forbidden", "no_such_guest", "conversation_open", "no_channel"
    ),
}


@bare.post("/conversations/create/", **_CREATING)
@router.post("/conversations/create/", **_CREATING)
async def create_conversation(body: contract.CreateIn, staff: Staff, services: ServicesDep) -> contract.CreatedOut:
    """Begin a conversation of a guest of the hotel with a department. Where they have an open one with it already, 409
    names that in `details`."""
    begun = await services.handling.create(staff, body.guest_whatsapp_number, body.department_type)
    return contract.created(begun)


_CLOSING: Final[dict[str, Any]] = {
    "response_description": "The conversation is closed",
    "responses": refused("bad_fields", "bad_body", "forbidden", "not_found", "already_closed"),
}


@bare.post("/conversations/close/", **_CLOSING)
@router.post("/conversations/close/", **_CLOSING)
async def close_conversation(body: contract.CloseIn, staff: Staff, services: ServicesDep) -> contract.ClosedOut:
    """Close a conversation. What the guest writes next opens one anew."""
    return contract.closed(await services.handling.close(staff, body.conversation_id))


@router.post(
    "/conversations/priority/",
    summary="Set a conversation's priority",
    response_description="How urgent it is now",
    responses=refused(
        "bad_fields", "bad_body", "forbidden", "not_found", "conversation_closed", "prioritised_meanwhile"
    ),
)
async def prioritise(body: contract.PriorityIn, staff: Staff, services: ServicesDep) -> contract.PrioritisedOut:
    """Say how urgent a conversation is; the department is told. To say what it is already is no error."""
    return contract.prioritised(await services.handling.prioritise(staff, body.conversation_id, body.priority))


@router.post(
    "/messages/mark-read/",
    summary="Mark messages as read",
    response_description="How many nobody had read before",
    responses=refused("bad_fields", "bad_body", "no_such_message", "forbidden", "not_found"),
)
async def mark_read(body: contract.MarkReadIn, staff: Staff, services: ServicesDep) -> contract.MarkedReadOut:
    """The caller has read these messages, or all of the conversation; the guest sees that they were read."""
    marked = await services.receipts.read(staff, body.conversation_id, body.message_ids)
    return contract.MarkedReadOut(conversation_id=body.conversation_id, messages_marked_read=marked)


@router.post(
    "/messages/typing/",
    summary="Tell the guest and colleagues that one is typing",
    response_description="It was told",
    responses=refused("bad_fields", "bad_body", "forbidden", "not_found"),
)
async def typing(body: contract.ChatTypingIn, staff: Staff, services: ServicesDep) -> contract.TypingToldOut:
    """The caller is writing an answer, or has stopped: the guest and the other staff are shown it."""
    await services.receipts.typing(staff, body.conversation_id, body.is_typing)
    return contract.TypingToldOut(conversation_id=body.conversation_id, is_typing=body.is_typing)


@router.post(
    "/upload-media/",
    summary="Upload a file for a conversation",
    status_code=status.HTTP_201_CREATED,
    response_description="Where the file is, to be sent next",
    openapi_extra=form_described(
        conversation_id={"type": "integer", "format": "int64"},
        caption={"type": "string", "maxLength": LONGEST_CAPTION, "default": ""},
    ),
    responses=refused(*UPLOADING, "forbidden", "not_found"),
)
async def upload_media(request: Request, staff: Staff, services: ServicesDep) -> contract.ChatUploadOut:
    """A file for a conversation, kept for the caller, who then sends it: by the socket's `media` with this `file_url`,
    or by REST as `media_id`. Pictures lose their metadata, and are scaled down to 5 MB."""
    async with read_form(request) as form:
        conversation_id, caption = _about(form)
        await services.conversations.get(staff, conversation_id)
        upload = await keep_file(form, staff, services.media)
    return contract.uploaded(upload, conversation_id=conversation_id, caption=caption, links=services.links)


def _about(form: FormData) -> tuple[int, str]:
    """The conversation and the caption that a form names. Raises Invalid."""
    details = {}
    caption = form.get("caption", "")
    if not isinstance(caption, str) or len(caption) > LONGEST_CAPTION or holds_nul(caption):
        details["caption"] = [f"A text of at most {LONGEST_CAPTION:,} characters, without the character NUL."]
    try:
        conversation_id = read_id(form.get("conversation_id"))
    except ValueError as error:
        details["conversation_id"] = [str(error)]
    if details:
        raise Invalid("Some fields are not right.", code="bad_fields", details=details)
    return conversation_id, str(caption)
