"""Worker processes of Lobby with pids of their own, on free ports of 127.0.0.1."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.core.settings import Settings
from app.dev.listening import free_port
from tests.eventually import eventually

START_WITHIN = 60.0


@dataclass
class Running:
    """A process that serves at ``url``. What it wrote to stderr can be read once it has ended."""

    url: str
    process: asyncio.subprocess.Process

    async def end(self, how: signal.Signals = signal.SIGTERM, *, within: float = 60.0) -> int:
        """Signal it, by its own pid, and answer its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(within):
            return await self.process.wait()


class Dev:
    """A running ``lobby dev``."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.process = process
        self.address = address

    async def read_until(self, end: str) -> str:
        """Everything that it prints up to a line that ends so."""
        assert self.process.stdout is not None
        said = ""
        async with asyncio.timeout(START_WITHIN):
            while not said.endswith(f"{end}\n"):
                line = await self.process.stdout.readline()
                assert line, f"ended after: {said}"
                said += line.decode()
        return said

    async def end(self, how: signal.Signals) -> tuple[int, str]:
        """Its exit code, and what it wrote to stderr."""
        self.process.send_signal(how)
        _, errors = await asyncio.wait_for(self.process.communicate(), START_WITHIN)
        assert self.process.returncode is not None
        return self.process.returncode, errors.decode()


async def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    listing = await asyncio.create_subprocess_exec("pgrep", "-P", str(pid), stdout=asyncio.subprocess.PIPE)
    answer, _ = await listing.communicate()
    return [int(line) for line in answer.split()]


@asynccontextmanager
async def lobby_serve(settings: Settings, *, workers: int = 1, **environment: str) -> AsyncIterator[Running]:
    """``lobby serve`` with these settings, until the block ends."""
    port = free_port("127.0.0.1")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        "serve",
        "--port",
        str(port),
        "--workers",
        str(workers),
        env={**os.environ, **variables_of(settings), **environment},
    )
    running = Running(f"http://127.0.0.1:{port}", process)
    try:
        await eventually(lambda: _is_ready(running), within=START_WITHIN)
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def lobby_dev(settings: Settings, folder: Path) -> AsyncIterator[Dev]:
    """``lobby dev``, as ``make run`` starts it, in an empty folder, on the tests' database and bus."""
    port = free_port("127.0.0.1")
    environment = {
        "PORT": str(port),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "REDIS_PREFIX": settings.redis_prefix,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from app.cli import main; main()", "dev"),
        cwd=folder,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Dev(process, f"http://127.0.0.1:{port}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def _is_ready(running: Running) -> bool:
    assert running.process.returncode is None, "the process has ended"
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"{running.url}/health/ready/")).status_code == 200
    except httpx.TransportError:
        return False


def variables_of(settings: Settings) -> dict[str, str]:
    """The environment by which a process has these settings."""
    return {
        "LOBBY_ENV": settings.environment,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "REDIS_PREFIX": settings.redis_prefix,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "WHATSAPP_API_URL": settings.whatsapp_api_url,
        "INSTAGRAM_API_URL": settings.instagram_api_url,
        "LOG_LEVEL": "WARNING",
    }
