"""Drill 6: whatever the provider does, every send ends, in order, and none goes out twice without that being known."""

import pytest
from sqlalchemy import update

from app.channels.base import Credentials
from app.core.settings import Settings
from app.core.vault import Vault
from app.models import Channel
from app.services.outbox import Outbox
from app.store.database import Database
from tests.drills.sending import BlindOutbox, Figures, run_drill
from tests.fake_graph import ACCESS_TOKEN, ALPINE_NUMBER, FakeGraph
from tests.ledger import Ledger
from tests.world import WEBHOOK, HotelWorld, World

FEW = 60


@pytest.fixture
async def hotels(
    world: World, server: str, fake_graph: FakeGraph, database: Database, settings: Settings
) -> tuple[HotelWorld, ...]:
    """Two hotels. The provider's reports reach the first; the second refuses them, so that what became of a send whose
    answer was lost is never known there."""
    sea_view, alpine = await world.two_hotels()
    deaf = Credentials(access_token=ACCESS_TOKEN[ALPINE_NUMBER], app_secret="not the one that signs")
    sealed = Vault(settings.secret_key.get_secret_value()).seal(deaf)
    async with database.transaction() as work:
        await work.connection.execute(update(Channel).where(Channel.id == alpine.channel_id).values(credentials=sealed))
    reports = {"statuses": ["delivered"]}
    await fake_graph.configure(webhook_url=f"{server}{WEBHOOK}", statuses=True, reports=reports, repeats=0, seed=6)
    return sea_view, alpine


async def drill(
    request: pytest.FixtureRequest,
    settings: Settings,
    database: Database,
    graph: FakeGraph,
    hotels: tuple[HotelWorld, ...],
    sends: int,
    kind: type[Outbox],
) -> Figures:
    figures = await run_drill(settings, Ledger(database), graph, hotels, sends, kind)
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.write_line(f"\n{figures}")
    return figures


async def test_every_send_ends_in_order_and_without_a_blind_double(
    request: pytest.FixtureRequest,
    settings: Settings,
    database: Database,
    fake_graph: FakeGraph,
    hotels: tuple[HotelWorld, ...],
    sends: int,
    control: str,
) -> None:
    kind = BlindOutbox if control == "6" else Outbox

    figures = await drill(request, settings, database, fake_graph, hotels, sends, kind)

    assert not figures.faults, "\n".join(figures.faults)
    assert figures.states["sent"] > sends / 2
    assert {"throttled", "retry", "ambiguous", "accepted"} <= figures.outcomes.keys()


async def test_a_sender_that_repeats_blindly_does_not_pass(
    request: pytest.FixtureRequest,
    settings: Settings,
    database: Database,
    fake_graph: FakeGraph,
    hotels: tuple[HotelWorld, ...],
) -> None:
    figures = await drill(request, settings, database, fake_graph, hotels, FEW, BlindOutbox)

    assert figures.blind
