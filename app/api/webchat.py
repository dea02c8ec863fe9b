"""Contract 5, "WebChat", by REST: ``/unicom/webchat/…``. Who calls is settled in ``visitors.py``."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BeforeValidator
from starlette.datastructures import UploadFile

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep
from app.api.fields import read_id
from app.api.forms import FORM, JSON, MULTIPART
from app.api.refusals import refused
from app.api.uploads import on_disk, read_with_file
from app.api.visitors import Visitor, Who
from app.contracts import webchat as contract
from app.contracts.lobby_chat import DepartmentName
from app.core.desk_views import DeskStatus
from app.core.errors import Invalid
from app.core.principal import VisitorPrincipal
from app.core.webchat_views import ChatFilter
from app.services.container import Services

MEDIA: Final = "media"
FILTERS: Final = frozenset({"status", "is_archived", "archived", "department", "name", "channel_id", "limit", "offset"})

router = APIRouter(prefix="/unicom/webchat", tags=["Web chat (contract 5)"], route_class=StrictRoute)

Cursor = Annotated[int, BeforeValidator(read_id)] | None
PageLimit = Annotated[int, Query(ge=1, le=100, description="At most so many.")]


def _or_none(given: object) -> object:
    return given or None


def _body() -> dict[str, Any]:
    """The body of a send, in each way that it may come."""
    schema = contract.WebSendIn.model_json_schema()
    del schema["properties"][MEDIA]
    file = {"type": "string", "format": "binary", "description": "A picture, sound, a film or a PDF, of 16 MB at most."}
    form = schema | {"properties": schema["properties"] | {MEDIA: file}}
    content = {JSON: schema, FORM: schema, MULTIPART: form}
    return {"requestBody": {"required": True, "content": {kind: {"schema": each} for kind, each in content.items()}}}


@router.post(
    "/send/",
    summary="Write",
    status_code=status.HTTP_201_CREATED,
    response_description="The message as it stands in its chat",
    openapi_extra=_body(),
    responses=refused(
        "bad_fields",
        "bad_body",
        "empty_text",
        "text_too_long",
        "bad_chat_id",
        "no_such_message",
        "unauthenticated",
        "csrf_failed",
        "no_such_channel",
        "no_such_chat",
        "client_message_id_used",
        "too_big",
        "unsupported_media_type",
        "too_many_requests",
    ),
)
async def send(request: Request, who: Who, services: ServicesDep) -> contract.SentOut:
    """Write into one's own chat, which begins with its first message; the hotel's flow, or its staff, answer there.

    As JSON or as a form; a file comes as `media` of a multipart form. Whoever writes more than 30 messages a minute, or
    leaves more than 100 MB of files an hour, is told to wait; so is a network, and a hotel's web chat, where it is very
    much in all.
    """
    async with read_with_file(request, contract.WebSendIn, MEDIA) as (body, file):
        services.webchat_receiving.check(body.draft(None), has_file=file is not None)
        await services.webchat_pace.count_message(who, _address(request))
        visitor = await services.visitors.on(who, body.channel_id)
        media_id = None if file is None else await _keep(request, services, visitor, file)
        stored = await services.webchat_receiving.receive(visitor, body.draft(media_id))
    return contract.SentOut(message=contract.message(stored, services.links))


@router.get(
    "/messages/",
    summary="Read a chat",
    response_description="Some of its messages",
    responses=refused("bad_fields", "bad_chat_id", "unauthenticated", "no_such_channel", "no_such_chat"),
)
async def list_messages(
    visitor: Visitor,
    services: ServicesDep,
    chat_id: Annotated[
        str | None, BeforeValidator(_or_none), Query(description="One's own chat; the default one if none is named.")
    ] = None,
    limit: PageLimit = 50,
    before: Annotated[Cursor, Query(description="Only messages older than the one with this id.")] = None,
    after: Annotated[Cursor, Query(description="Only messages newer than the one with this id.")] = None,
    order: Annotated[
        Literal["desc", "asc"], Query(description="`asc`: the same messages, the oldest of them first.")
    ] = "desc",
) -> contract.MessagesOut:
    """The newest messages of one's own chat, of those between `after` and `before` where these are given; the newest
    first. Whoever reads what the hotel wrote has read it, and staff see that.

    Where `has_more` says that there are older ones, `next_cursor` as `before`, beside the same `after`, has them.
    """
    page = await services.webchat_reading.page(visitor, chat_id, limit=limit, before=before, after=after)
    return contract.messages(page, services.links, oldest_first=order == "asc")


@router.get(
    "/chats/",
    summary="List one's chats",
    response_description="Those in which there is something to read, the last active first",
    responses=refused("bad_fields", "unauthenticated", "no_such_channel"),
)
async def list_chats(
    request: Request,
    who: Who,
    services: ServicesDep,
    channel_id: Annotated[Cursor, Query(description="Only chats on this WebChat channel; on all if none.")] = None,
    of_status: Annotated[DeskStatus | None, Query(alias="status")] = None,
    is_archived: bool | None = None,
    archived: Annotated[bool | None, Query(description="The same as `is_archived`.")] = None,
    department: Annotated[DepartmentName | None, Query(description="A department in any form of its name.")] = None,
    name: Annotated[str | None, Query(max_length=200, description="A chat's `name`, as it is shown.")] = None,
    limit: PageLimit = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="So many are left out.")] = 0,
) -> contract.ChatsOut:
    """One's own chats. All filters that are given count together; one that is none is refused."""
    _check_filters(request, is_archived, archived)
    wanted = ChatFilter(
        status=of_status,
        is_archived=archived if is_archived is None else is_archived,
        department=department,
        name=name,
    )
    found = await services.webchat_chats.list(who, wanted, channel_id=channel_id, limit=limit + 1, offset=offset)
    return contract.ChatsOut(chats=[contract.chat(each) for each in found[:limit]], has_more=len(found) > limit)


