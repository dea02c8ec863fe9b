"""Who may see and do what: the one place that decides.

The rules are those of the contracts' common part: department_staff see the conversations of their own departments and
those that have none yet; receptionists, managers and hotel admins see all of their hotel and are joined to every
department. Another hotel's things do not exist (404); one's own hotel's that one may not see are refused (403).
"""

from app.core.errors import Forbidden, NotFound
from app.core.events import ChannelChanged, Event, UnknownEvent, UserChanged
from app.core.principal import Principal, Scope
from app.core.types import Department, UserType
from app.core.views import ConversationRef
from app.realtime.audiences import ALL_STAFF

MANAGERS = frozenset({UserType.MANAGER, UserType.HOTEL_ADMIN})
SEES_WHOLE_HOTEL = frozenset({UserType.RECEPTIONIST, UserType.MANAGER, UserType.HOTEL_ADMIN})


def require_staff(principal: Principal) -> None:
    """Raises Forbidden for a signed-in user who is no staff."""
    if not principal.is_staff:
        raise Forbidden("Only staff may do this.")


def scope_of(principal: Principal) -> Scope:
    """The conversations that a staff user sees."""
    require_staff(principal)
    if principal.user_type in SEES_WHOLE_HOTEL:
        return Scope(hotel_id=principal.hotel_id)
    return Scope(hotel_id=principal.hotel_id, departments=principal.departments)


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


def require_manager(principal: Principal) -> None:
    """Raises Forbidden for everybody but managers and hotel admins, who answer for the hotel's channels."""
    require_staff(principal)
    if principal.user_type not in MANAGERS:
        raise Forbidden("Only managers may do this.")


def require_whole_hotel(principal: Principal) -> None:
    """Raises Forbidden for everybody but those who see all of their hotel: receptionists, managers, hotel admins."""
    if principal.user_type not in SEES_WHOLE_HOTEL:
        raise Forbidden("Only reception and managers may do this.")


def may_hear(principal: Principal, event: Event, audience: str) -> bool:
    """Whether an event may be told to this user's socket by this audience, as their rights stand now.

    Notifications to all staff are for all staff (contract 1, "Real-time Notifications"); everything else about a
    conversation is for those who may see it.
    """
    if isinstance(event, UserChanged):
        return event.user_id == principal.user_id
    if not principal.is_staff or isinstance(event, UnknownEvent):
        return False
    if isinstance(event, ChannelChanged):
        return event.channel.hotel_id == principal.hotel_id
    if audience == ALL_STAFF:
        return event.conversation.hotel_id == principal.hotel_id
    return scope_of(principal).covers(event.conversation.hotel_id, event.conversation.department)
