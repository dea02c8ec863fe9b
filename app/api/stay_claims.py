"""Proving a stay without a link: visitors say who they are, staff confirm it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, status

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep, Staff
from app.api.fields import Id, PageNumber, PageSize, page_link
from app.api.refusals import refused
from app.api.visitors import Who
from app.contracts import stay_claims as contract
from app.core.types import ClaimStatus
from app.services.webchat.claims import Decision

router = APIRouter(tags=["Stay claims"], route_class=StrictRoute)


@router.post(
    "/unicom/webchat/stay/",
    summary="Say where one stays",
    status_code=status.HTTP_202_ACCEPTED,
    response_description="Staff have been asked",
    responses=refused(
        "bad_fields", "bad_body", "unauthenticated", "csrf_failed", "no_such_channel", "too_many_requests"
    ),
)
async def claim(request: Request, who: Who, services: ServicesDep, body: contract.ClaimIn) -> contract.ClaimedOut:
    """Say by name and room which guest one is. Reception confirms or refuses it, and the visitor is told in their
    default chat; the answer here is the same whether or not there is such a stay. What was said before is replaced."""
    visitor = await services.visitors.on(who, body.channel_id)
    await services.webchat_pace.count_claim(visitor, request.client.host if request.client else "unknown")
    await services.stay_claims.claim(visitor, body.full_name, body.room_number)
    return contract.ClaimedOut()


@router.get(
    "/api/stay-claims/",
    summary="List who visitors say they are",
    responses=refused("bad_fields", "forbidden", "no_such_page"),
)
async def list_claims(
    request: Request,
    staff: Staff,
    services: ServicesDep,
    of_status: Annotated[ClaimStatus | None, Query(alias="status", description="Any where none is named.")] = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> contract.ClaimPage:
    """What visitors of the hotel's web chats say about where they stay, the newest first.

    For reception and managers."""
    found = await services.stay_claims.page(staff, of_status, page=page, page_size=page_size)
    last = -(-found.count // page_size)
    return contract.page(
        found,
        following=page_link(request, page + 1) if page < last else None,
        preceding=page_link(request, page - 1) if page > 1 else None,
    )


@router.post(
    "/api/stay-claims/{claim_id}/",
    summary="Confirm or refuse who a visitor says they are",
    responses=refused("bad_fields", "bad_body", "forbidden", "not_found", "no_such_stay", "already_decided"),
)
async def decide(claim_id: Id, staff: Staff, services: ServicesDep, body: contract.DecisionIn) -> contract.ClaimOut:
    """Confirm or refuse a claim. A visitor who is confirmed is the stay's guest from then on, in all their web chats of
    this hotel. For reception and managers; of two at once one decides."""
    decision = Decision(confirm=body.confirm, stay_id=body.stay_id)
    return contract.claim_out(await services.stay_claims.decide(staff, claim_id, decision))
