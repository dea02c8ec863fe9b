"""Who is here and who looks at what, by the rules of who may see what; kept by ``realtime/presence.py``.

A socket is known by a key of the caller's: the session itself. Guests, and users who are no staff, are not shown.
"""

from app.core.presence import PresentUser
from app.core.principal import Caller, Principal
from app.core.views import ConversationRef
from app.realtime.presence import Presence
from app.services.access import check_access, departments_of, scope_of


class PresenceService:
    def __init__(self, presence: Presence) -> None:
        self._presence = presence

    def start(self) -> None:
        self._presence.start()

    async def stop(self) -> None:
        """Say goodbye to the other processes; the bus must still run."""
        await self._presence.stop()

    def enter(self, session_key: object, caller: Caller) -> None:
        """A socket has opened and has joined its audiences."""
        if isinstance(caller, Principal) and caller.is_staff:
            self._presence.enter(session_key, caller.hotel_id, _shown(caller))

    def renew(self, session_key: object, caller: Caller) -> None:
        """The rights and the name of its user as they stand now."""
        if not isinstance(caller, Principal):
            return
        if not caller.is_staff:
            self._presence.leave(session_key)
            return
        scope = scope_of(caller)
        self._presence.renew(session_key, _shown(caller), lambda about: scope.covers(about.hotel_id, about.department))

    def leave(self, session_key: object) -> None:
        """It has closed."""
        self._presence.leave(session_key)

    def view(self, session_key: object, principal: Principal, conversation: ConversationRef) -> list[PresentUser]:
        """The socket shows this conversation; it must have entered.

        The others hear ``Viewing``: once per user, however many of their sockets show it. Answers who looks at it now,
        by name, the caller included. Raises NotFound or Forbidden for one that the caller may not see.
        """
        check_access(principal, conversation)
        return self._presence.view(session_key, conversation)

    def look_away(self, session_key: object, conversation_id: int) -> None:
        """The socket shows this conversation no longer, if it did, whether its user may still see it or not.

        One that closes needs not say so.
        """
        self._presence.look_away(session_key, conversation_id)

    def users(self, hotel_id: int) -> list[PresentUser]:
        """The staff who are here, by name. Known where a socket of the hotel's staff is open in this process."""
        return self._presence.users(hotel_id)

    def colleagues(self, principal: Principal) -> list[PresentUser]:
        """Of those who are here the ones of whose coming and going this user is told, and themselves."""
        joined = {*departments_of(principal)}
        here = self._presence.users(principal.hotel_id)
        return [each for each in here if each.user_id == principal.user_id or joined & {*each.departments}]

    def viewers(self, conversation: ConversationRef) -> list[PresentUser]:
        """Who looks at a conversation, by name. Known where a socket of the hotel's staff is open in this process."""
        return self._presence.viewers(conversation.hotel_id, conversation.id)


def _shown(principal: Principal) -> PresentUser:
    return PresentUser(
        user_id=principal.user_id,
        name=principal.name,
        own_departments=tuple(sorted(principal.departments)),
        departments=departments_of(principal),
    )
