"""What a command of the terminal changes is told by the bus: no serving process has to find it in the log."""

from app.bootstrap import open_database
from app.core.events import StayChanged
from app.core.settings import Settings
from app.realtime.bus import Bus
from tests.eventually import eventually
from tests.world import World


async def test_what_a_command_changes_goes_over_the_bus_before_it_ends(settings: Settings, world: World) -> None:
    hotel = await world.hotel()
    heard: list[bytes] = []
    subscribed: list[str] = []
    bus = Bus(settings.redis_url, settings.redis_prefix)
    bus.start(lambda _topic, payload: heard.append(payload), subscribed.append)
    bus.subscribe(f"hotel:{hotel.id}")
    await eventually(lambda: subscribed)

    async with open_database(settings) as database, database.transaction() as work:
        work.emit(hotel.id, StayChanged(stay_id=1, guest_id=1, guest_phone=None))

    await eventually(lambda: heard)
    await bus.stop()
    assert b"stay.changed" in heard[0]
