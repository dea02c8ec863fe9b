"""A real process under strange callers: how it ends, and what it writes into its log."""

import asyncio
import json
import signal
from urllib.parse import urlsplit

import httpx
import pytest

from app.core.settings import Settings
from app.logs import LONGEST_PATH
from tests.processes import lobby_serve
from tests.ws.raw import handshake

LONG = "x" * 9000


async def test_it_ends_well_with_refused_handshakes_and_long_paths_stand_in_its_log_cut_short(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    async with lobby_serve(settings, LOG_LEVEL="INFO", LOG_FORMAT="json") as lobby:
        address = urlsplit(lobby.url)
        strangers = []
        for _ in range(20):  # who keep their end open
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(handshake(f"/?{LONG}"))
            strangers.append((reader, writer))
        async with httpx.AsyncClient(base_url=lobby.url) as client:
            assert (await client.get(f"/{LONG}")).status_code == 404

        assert await lobby.end() in {0, -signal.SIGTERM}
        for _, writer in strangers:
            writer.close()

    log = capfd.readouterr().err
    assert "Traceback" not in log
    paths = [json.loads(line)["path"] for line in log.splitlines() if '"path"' in line]
    assert f"/{LONG}"[:LONGEST_PATH] in paths
    assert max(map(len, paths)) == LONGEST_PATH
