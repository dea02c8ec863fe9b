"""Drill 6: whatever the provider does, every send ends, in order, and none goes out twice without that being known."""

import sys
from collections.abc import Callable

import pytest
from sqlalchemy import update

from app.channels.base import Credentials
from app.core.settings import Settings
from app.core.vault import Vault
from app.models import Channel
from app.store.database import Database
from tests.drills.sending import Figures, run_drill
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


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[Figures], None]:
    """Prints figures, whatever becomes of other output."""

    def write(figures: Figures) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{figures}\n")

    return write


async def test_every_send_ends_in_order_and_without_a_blind_double(
    show: Callable[[Figures], None],
    settings: Settings,
    database: Database,
    fake_graph: FakeGraph,
    hotels: tuple[HotelWorld, ...],
    sends: int,
    control: str,
) -> None:
    figures = await run_drill(settings, Ledger(database), fake_graph, hotels, sends, blind=control == "6")
    show(figures)

    assert not figures.faults, "\n".join(figures.faults)
    assert {"throttled", "retry", "ambiguous", "accepted"} <= figures.outcomes.keys()
    assert figures.states["sent"]


async def test_a_sender_that_repeats_blindly_does_not_pass(
    show: Callable[[Figures], None],
    settings: Settings,
    database: Database,
    fake_graph: FakeGraph,
    hotels: tuple[HotelWorld, ...],
) -> None:
    figures = await run_drill(settings, Ledger(database), fake_graph, hotels, FEW, blind=True)
    show(figures)

    assert figures.blind