_OF_ONE: Final = ("bad_fields", "bad_chat_id", "unauthenticated", "csrf_failed", "no_such_channel", "no_such_chat")


@router.patch(
    "/chat/{chat_id}/",
    summary="Name a chat, or put it away",
    response_description="The chat as it is now",
    responses=refused(*_OF_ONE, "bad_body"),
)
async def change_chat(
    chat_id: str, body: contract.ChatChangeIn, visitor: Visitor, services: ServicesDep
) -> contract.ChatChangedOut:
    """Change a chat of one's own that has begun; only what the body names."""
    return contract.ChatChangedOut(
        chat=contract.chat(await services.webchat_chats.change(visitor, chat_id, **body.values()))
    )


@router.delete(
    "/chat/{chat_id}/delete/",
    summary="Clear a chat",
    response_description="Nothing of it is shown any more",
    responses=refused(*_OF_ONE),
)
async def delete_chat(chat_id: str, visitor: Visitor, services: ServicesDep) -> contract.ChatDeletedOut:
    """What stands in this chat of one's own is shown to the visitor no more, and it is in no list; what is written
    there later shows again. The hotel keeps all of it."""
    return contract.ChatDeletedOut(chat_id=await services.webchat_chats.clear(visitor, chat_id))


@router.post(
    "/session/",
    summary="Begin a visitor's session",
    status_code=status.HTTP_201_CREATED,
    response_description="The visitor's guest token, told this once",
    responses=refused("bad_fields", "bad_body", "no_such_channel"),
)
async def begin_session(
    response: Response, services: ServicesDep, body: contract.SessionIn | None = None
) -> contract.SessionOut:
    """A new visitor without cookies, for a widget on another site: what it does next shows this token, as
    `Authorization: Bearer`."""
    response.headers["Cache-Control"] = "no-store"
    key = services.visitors.new_key()
    visitor = await services.visitors.of_key(key, body.channel_id if body is not None else None)
    return contract.SessionOut(
        guest_token=services.visitors.token(key),
        account_id=visitor.account,
        chat_id=visitor.account,
        channel_id=visitor.channel_id,
    )


async def _keep(request: Request, services: Services, visitor: VisitorPrincipal, file: UploadFile) -> int:
    """The file, kept for the message that brings it; its id."""
    async with services.webchat_pace.count_file(visitor, _address(request), file.size or 0), on_disk(file) as path:
        kept = await services.media.receive(visitor.hotel_id, path, declared=file.content_type, filename=file.filename)
    return kept.id


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _check_filters(request: Request, is_archived: bool | None, archived: bool | None) -> None:
    """Raises Invalid for a filter that is none, and for two that cannot both be meant."""
    details = {
        name: [f"There is no such filter; there are {', '.join(sorted(FILTERS))}."]
        for name in request.query_params
        if name not in FILTERS
    }
    if archived is not None and is_archived is not None and archived != is_archived:
        details["archived"] = ["It says the contrary of is_archived."]
    if details:
        raise Invalid("Some fields are not right.", code="bad_fields", details=details)
