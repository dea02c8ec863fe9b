"""``lobby dev`` from outside: it comes up, says where to click, and ends with all that it started."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.core.settings import Settings
from app.dev.listening import is_listening
from tests.eventually import eventually
from tests.processes import START_WITHIN as PATIENCE
from tests.processes import Dev, lobby_dev


@pytest.fixture
async def dev(settings: Settings, tmp_path: Path) -> AsyncIterator[Dev]:
    async with lobby_dev(settings, tmp_path) as dev:
        yield dev


async def test_it_comes_up_for_whoever_it_names_and_ends_on_ctrl_c_without_a_trace(dev: Dev) -> None:
    said = await dev.read_until("/dev/")

    assert dev.address + "/docs" in said
    assert "lobby-demo" in said
    assert "heidi" in said
    assert "How can we assist you today?" in await run_in_a_shell(said)
    async with httpx.AsyncClient(base_url=dev.address) as client:
        credentials = {"username": "heidi", "password": "lobby-demo"}
        assert (await client.post("/api/auth/token/", json=credentials)).status_code == 200

    code, errors = await dev.end(signal.SIGINT)
    assert code == 0
    assert "Traceback" not in errors
    assert not is_listening("127.0.0.1", int(dev.address.rpartition(":")[2]))


async def run_in_a_shell(said: str) -> str:
    """What the lines that it prints for the web chat answer, whose socket is for other tools."""
    lines = [line for line in said.splitlines() if line.startswith(("TOKEN=", "curl "))]
    shell = await asyncio.create_subprocess_exec(
        *("sh", "-c", "\n".join(lines)), stdout=asyncio.subprocess.PIPE, env=os.environ | {"NO_PROXY": "127.0.0.1"}
    )
    answer, _ = await asyncio.wait_for(shell.communicate(), PATIENCE)
    return answer.decode()


async def test_the_simulated_whatsapp_ends_with_a_parent_that_is_killed() -> None:
    program = (
        "import sys\n"
        "from app.dev.child import FakeGraphProcess\n"
        "from app.dev.fake_graph import FakeGraphConfig\n"
        "with FakeGraphProcess(FakeGraphConfig(webhook_url='http://127.0.0.1:1/'), '127.0.0.1') as graph:\n"
        "    graph.wait()\n"
        "    print(graph.port, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    port = int(await asyncio.wait_for(parent.stdout.readline(), PATIENCE))
    assert is_listening("127.0.0.1", port)

    parent.kill()
    await parent.wait()

    await eventually(lambda: not is_listening("127.0.0.1", port))
