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
from app.dev.listening import free_port, is_listening
from tests.eventually import eventually

PATIENCE = 60.0


class Dev:
    """A running ``lobby dev``."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.process = process
        self.address = address

    async def read_until(self, end: str) -> str:
        """Everything that it prints up to a line that ends so."""
        assert self.process.stdout is not None
        said = ""
        async with asyncio.timeout(PATIENCE):
            while not said.endswith(f"{end}\n"):
                line = await self.process.stdout.readline()
                assert line, f"ended after: {said}"
                said += line.decode()
        return said

    async def end(self, how: signal.Signals) -> tuple[int, str]:
        """Its exit code, and what it wrote to stderr."""
        self.process.send_signal(how)
        _, errors = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        assert self.process.returncode is not None
        return self.process.returncode, errors.decode()


@pytest.fixture
async def dev(settings: Settings, tmp_path: Path) -> AsyncIterator[Dev]:
    """In an empty folder, on the tests' database and bus."""
    port = free_port("127.0.0.1")
    environment = {
        "PORT": str(port),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "REDIS_PREFIX": settings.redis_prefix,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from app.cli import main; main()", "dev"),
        cwd=tmp_path,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    yield Dev(process, f"http://127.0.0.1:{port}")
    if process.returncode is None:
        process.kill()
        await process.communicate()


async def test_it_comes_up_for_whoever_it_names_and_ends_on_ctrl_c_without_a_trace(dev: Dev) -> None:
    said = await dev.read_until("/dev/")

    assert dev.address + "/docs" in said
    assert "lobby-demo" in said
    assert "heidi" in said
    async with httpx.AsyncClient(base_url=dev.address) as client:
        credentials = {"username": "heidi", "password": "lobby-demo"}
        assert (await client.post("/api/auth/token/", json=credentials)).status_code == 200

    code, errors = await dev.end(signal.SIGINT)
    assert code == 0
    assert "Traceback" not in errors
    assert not is_listening("127.0.0.1", int(dev.address.rpartition(":")[2]))


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
