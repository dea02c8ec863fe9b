"""What the processes that share the embedded servers know of each other: files in one folder, ``.lobby/``.

``run.json``     the addresses, and the pids that must be alive for them to be true; the keeper writes and removes it
``users.lock``   every process that uses the servers holds a shared lock on it, and the kernel frees it when one dies
``keeper.lock``  the one keeper of this folder holds an exclusive lock on it

The keeper ends the servers when it gets ``users.lock`` for itself alone. Locks are flock(2)'s: they belong to the open
file, not to a pid, and they are gone with their process, however it ends.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from app.dev.embedded import processes

KEEPER_MODULE = "app.dev.embedded.keeper"
READY, BUSY = "ready", "busy"  # what a keeper says to the process that started it
SHARED, EXCLUSIVE = fcntl.LOCK_SH, fcntl.LOCK_EX


@dataclass(frozen=True)
class Running:
    """The content of ``run.json``. ``pids`` holds each process with the mark that its command line must show."""

    database_url: str
    redis_url: str
    pids: dict[int, str]

    def is_true(self) -> bool:
        return all(processes.is_running(pid, mark) for pid, mark in self.pids.items())


class Registry:
    """The files of one folder. The folder must exist."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "run.json"
        self.users = root / "users.lock"
        self.keeper = root / "keeper.lock"

    def read(self) -> Running | None:
        """What runs now; None where the file is missing, unreadable as JSON, or no longer true."""
        try:
            content = json.loads(self.file.read_text())
            pids = {int(pid): str(mark) for pid, mark in content["pids"].items()}
            running = Running(str(content["database_url"]), str(content["redis_url"]), pids)
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return running if running.is_true() else None

    def write(self, running: Running) -> None:
        """Replace the file in one step, readable by this user only: the Redis address holds a password."""
        new = self.file.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(running), file, indent=1)
        new.rename(self.file)

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)


def open_lock(path: Path) -> int:
    """Open a lock file. The descriptor is not inherited by programs that this process starts."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, kind: int) -> bool:
    """Take a lock of ``kind`` if that is possible at once."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def was_removed(descriptor: int) -> bool:
    """Whether the lock's file is gone, and its folder with it: nobody can find these servers any more."""
    return os.fstat(descriptor).st_nlink == 0
