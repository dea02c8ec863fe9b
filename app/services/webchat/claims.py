"""Visitors who say where they stay, and staff who confirm or refuse it.

A claim is answered alike whether or not there is such a stay: only staff are told. It brings the visitor to Reception,
where a note says who they say they are and which stays match: by the name as a check-in compares it, and the room.
Staff's word joins the visitor to the stay's guest (``proving.py``). After that, as after a refusal, the flow goes on,
unless somebody has written there meanwhile.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from app.core.clock import Clock, end_of
from app.core.errors import Conflict, Invalid, NotFound
from app.core.events import Change
from app.core.principal import Principal, VisitorPrincipal
from app.core.stay_views import PresentStay, StayClaim
from app.core.text import clean, is_blank
from app.core.types import ClaimStatus, ConversationStatus, Department
from app.core.views import Page
from app.flows.matching import fold, same_name
from app.flows.texts import in_language
from app.flows.types import Reply
from app.services.access import require_reception
from app.services.handling.turns import tell_change
from app.services.inbound.arrivals import opening_of
from app.services.inbound.changes import Changes
from app.services.inbound.guest_desk import GuestDesk, add_note
from app.services.inbound.phrases import STAY_CONFIRMED, STAY_REFUSED
from app.services.inbound.visitor import Visitor, bind_stay, put_state
from app.services.webchat.joining import Joined
from app.services.webchat.proving import prove
from app.services.webchat.receiving import ReceivingService, open_chat
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.guests import AccountRecord
from app.store.stay_claims import NewClaim
from app.store.unit_of_work import UnitOfWork

LONGEST_NAME: Final = 200
LONGEST_ROOM: Final = 16
RELAY, RECEPTION = ConversationStatus.RELAY, Department.RECEPTION
ASKED: Final = "This visitor says: {name}, room {room}. {matches} Please confirm or refuse claim no. {claim_id}."
CONFIRMED: Final = "{by} has confirmed that this visitor is {name}, room {room}."


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Staff's word. ``stay_id`` is needed where not just one stay matches."""

    confirm: bool
    stay_id: int | None = None


