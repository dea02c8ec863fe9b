"""PostgreSQL and Valkey of Lobby's own, for development and tests, where no addresses are set.

``ensure`` gives their addresses. The servers run under a keeper process (``keeper.py``) and are shared by all commands
that name the same folder. They end within moments of the last of these commands, also when it was killed.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from app.dev.embedded.errors import EmbeddedError, from_os
from app.dev.embedded.processes import until
from app.dev.embedded.registry import BUSY, KEEPER_MODULE, READY, SHARED, Registry, open_lock, try_lock

__all__ = ["EmbeddedError", "Services", "ensure"]

PATIENCE_SECONDS = 90.0
KEEPERS_TO_LOSE = 3  # one may be killed by accident; three are a defect
PACKAGE_PARENT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Services:
    """Addresses of a database and a bus: ``postgresql+asyncpg://…`` and ``redis://…``.

    With a ``lease`` they are embedded ones, which run on until this process ends or calls ``release``. Child processes
    can be given the addresses; the lease stays here.
    """

    database_url: str
    redis_url: str
    lease: int | None = field(default=None, repr=False, compare=False)

    def release(self) -> None:
        """Say that this process needs the embedded servers no longer. Call it at most once."""
        if self.lease is not None:
            os.close(self.lease)


def ensure(root: Path, *, throwaway: bool = False) -> Services:
    """Find the servers that run on the folder ``root``, or start them; it takes milliseconds or about a second.

    ``throwaway`` is for tests: the data begins empty at each start and is not safe from a crash of the machine. Servers
    that run already are shared as they are.

    Raises EmbeddedError, whose text is a sentence for the person at the terminal.
    """
    root = root.resolve()
    try:
        root.mkdir(parents=True, exist_ok=True)
        registry = Registry(root)
        lease = open_lock(registry.users)
    except OSError as error:
        raise from_os(error, root) from error
    try:
        return _find_or_start(registry, lease, throwaway=throwaway)
    except BaseException:
        os.close(lease)
        raise


def _find_or_start(registry: Registry, lease: int, *, throwaway: bool) -> Services:
    leased = False
    lost_keepers = 0
    for _ in until(PATIENCE_SECONDS, pause=0.05):
        leased = leased or try_lock(lease, SHARED)
        if not leased:
            continue  # the servers are being stopped; with the lease they no longer can be
        running = registry.read()
        if running is not None:
            return Services(running.database_url, running.redis_url, lease)
        if not _start_keeper(registry.root, throwaway=throwaway):
            lost_keepers += 1
        if lost_keepers == KEEPERS_TO_LOSE:
            raise EmbeddedError(f"The embedded servers could not be started: see {registry.root / 'keeper.log'}.")
    raise EmbeddedError(
        f"The embedded servers did not become ready in {PATIENCE_SECONDS:.0f} s: see the logs in {registry.root}."
    )


def _start_keeper(root: Path, *, throwaway: bool) -> bool:
    """Start a keeper; returns when it is ready, or at once when another one is at work; False if it was lost."""
    log = root / "keeper.log"
    command = [sys.executable, "-m", KEEPER_MODULE, str(root), *(["--throwaway"] if throwaway else [])]
    try:
        with log.open("ab") as errors:
            said = subprocess.run(  # noqa: S603 -- our own interpreter and module
                command,
                cwd=PACKAGE_PARENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                check=False,
            ).stdout
    except OSError as error:
        raise from_os(error, root) from error
    if said not in (READY, BUSY, ""):
        raise EmbeddedError(said)
    return said != ""
