"""Who is shown as here, and who may look at what: the rules before the gossip between processes."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest

from app.core.errors import Forbidden, NotFound
from app.core.presence import PresentUser
from app.core.principal import GuestPrincipal, Principal
from app.core.types import Department, UserType
from app.services.container import Services
from app.services.presence import PresenceService
from tests.eventually import eventually
from tests.realtime.screens import conversation

HOTEL = 1


@pytest.fixture
def presence(services: Services) -> PresenceService:
    return services.presence


def principal(user_type: UserType, *departments: Department) -> Principal:
    return Principal(
        user_id=7,
        hotel_id=HOTEL,
        username="rita",
        name="Rita Reis",
        user_type=user_type,
        departments=frozenset(departments),
        session_id=uuid4(),
        session_expires_at=datetime.max.replace(tzinfo=UTC),
    )


RECEPTIONIST = principal(UserType.RECEPTIONIST, Department.RECEPTION)
WAITER = principal(UserType.DEPARTMENT_STAFF, Department.CAFE, Department.ROOM_SERVICE)


async def test_staff_are_shown_with_their_own_departments_and_those_they_are_joined_to(
    presence: PresenceService,
) -> None:
    presence.enter("a tab", RECEPTIONIST)
    assert presence.users(HOTEL) == [
        PresentUser(user_id=7, name="Rita Reis", own_departments=(Department.RECEPTION,), departments=tuple(Department))
    ]

    presence.renew("a tab", WAITER)
    assert presence.users(HOTEL) == [
        PresentUser(
            user_id=7,
            name="Rita Reis",
            own_departments=(Department.CAFE, Department.ROOM_SERVICE),
            departments=(Department.ROOM_SERVICE, Department.CAFE),
        )
    ]


async def test_guests_and_users_who_are_no_staff_are_not_shown(presence: PresenceService) -> None:
    guest = GuestPrincipal(
        hotel_id=HOTEL, guest_id=1, stay_id=1, number="1234567890", session_expires_at=RECEPTIONIST.session_expires_at
    )

    presence.enter("a guest's", guest)
    presence.renew("a guest's", guest)
    presence.enter("a registered guest's", principal(UserType.GUEST))
    presence.leave("a guest's")

    assert presence.users(HOTEL) == []


async def test_a_socket_that_has_left_before_it_had_entered_is_passed_over(presence: PresenceService) -> None:
    presence.renew("a tab", RECEPTIONIST)
    presence.leave("a tab")
    presence.look_away("a tab", 5)

    assert presence.view("a tab", RECEPTIONIST, conversation(HOTEL, 5)) == []
    assert presence.users(HOTEL) == []


async def test_what_one_may_not_see_one_cannot_look_at(presence: PresenceService) -> None:
    presence.enter("a tab", WAITER)
    of_reception, of_another_hotel = conversation(HOTEL, 5), conversation(HOTEL + 1, 6)

    with pytest.raises(Forbidden):
        presence.view("a tab", WAITER, of_reception)
    with pytest.raises(NotFound):
        presence.view("a tab", WAITER, of_another_hotel)

    assert presence.viewers(of_reception) == []
    assert presence.viewers(of_another_hotel) == []


async def test_whoever_may_see_it_no_longer_looks_no_longer(presence: PresenceService) -> None:
    of_reception = conversation(HOTEL, 5)
    of_room_service = msgspec.structs.replace(conversation(HOTEL, 6), department=Department.ROOM_SERVICE)
    colleague = msgspec.structs.replace(RECEPTIONIST, user_id=8, name="Ben")
    presence.enter("a tab", RECEPTIONIST)
    presence.enter("a colleague's", colleague)
    for about in (of_reception, of_room_service):
        presence.view("a tab", RECEPTIONIST, about)
    both = presence.view("a colleague's", colleague, of_reception)
    assert [each.name for each in both] == ["Ben", "Rita Reis"]

    presence.renew("a tab", WAITER)

    assert [each.name for each in presence.viewers(of_reception)] == ["Ben"]
    assert [each.name for each in presence.viewers(of_room_service)] == ["Rita Reis"]


async def test_whoever_is_staff_no_longer_is_here_no_longer(presence: PresenceService) -> None:
    presence.enter("a tab", RECEPTIONIST)

    presence.renew("a tab", principal(UserType.GUEST))

    await eventually(lambda: presence.users(HOTEL) == [])


async def test_colleagues_are_those_of_whose_coming_one_is_told(presence: PresenceService) -> None:
    cook = _of("Cem", 9, UserType.DEPARTMENT_STAFF, Department.CAFE)
    maid = _of("Mia", 10, UserType.DEPARTMENT_STAFF, Department.HOUSEKEEPING)
    novice = _of("Nia", 11, UserType.DEPARTMENT_STAFF)
    for each in (RECEPTIONIST, cook, maid, novice):
        presence.enter(each.name, each)

    def colleagues_of(user: Principal) -> list[str]:
        return [each.name for each in presence.colleagues(user)]

    assert colleagues_of(RECEPTIONIST) == ["Cem", "Mia", "Rita Reis"]
    assert colleagues_of(cook) == ["Cem", "Rita Reis"]
    assert colleagues_of(novice) == ["Nia"]


def _of(name: str, user_id: int, user_type: UserType, *departments: Department) -> Principal:
    return msgspec.structs.replace(principal(user_type, *departments), name=name, user_id=user_id)
