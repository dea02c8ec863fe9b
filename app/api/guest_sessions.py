"""Personal links for guests, and the sessions that they open."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, Security, status
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep, Staff, bearer_token
from app.api.fields import Id
from app.api.refusals import refused
from app.api.visitors import at_hand
from app.contracts import message_manager as messages
from app.contracts.guest_session import GuestLinkIn, GuestSessionIn, GuestSessionOut
from app.core.errors import Unauthenticated
from app.core.phones import shown
from app.services.webchat.visitors import Somebody


def _not_stored(response: Response) -> None:
    """RFC 6749, 5.1: no cache may keep a token."""
    response.headers["Cache-Control"] = "no-store"


_guest_token = HTTPBearer(
    scheme_name="Guest token",
    description="From `POST /api/guest/session/`: of a guest, and worth nothing anywhere else.",
    auto_error=False,
)

router = APIRouter(prefix="/api", tags=["Guests"], route_class=StrictRoute)


@router.post(
    "/conversations/{conversation_id}/guest-link/",
    summary="Send a guest their personal link",
    status_code=status.HTTP_201_CREATED,
    response_description="The message that took it there, without the link",
    responses=refused(
        "bad_fields",
        "bad_body",
        "not_found",
        "forbidden",
        "not_staying",
        "not_to_their_number",
        "window_closed",
        "conversation_open",
        "client_message_id_used",
    ),
)
async def send_link(
    conversation_id: Id, staff: Staff, services: ServicesDep, body: GuestLinkIn | None = None
) -> messages.MessageOut:
    """Send the guest, to their own number, a link that opens once and shows what the hotel writes until they leave.

    The message that is answered here does not hold the link. Links of the same stay that nobody has used yet open
    nothing any more. As every message, it takes over from the flow, and opens a closed conversation again.
    """
    sent = await services.guest_links.send(staff, conversation_id, (body or GuestLinkIn()).terms())
    return messages.message(sent.message, services.links)


@router.post(
    "/guest/session/",
    summary="Open a guest's session",
    status_code=status.HTTP_201_CREATED,
    response_description="The guest's token, told this once, and the socket that it opens",
    responses=refused("bad_fields", "bad_body", "unauthenticated", "link_used"),
    dependencies=[Depends(_not_stored)],
)
async def open_session(request: Request, body: GuestSessionIn, services: ServicesDep) -> GuestSessionOut:
    """Exchange what a link holds for a guest's token. Each link is good once.

    Whoever comes with a visitor's session of the web chat, by cookie and CSRF token or by `visitor_token`, is that
    guest there from then on. The guest's token itself opens a web chat of its own, too.
    """
    if body.visitor_token is not None:
        who: Somebody | None = await services.visitors.of_token(body.visitor_token)
    else:
        who = await at_hand(request, services)
    opened = await services.proving.open_link(body.token, who)
    number = opened.principal.number
    return GuestSessionOut(
        guest_token=opened.token,
        stay_id=opened.stay.stay_id,
        guest_name=opened.stay.guest_name,
        hotel_name=opened.stay.hotel_name,
        room_number=opened.stay.room_number,
        whatsapp_number=shown(number),
        expires_at=opened.principal.session_expires_at,
        socket=f"/ws/guest/{number}/",
        seq=opened.seq,
    )


@router.delete(
    "/guest/session/",
    summary="End a guest's session",
    status_code=status.HTTP_204_NO_CONTENT,
    response_description="It has ended",
    responses=refused("unauthenticated"),
)
async def end_session(
    request: Request,
    services: ServicesDep,
    _described: Annotated[HTTPAuthorizationCredentials | None, Security(_guest_token)],
) -> None:
    """End the session whose guest token is shown as `Authorization: Bearer`; its socket is closed."""
    token = bearer_token(request)
    if token is None:
        raise Unauthenticated("Show the guest's token, as Authorization: Bearer <guest token>.")
    await services.guest_sessions.end(token)
