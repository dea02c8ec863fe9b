"""What was said in the demo's hotels before you came. John Doe has said nothing yet: his first message is yours.

The first story is one with Reception: document 2's sample writes to conversation 1 on Reception's socket.
"""

from typing import Final

import msgspec

GUEST: Final = ""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation of the past. ``lines`` are (user name of staff, or GUEST; text), two minutes apart."""

    id: str
    hotel: str
    guest: str
    name: str
    hours_ago: float
    lines: tuple[tuple[str, str], ...]
    closed: bool = False


STORIES: Final = (
    Story(
        id="late-checkout",
        hotel="sea-view",
        guest="12025550208",
        name="Priya Nair",
        hours_ago=1.5,
        lines=(
            (GUEST, "services"),
            (GUEST, "3"),
            (GUEST, "Our flight leaves late on our last day. May we keep the room until 2 pm?"),
            ("rita", "Let me ask, Ms Nair. I will tell you within the hour."),
            ("rita", "You may keep it until 14:00, without charge."),
        ),
    ),
    Story(
        id="pillows",
        hotel="sea-view",
        guest="12025550102",
        name="Jane Smith",
        hours_ago=20,
        lines=(
            (GUEST, "services"),
            (GUEST, "2"),
            (GUEST, "Could somebody bring two more pillows to 102?"),
            ("hugo", "Of course, Ms Smith. They will be with you in ten minutes."),
            (GUEST, "They are here already. Thank you!"),
        ),
        closed=True,
    ),
    Story(
        id="salad",
        hotel="sea-view",
        guest="33600000204",
        name="Amélie",
        hours_ago=3,
        lines=(
            (GUEST, "services"),
            (GUEST, "1"),
            (GUEST, "Une salade niçoise et une eau pétillante en chambre 204, s'il vous plaît."),
            ("rosa", "Avec plaisir, Madame Dubois. Dans 25 minutes chez vous."),
            (GUEST, "Parfait, merci. Est-ce possible sans oignons ?"),
        ),
    ),
    Story(
        id="towels",
        hotel="sea-view",
        guest="4915200000305",
        name="Lukas",
        hours_ago=0.5,
        lines=((GUEST, "Services"), (GUEST, "2"), (GUEST, "Könnten wir bitte frische Handtücher bekommen?")),
    ),
    Story(
        id="arrival",
        hotel="sea-view",
        guest="34600000206",
        name="María",
        hours_ago=2,
        lines=((GUEST, "¡Hola! Llegamos hoy."), (GUEST, "María García López")),
    ),
    Story(id="demo", hotel="sea-view", guest="447700900123", name="Alex", hours_ago=5, lines=((GUEST, "Hello"),)),
    Story(
        id="hello", hotel="sea-view", guest="12025550102", name="Jane Smith", hours_ago=0.2, lines=((GUEST, "Hello"),)
    ),
    Story(
        id="cable-car",
        hotel="alpine-lodge",
        guest="41790000011",
        name="Anna Keller",
        hours_ago=4,
        lines=(
            (GUEST, "Services"),
            (GUEST, "3"),
            (GUEST, "Wann fährt morgen die erste Bahn auf den Gipfel?"),
            ("heidi", "Um 8:15 Uhr, Frau Keller. Die Karten liegen am Empfang für Sie bereit."),
        ),
    ),
    Story(
        id="chocolate",
        hotel="alpine-lodge",
        guest="447700900021",
        name="Oliver",
        hours_ago=0.7,
        lines=((GUEST, "services"), (GUEST, "1"), (GUEST, "Two hot chocolates to room 21, please.")),
    ),
)