class StayClaimService:
    def __init__(self, *, database: Database, receiving: ReceivingService, desk: GuestDesk, clock: Clock) -> None:
        self._database = database
        self._receiving = receiving
        self._desk = desk
        self._clock = clock

    async def claim(self, visitor: VisitorPrincipal, full_name: str, room_number: str) -> None:
        """Keep who a visitor says that they are, and tell Reception. What they have said before is replaced.

        Raises Invalid ``bad_fields``, Unauthenticated where their session has ended, NotFound ``no_such_channel``.
        """
        name, room = " ".join(clean(full_name).split()), " ".join(clean(room_number).split())
        _check({"full_name": (name, LONGEST_NAME), "room_number": (room, LONGEST_ROOM)})
        await self._database.run(self._claim, visitor, name, room)

    async def page(
        self, principal: Principal, status: ClaimStatus | None, *, page: int, page_size: int
    ) -> Page[StayClaim]:
        """The hotel's claims, the newest first. Raises Forbidden for everybody but reception and managers, and NotFound
        for a page past the end."""
        require_reception(principal)
        async with self._database.read() as work:
            found = await work.stay_claims.page(
                principal.hotel_id, status, limit=page_size, offset=(page - 1) * page_size
            )
            stays = await self._present(work, principal.hotel_id)
        if page > 1 and not found.items:
            raise NotFound("There is no such page.", code="no_such_page")
        return Page([_with_matches(each, stays) for each in found.items], found.count)

    async def decide(self, principal: Principal, claim_id: int, decision: Decision) -> StayClaim:
        """Confirm or refuse a claim; how it stands then.

        Raises Forbidden for everybody but reception and managers, NotFound, and Conflict: ``already_decided``, naming
        what is, for the second of two; ``no_such_stay`` where the stay that is named does not go on, or none was named
        and not just one matches.
        """
        require_reception(principal)
        return await self._database.run(self._decide, principal, claim_id, decision)

    async def _claim(self, work: UnitOfWork, principal: VisitorPrincipal, name: str, room: str) -> None:
        visitor = await self._receiving.greet(work, principal)
        await open_chat(work, visitor, principal, None)
        changes = Changes(self._clock())
        conversation, relayed = await _to_reception(work, changes, visitor)
        before = await work.stay_claims.waiting_of(visitor.account.id)
        claim_id = await work.stay_claims.add(
            NewClaim(
                hotel_id=principal.hotel_id,
                account_id=visitor.account.id,
                conversation_id=conversation.id,
                full_name=name,
                room_number=room,
                relayed=relayed or (before is not None and _is_left(conversation, before)),
                created_at=changes.at,
            )
        )
        matches = _matching(await self._present(work, principal.hotel_id), name, room)
        text = ASKED.format(name=name, room=room, matches=_said_of(matches), claim_id=claim_id)
        add_note(changes, conversation, text, sender_name=visitor.channel.hotel_name)
        await changes.write(work)

    async def _decide(self, work: UnitOfWork, principal: Principal, claim_id: int, decision: Decision) -> StayClaim:
        claim, accounts = await _hold(work, principal.hotel_id, claim_id)
        stay = await self._chosen(work, claim, decision) if decision.confirm else None
        status = ClaimStatus.REFUSED if stay is None else ClaimStatus.CONFIRMED
        at = self._clock()
        joined: list[Joined] = []
        if stay is not None:
            note = CONFIRMED.format(by=principal.name, name=stay.guest_name, room=stay.room_number)
            joined = await prove(work, self._desk, accounts, stay.guest_id, at=at, note=note)
        await work.stay_claims.decide(
            claim.id, status, user_id=principal.user_id, stay_id=stay.stay_id if stay else None, at=at
        )
        await work.audit.add(
            hotel_id=principal.hotel_id,
            user_id=principal.user_id,
            action=f"stay_claim.{status}",
            target=f"stay_claim:{claim.id}",
            details={
                "account": claim.account,
                "stay_id": stay.stay_id if stay else None,
                "guest_id": stay.guest_id if stay else None,
            },
            at=at,
        )
        await self._answer(work, principal, claim, stay, is_awaited=any(each.was_staffs for each in joined))
        decided = await work.stay_claims.get(principal.hotel_id, claim.id)
        assert decided is not None, "it is locked"
        return decided

    async def _chosen(self, work: UnitOfWork, claim: StayClaim, decision: Decision) -> PresentStay:
        """The stay that staff mean. Raises Conflict."""
        present = await self._present(work, claim.hotel_id)
        if decision.stay_id is None:
            found = _matching(present, claim.full_name, claim.room_number)
        else:
            found = [each for each in present if each.stay_id == decision.stay_id]
        if len(found) == 1:
            return found[0]
        sentence = "Not just one stay is meant: name one that goes on, or is to begin, as stay_id."
        raise Conflict(sentence, code="no_such_stay", details={"stay_ids": [each.stay_id for each in found]})

    async def _answer(
        self, work: UnitOfWork, principal: Principal, claim: StayClaim, stay: PresentStay | None, *, is_awaited: bool
    ) -> None:
        """Tell the visitor, and give them back to the flow where nobody has written since Reception got them for it,
        nor is an answer awaited by whom they have turned out to be."""
        visitor, conversation = await _meet(work, claim)
        changes = Changes(self._clock())
        given_back = _is_left(conversation, claim) and visitor is not None and not is_awaited
        if given_back and visitor is not None:
            self._give_back(visitor, conversation, changes)
        language = conversation.guest_language or (visitor.channel.hotel_language if visitor else "en")
        said = in_language(STAY_REFUSED if stay is None else STAY_CONFIRMED, language)
        if visitor is not None:
            text = said.replace("{room}", stay.room_number if stay is not None else "")
            self._desk.reply(changes, visitor, conversation, Reply(text=text))
        await changes.write(work)
        if given_back:
            previous = RECEPTION if conversation.department is None else None
            tell_change(work, conversation, Change.RELAY_ENDED, principal, previous=previous)

    def _give_back(self, visitor: Visitor, conversation: ConversationState, changes: Changes) -> None:
        """As by staff who end a relay."""
        bots = [each for each in visitor.here if each.department is None and each is not conversation]
        conversation.waiting_since = None
        if bots:
            conversation.status, conversation.closed_at = ConversationStatus.CLOSED, changes.at
            return
        conversation.department = None
        bind_stay(conversation, visitor.stay)
        put_state(conversation, self._desk.first_state(visitor))

    async def _present(self, work: UnitOfWork, hotel_id: int) -> list[PresentStay]:
        """The stays of a hotel that go on or are to begin; not those that only the books have not ended."""
        now = self._clock()
        stays = await work.stay_claims.present_stays(hotel_id)
        return [each for each in stays if now < end_of(each.check_out, each.timezone)]


def _check(fields: dict[str, tuple[str, int]]) -> None:
    details = {
        name: [f"1 to {longest} characters."]
        for name, (said, longest) in fields.items()
        if is_blank(said) or len(said) > longest
    }
    if details:
        raise Invalid("Some fields are not right.", code="bad_fields", details=details)


