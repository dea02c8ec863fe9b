from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.core.settings import Settings
from app.dev.embedded.valkey import Valkey
from tests.processes import Running, lobby_serve


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A bus of one's own, to be stopped and started."""
    valkey = Valkey(tmp_path)
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture
async def processes(settings: Settings, valkey: Valkey) -> AsyncIterator[tuple[Running, Running]]:
    """Two that serve the same hotels."""
    own = settings.model_copy(update={"redis_url": valkey.url})
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(lobby_serve(own))
        there = await stack.enter_async_context(lobby_serve(own))
        yield here, there
