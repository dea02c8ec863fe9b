"""How far the processing of one message has come: real steps, each with its time, and what became of it.

Whoever wrote is identified before anything can be kept; what follows may fail, and the message and its request stay.
A deadlock or an absent database is no fault of the request: the whole transaction is repeated, or nothing is kept.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from app.core.clock import Clock
from app.core.types import RequestStatus
from app.core.views import Stage
from app.services.inbound.changes import Changes
from app.services.inbound.guest_desk import Decision, GuestDesk, Taken
from app.services.inbound.reception import settle
from app.services.inbound.visitor import Visitor
from app.services.retrying import MAX_ATTEMPTS, in_words, next_attempt, own_fault
from app.store.requests import Standing
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

LONGEST_HISTORY: Final = 100


class Processing:
    """One try. ``attempts`` counts it, ``history`` is that of the tries before."""

    def __init__(
        self,
        desk: GuestDesk,
        clock: Clock,
        *,
        attempts: int = 1,
        history: Sequence[Stage] = (),
        category: str | None = None,
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._attempts = attempts
        self._history = list(history)
        self._category = category
        self._fault: Exception | None = None
        self.reach(RequestStatus.PENDING)

    def reach(self, status: RequestStatus) -> None:
        self._history.append(Stage(status=status, at=self._clock()))

    def decide(self, visitor: Visitor, taken: Taken) -> Decision | None:
        """Which flow or department takes the message, and what the flow makes of it; None where that fails."""
        try:
            self.reach(RequestStatus.CATEGORIZING)
            self._category = self._desk.category(visitor, taken) or self._category
            self.reach(RequestStatus.QUEUED)
            self.reach(RequestStatus.PROCESSING)
            return self._desk.decide(visitor, taken)
        except Exception as error:
            self._fault = error
            return None

    async def follow(
        self, work: UnitOfWork, visitor: Visitor, taken: Taken, decision: Decision | None, at: datetime
    ) -> None:
        """Do what was decided about a message that is kept: all of it, or nothing."""
        if decision is None:
            return
        try:
            async with work.savepoint():
                changes = Changes(at)
                self._desk.follow(changes, visitor, taken, decision)
                await changes.write(work)
                await settle(work, [visitor], at)
        except Exception as error:
            self._fault = own_fault(error)

    def end(self, visitor: Visitor, message_id: int) -> Standing:
        """The try is over: how the request stands."""
        self.reach(RequestStatus.FAILED if self._fault else RequestStatus.COMPLETED)
        last = self._history[-1]
        is_last = self._attempts >= MAX_ATTEMPTS
        if self._fault is not None:
            log.warning(
                "webchat_request_failed",
                message_id=message_id,
                attempts=self._attempts,
                hopeless=is_last,
                error=in_words(self._fault),
                exc_info=self._fault if is_last else None,
            )
        return Standing(
            guest_id=visitor.guest.id,
            status=last.status,
            category=self._category,
            attempts=self._attempts,
            error=in_words(self._fault) if self._fault else None,
            history=self._history[-LONGEST_HISTORY:],
            next_attempt_at=next_attempt(last.at, self._attempts) if self._fault and not is_last else None,
        )
