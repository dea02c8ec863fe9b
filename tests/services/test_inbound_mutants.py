"""Bodies that were mauled, in transit or on purpose: none breaks anything, and what is good in them is taken.

``LOBBY_MUTANTS`` says how many rounds; each is another seed.
"""

import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from app.models import InboundItem, Message
from tests.channels.whatsapp_other_cases import CASES
from tests.channels.whatsapp_payloads import change, text
from tests.desk import Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.world import World

ROUNDS = int(os.environ.get("LOBBY_MUTANTS", "2"))
BODIES = 40
ODD = json.dumps(
    [
        *(None, 0, -1, 1.5, True, "", "x", "\ud83d", "\x00", "9" * 400, 10**30, "a" * 5000),
        *([], {}, [None], ["text"], {"body": 1}, {"id": {"id": 1}}, {"a": {"b": [1]}}),
    ]
)
ADDED = ("errors", "context", "group_id", "from", "from_user_id", "type", "id", "timestamp")
ENVELOPES = [
    each.payload for each in CASES if isinstance(each.payload, dict) and isinstance(each.payload["entry"], list)
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to everything in a JSON value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in entries:
        yield (*path, key)
        yield from places(each, (*path, key))


def mauled(dice: random.Random, payload: Any) -> Any:
    """The same with up to three things in it replaced, left out, repeated or added."""
    payload = json.loads(json.dumps(payload))
    for _ in range(dice.randint(1, 3)):
        path = dice.choice([each for each in places(payload) if len(each) > 3] or [("entry",)])
        holder = payload
        for key in path[:-1]:
            holder = holder[key]
        how = dice.random()
        odd = dice.choice(json.loads(ODD))
        if how < 0.6 or len(path) == 1:
            holder[path[-1]] = odd
        elif how < 0.8:
            del holder[path[-1]]
        elif isinstance(holder, list):
            holder.append(json.loads(json.dumps(holder[path[-1]])))
        else:
            holder[dice.choice(ADDED)] = odd
        if not isinstance(payload["entry"], list):
            payload["entry"] = []
    return payload


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_mauled_bodies_break_nothing(desk: Desk, world: World, ledger: Ledger, seed: int) -> None:
    await world.two_hotels()
    dice = random.Random(seed)  # noqa: S311 -- no secret
    for number in range(BODIES):
        entries = [each for payload in dice.sample(ENVELOPES, 4) for each in mauled(dice, payload)["entry"]]
        good = change(text("Good", id=f"wamid.good{number}") | {"from": "351912000777"}, number=SEA_VIEW_NUMBER)
        place = dice.randint(0, len(entries))
        body = {"entry": [*entries[:place], {"id": "1", "changes": [good]}, *entries[place:]]}

        await desk.take(json.dumps(body).encode())

    assert len(await ledger.texts(Message.content == "Good")) == BODIES
    failed = [each.error for each in await ledger.rows(InboundItem)]
    assert [error for error in failed if not error.startswith("NotReadable")] == []