def _matching(stays: Sequence[PresentStay], name: str, room: str) -> list[PresentStay]:
    """Those of a guest of this name in this room."""
    asked = fold(room).replace(" ", "")
    return [
        each
        for each in stays
        if asked and fold(each.room_number).replace(" ", "") == asked and same_name(name, each.guest_name)
    ]


def _said_of(matches: Sequence[PresentStay]) -> str:
    if not matches:
        return "No stay matches."
    named = ", ".join(f"{each.guest_name}, room {each.room_number}, until {each.check_out}" for each in matches)
    return f"This matches: {named}."


def _with_matches(claim: StayClaim, stays: Sequence[PresentStay]) -> StayClaim:
    if claim.status is not ClaimStatus.WAITING:
        return claim
    return msgspec.structs.replace(claim, matches=tuple(_matching(stays, claim.full_name, claim.room_number)))


async def _to_reception(work: UnitOfWork, changes: Changes, visitor: Visitor) -> tuple[ConversationState, bool]:
    """The visitor's conversation with people, locked, and whether it is that only now: theirs with Reception, which
    comes to where they write; else where staff are; else the flow's, or a new one, which Reception gets."""
    found = visitor.with_department(RECEPTION)
    if found is not None and visitor.bring(found):
        changes.happened(found, Change.MOVED)
    found = found or visitor.choose()
    if found is None:
        opening = msgspec.structs.replace(opening_of(visitor, RELAY), department=RECEPTION)
        ((found, _),) = await work.conversations.open_many([opening])
        changes.happened(found, Change.CREATED)
    elif found.status is RELAY:
        return found, False
    found.status, found.department = RELAY, RECEPTION
    found.relayed_at, found.waiting_since = changes.at, changes.at
    changes.happened(found, Change.RELAY_STARTED)
    return found, True


async def _hold(work: UnitOfWork, hotel_id: int, claim_id: int) -> tuple[StayClaim, list[AccountRecord]]:
    """A claim that waits, and its visitor's accounts, locked. Raises NotFound, and Conflict ``already_decided``."""
    claim = await work.stay_claims.get(hotel_id, claim_id)
    channels = [each.id for each in await work.joining.web_channels(hotel_id)]
    while claim is not None:
        accounts = [account for each in channels for account in await work.guests.lock_known(each, [claim.account])]
        held, claim = claim, await work.stay_claims.get(hotel_id, claim_id)
        if claim is not None and claim.account == held.account:  # its visitor may have signed in while we waited
            if claim.status is not ClaimStatus.WAITING:
                raise _decided(claim)
            return claim, accounts
    raise NotFound("There is no such claim.")


def _decided(claim: StayClaim) -> Conflict:
    by = {"decided_by": claim.decided_by, "decided_by_name": claim.decided_by_name}
    return Conflict(
        "This claim is decided already.",
        code="already_decided",
        details={"status": claim.status, "stay_id": claim.stay_id, **by},
    )


async def _meet(work: UnitOfWork, claim: StayClaim) -> tuple[Visitor | None, ConversationState]:
    """The visitor, as whom they are by now, and where they are told: the claim's conversation, or the open one that
    goes on for it. No visitor where the web chat is not in use any more."""
    (account,) = [
        each for each in await work.guests.lock_known(claim.channel_id, [claim.account]) if each.guest_id is not None
    ]
    assert account.guest_id is not None
    guest = (await work.guests.by_ids([account.guest_id], locked=True))[account.guest_id]
    standing = await work.conversations.lock_open([guest.id])
    chats = [each for each in standing if each.account_id == account.id]
    conversation = next((each for each in chats if each.id == claim.conversation_id), None)
    if conversation is None:
        (claimed,) = await work.conversations.lock_many([claim.conversation_id])
        follow = [each for each in chats if each.place == claimed.place or each.department is RECEPTION]
        conversation = max(follow, key=lambda each: (each.place == claimed.place, each.id), default=claimed)
    channel = next(iter(await work.channels.by_ids([claim.channel_id])), None)
    if channel is None:
        return None, conversation
    stays = await work.guests.current_stays([guest.id])
    visitor = Visitor(
        channel=channel,
        account=account,
        guest=guest,
        stay=stays.get(guest.id),
        chat=conversation.chat,
        conversations=standing,
    )
    return visitor, conversation


def _is_left(conversation: ConversationState, claim: StayClaim) -> bool:
    """Nobody has written there, or taken it, since the claim brought it to Reception."""
    untouched = conversation.last_message_at is None or conversation.last_message_at <= claim.created_at
    is_same = conversation.id == claim.conversation_id and conversation.department is RECEPTION
    return claim.relayed and is_same and untouched and conversation.status is RELAY and conversation.assignee_id is None
