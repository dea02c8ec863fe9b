"""How big the drills are, and whether one of them runs with what it guards taken out."""

import os

import pytest

from app.core.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The application receives statuses; what sends are the drill's own workers."""
    return settings.model_copy(update={"run_outbox": False})


@pytest.fixture
def sends() -> int:
    return int(os.environ.get("DRILL_SENDS", "80"))


@pytest.fixture
def control() -> str:
    """The number of the drill that is to fail."""
    return os.environ.get("DRILL_CONTROL", "")
