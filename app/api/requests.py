"""Lobby's own API: what became of visitors' messages, ``/api/requests/…``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep, Staff
from app.api.fields import Id, PageNumber, PageSize, page_link
from app.api.refusals import refused
from app.contracts import requests as contract
from app.core.types import RequestStatus

router = APIRouter(prefix="/api/requests", tags=["Requests"], route_class=StrictRoute)


def _split(given: object) -> object:
    """``?status=FAILED,COMPLETED`` and ``?status=FAILED&status=COMPLETED``, in whatever case."""
    if not isinstance(given, list):
        return given
    return [word.strip().upper() for each in given for word in str(each).split(",") if word.strip()]


Statuses = Annotated[
    list[RequestStatus],
    BeforeValidator(_split),
    Query(alias="status", description="One or several statuses, by comma; any where none is named."),
]


@router.get("/", summary="List how visitors' messages were processed", responses=refused("forbidden", "no_such_page"))
async def list_requests(
    request: Request,
    staff: Staff,
    services: ServicesDep,
    statuses: Statuses = [],  # noqa: B006 -- never changed
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> contract.RequestPage:
    """The processing of the hotel's web chat messages, the newest first. For managers and hotel admins."""
    found = await services.requests.list_page(staff, statuses, page=page, page_size=page_size)
    last = -(-found.count // page_size)
    return contract.page(
        found,
        following=page_link(request, page + 1) if page < last else None,
        preceding=page_link(request, page - 1) if page > 1 else None,
    )


@router.post(
    "/{request_id}/retry/",
    summary="Try a failed request again",
    responses=refused("forbidden", "not_found", "request_not_failed", "channel_not_in_use"),
)
async def retry_request(request_id: Id, staff: Staff, services: ServicesDep) -> contract.RequestOut:
    """Try a failed request again, at once; how it stands then, which may be failed again.

    For managers and hotel admins. What the flow says now reaches the visitor as if they had just written. Where people
    have the conversation meanwhile, or it is closed, it is completed without an answer.
    """
    return contract.request_out(await services.requests.retry(staff, request_id))
