"""Who may see and do what: the one place that decides.

The rules are those of the contracts' common part: department_staff see the conversations of their own departments and
those that have none yet; receptionists, managers and hotel admins see all of their hotel and are joined to every
department. Another hotel's things do not exist (404); one's own hotel's that one may not see are refused (403).
"""

from app.core.errors import Forbidden, NotFound
from app.core.events import (
    AccountChanged,
    ChannelChanged,
    ConversationChanged,
    Event,
    MessageCreated,
    MessageUpdated,
    StayChanged,
    UnknownEvent,
    UserChanged,
)
from app.core.principal import Caller, GuestPrincipal, Principal, Scope, VisitorPrincipal
from app.core.profile import Profile
from app.core.signals import Signal, Typing, UserStatus
from app.core.types import Department, SenderType, UserType
from app.core.views import ChatRef, ConversationRef
from app.realtime import audiences

MANAGERS = frozenset({UserType.MANAGER, UserType.HOTEL_ADMIN})
SEES_WHOLE_HOTEL = frozenset({UserType.RECEPTIONIST, UserType.MANAGER, UserType.HOTEL_ADMIN})


def require_staff(principal: Principal) -> None:
    """Raises Forbidden for a signed-in user who is no staff."""
    if not principal.is_staff:
        raise Forbidden("Only staff may do this.")


def scope_of(principal: Principal) -> Scope:
    """The conversations that a staff user sees."""
    require_staff(principal)
    departments = None if sees_whole_hotel(principal) else principal.departments
    return Scope(hotel_id=principal.hotel_id, departments=departments)


def sees_whole_hotel(user: Principal | Profile) -> bool:
    """Whether all conversations of their hotel are this user's: receptionists, managers, hotel admins."""
    return user.user_type in SEES_WHOLE_HOTEL


def may_take(user: Profile, conversation: ConversationRef) -> bool:
    """Whether a user of the staff would see this conversation, and so can take care of it."""
    if user.user_type is UserType.GUEST:
        return False
    departments = None if sees_whole_hotel(user) else frozenset(user.departments)
    scope = Scope(hotel_id=user.hotel_id, departments=departments)
    return scope.covers(conversation.hotel_id, conversation.department)


def check_access(principal: Principal, conversation: ConversationRef | None) -> ConversationRef:
    """The conversation, where ``principal`` may see it. Raises NotFound or Forbidden."""
    scope = scope_of(principal)
    if conversation is None or conversation.hotel_id != scope.hotel_id:
        raise NotFound("There is no such conversation.")
    if not scope.covers(conversation.hotel_id, conversation.department):
        raise Forbidden("This conversation belongs to another department.")
    return conversation


def may_see_documents(principal: Principal) -> bool:
    """Whether identity documents are for this user: reception and managers, and nobody else."""
    if principal.user_type in SEES_WHOLE_HOTEL:
        return True
    return principal.user_type is UserType.DEPARTMENT_STAFF and Department.RECEPTION in principal.departments


def require_reception(principal: Principal) -> None:
    """Raises Forbidden for everybody but reception and managers, who know who stays."""
    if not may_see_documents(principal):
        raise Forbidden("Only reception and managers may do this.")


def require_manager(principal: Principal) -> None:
    """Raises Forbidden for everybody but managers and hotel admins, who answer for the hotel's channels."""
    require_staff(principal)
    if principal.user_type not in MANAGERS:
        raise Forbidden("Only managers may do this.")


def require_whole_hotel(principal: Principal) -> None:
    """Raises Forbidden for everybody but those who see all of their hotel: receptionists, managers, hotel admins."""
    if principal.user_type not in SEES_WHOLE_HOTEL:
        raise Forbidden("Only reception and managers may do this.")


def departments_of(principal: Principal) -> tuple[Department, ...]:
    """The departments that a staff user is joined to: their own, or all for whoever sees all of their hotel."""
    own = scope_of(principal).departments
    return tuple(each for each in Department if own is None or each in own)


def may_hear(caller: Caller, event: Event | Signal, audience: str) -> bool:
    """Whether an event may be told to this caller's socket by this audience, as their rights stand now.

    Notifications to all staff are for all staff (contract 1, "Real-time Notifications"); who comes and goes is for the
    departments; everything else about a conversation is for those who may see it, and its loss for the department
    that has lost it, or for its subscribers and whoever lists it where it was nobody's. Guests hear what the hotel
    writes to them, visitors of a web chat what is written in their own chats.
    """
    if isinstance(caller, GuestPrincipal):
        return _guest_may_hear(caller, event)
    if isinstance(caller, VisitorPrincipal):
        return _visitor_may_hear(caller, event)
    return _user_may_hear(caller, event, audience)


def _user_may_hear(principal: Principal, event: Event | Signal, audience: str) -> bool:
    if isinstance(event, UserChanged):
        return event.user_id == principal.user_id
    if not principal.is_staff or isinstance(event, UnknownEvent | StayChanged | AccountChanged):
        return False
    if isinstance(event, UserStatus):
        return any(audience == audiences.department(each) for each in departments_of(principal))
    if isinstance(event, ChannelChanged):
        return event.channel.hotel_id == principal.hotel_id
    if audience == audiences.ALL_STAFF:
        return event.conversation.hotel_id == principal.hotel_id
    scope, about = scope_of(principal), event.conversation
    if isinstance(event, ConversationChanged) and _hears_of_loss(scope, event, audience):
        return True
    return scope.covers(about.hotel_id, about.department)


def _hears_of_loss(scope: Scope, event: ConversationChanged, audience: str) -> bool:
    about, lost = event.conversation, event.previous_department
    as_subscriber = event.was_nobodys and audience == audiences.conversation(about.id)
    if as_subscriber or (event.leaves_nobodys and audience == audiences.NO_DEPARTMENT):
        return about.hotel_id == scope.hotel_id
    return lost is not None and audience == audiences.department(lost) and scope.covers(about.hotel_id, lost)


def _guest_may_hear(guest: GuestPrincipal, event: Event | Signal) -> bool:
    if isinstance(event, StayChanged):
        return event.guest_id == guest.guest_id
    if not isinstance(event, MessageCreated | Typing) or event.conversation.guest_id != guest.guest_id:
        return False
    if isinstance(event, Typing):
        return True
    written = event.message
    return written.sender_type is not SenderType.GUEST and written.is_said


def _visitor_may_hear(visitor: VisitorPrincipal, event: Event | Signal) -> bool:
    match event:
        case AccountChanged():
            return (event.channel_id, event.account) == (visitor.channel_id, visitor.account)
        case UserChanged():
            return visitor.user is not None and event.user_id == visitor.user.user_id
        case StayChanged():
            return visitor.guest is not None and event.guest_id == visitor.guest.guest_id
        case MessageCreated() | MessageUpdated():
            return _is_own(visitor, event.message.chat) and event.message.is_said
        case Typing():
            return _is_own(visitor, event.conversation.chat)
        case _:
            return False


def _is_own(visitor: VisitorPrincipal, chat: ChatRef | None) -> bool:
    return chat is not None and (chat.channel_id, chat.account) == (visitor.channel_id, visitor.account)
