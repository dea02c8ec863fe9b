"""Visitors' requests by Lobby's own API: ``/api/requests/`` (contract 5, "Integration with Request Flow")."""

from pydantic import BaseModel, ConfigDict

from app.contracts.timestamps import Timestamp
from app.core.types import RequestStatus
from app.core.views import Page, RequestView


class Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StageOut(Wire):
    status: RequestStatus
    at: Timestamp


class RequestGuest(Wire):
    id: int
    name: str


class RequestOut(Wire):
    """The processing of one message. ``message_id`` and ``chat_id`` are those of the web chat, texts there.

    ``category`` is the flow or the department that took it, ``attempts`` how often it was tried, and ``history`` each
    status with its time, of all tries. A failed one is tried again by itself at ``next_attempt_at``, null where it no
    longer is.
    """

    id: int
    message_id: str
    conversation_id: int
    chat_id: str | None
    guest: RequestGuest | None
    status: RequestStatus
    category: str | None
    attempts: int
    error: str | None
    history: list[StageOut]
    next_attempt_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class RequestPage(Wire):
    """``next`` and ``previous`` are addresses of pages, null at the ends."""

    count: int
    next: str | None
    previous: str | None
    results: list[RequestOut]


def request_out(view: RequestView) -> RequestOut:
    return RequestOut(
        id=view.id,
        message_id=str(view.message_id),
        conversation_id=view.conversation_id,
        chat_id=view.chat,
        guest=None if view.guest_id is None else RequestGuest(id=view.guest_id, name=view.guest_name or ""),
        status=view.status,
        category=view.category,
        attempts=view.attempts,
        error=view.error,
        history=[StageOut(status=each.status, at=each.at) for each in view.history],
        next_attempt_at=view.next_attempt_at,
        created_at=view.created_at,
        updated_at=view.updated_at,
    )


def page(found: Page[RequestView], *, following: str | None, preceding: str | None) -> RequestPage:
    return RequestPage(
        count=found.count, next=following, previous=preceding, results=[request_out(each) for each in found.items]
    )
