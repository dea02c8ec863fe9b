"""The embedded PostgreSQL: one data directory, one server process, one Unix socket.

It listens on a Unix socket only, in a new folder of mode 0700 under the temporary folder: no port to be taken, no
password to be kept, nobody else on the machine gets in, and the length of the project's path does not matter (a
socket's path may have 103 bytes). The folder's name is kept by PostgreSQL itself, in ``postmaster.pid``.
"""

import os
import re
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from app.dev.embedded import binaries, processes
from app.dev.embedded.errors import EmbeddedError, disk_full
from app.dev.embedded.privileges import Servant, servant_for
from app.dev.embedded.processes import Process, until

NAME = "lobby"  # of the database and of its owner
PORT = "5432"  # only part of the socket's file name
SOCKET_PREFIX = "lobby-"
UNFINISHED = "postgres.new-"  # data directories in the making, or to be removed
READY_SECONDS = 60.0  # after a crash it first replays its log
RETRY_SECONDS = 10.0
# "fast": ends the sessions and closes its files in order; "immediate": as in a crash, and nothing committed is lost.
STOP_STEPS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))
INITDB = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8", "--auth=trust")
SETTINGS = ("listen_addresses=", f"port={PORT}", "max_connections=200", "timezone=UTC", "log_timezone=UTC")
UNSAFE_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
CREATE_DATABASE = (
    "SELECT 'CREATE DATABASE lobby' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'lobby') \\gexec"
)


class Postgres:
    """PostgreSQL on ``root/postgres``. ``throwaway`` begins empty at each start, and is not safe from a crash."""

    def __init__(self, root: Path, *, throwaway: bool) -> None:
        self.data = root / "postgres"
        self.log = root / "postgres.log"
        self.throwaway = throwaway
        self.begin_empty = throwaway
        self.process: Process | None = None
        self.sockets: Path | None = None

    @property
    def url(self) -> str:
        """For SQLAlchemy; without ``+asyncpg`` also for asyncpg and psql."""
        return f"postgresql+asyncpg://{NAME}@/{NAME}?host={self.sockets}"

    def alive(self) -> bool:
        return self.process is not None and self.process.alive()

    def start(self) -> None:
        """Take over the server that runs on the data directory, or start one; returns when it takes connections.

        Raises EmbeddedError or OSError.
        """
        servant = servant_for(self.data, binaries.postgres("postgres"), Path(_short_folder(), SOCKET_PREFIX))
        if not self._adopt():
            self._make_data(servant)
            self._launch(servant)
        client = [str(binaries.postgres("psql")), "-Xq", "-v", "ON_ERROR_STOP=1"]
        client += ["-h", str(self.sockets), "-p", PORT, "-U", NAME, "-d", "postgres"]
        done = processes.run(client, cwd=Path("/"), servant=servant, env=_environment(), text=CREATE_DATABASE)
        if done.returncode != 0:
            raise self._failure(done.stdout)

    def stop(self) -> None:
        """End the server and remove the folder of its socket."""
        if self.process is not None:
            self.process.stop(STOP_STEPS)
        if self.sockets is not None:
            shutil.rmtree(self.sockets, ignore_errors=True)

    # -- a server that is there already

    def _adopt(self) -> bool:
        """Take over a running server whose keeper is gone; clear away what a dead one left behind."""
        lock = self._lock_file()
        if lock is None:
            return False
        found = Process(lock.pid, str(self.data))
        if found.alive() and lock.sockets.is_dir():
            self.process, self.sockets = found, lock.sockets
            with suppress(EmbeddedError):
                self._wait_until_ready()
                return True
        found.stop(STOP_STEPS)
        if lock.sockets.name.startswith(SOCKET_PREFIX) and lock.sockets != self.sockets:
            shutil.rmtree(lock.sockets, ignore_errors=True)
        return False

    def _lock_file(self) -> "_LockFile | None":
        try:
            return _LockFile((self.data / "postmaster.pid").read_text().splitlines())
        except (FileNotFoundError, ValueError, IndexError):
            return None

    # -- the data directory

    def _make_data(self, servant: Servant) -> None:
        if self.begin_empty and self.data.exists():
            self.data.rename(tempfile.mkdtemp(prefix=UNFINISHED, dir=self.data.parent))
        self.begin_empty = False
        for unfinished in self.data.parent.glob(f"{UNFINISHED}*"):
            shutil.rmtree(
                unfinished, ignore_errors=True
            )  # a process that was not killed with its keeper may still write
        if not self.data.exists() or not any(self.data.iterdir()):
            self._initdb(servant)
        try:
            version = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise EmbeddedError(
                f"The data directory {self.data} is not complete (it has no file PG_VERSION): restore it from a copy, "
                "or remove it to start with an empty database."
            ) from None
        if version != binaries.POSTGRES_VERSION:
            raise EmbeddedError(
                f"The data directory {self.data} was made by PostgreSQL {version or '?'}, and this is PostgreSQL "
                f"{binaries.POSTGRES_VERSION}: move it away, or remove it to start with an empty database."
            )
        servant.own(self.data)
        self.data.chmod(0o700)  # PostgreSQL insists, and copies often lose it

    def _initdb(self, servant: Servant) -> None:
        """Make the data directory under another name first: an interrupted attempt never looks like a real one."""
        unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=self.data.parent))
        servant.own(unfinished)
        command = [str(binaries.postgres("initdb")), *INITDB, "-U", NAME, "-D", str(unfinished)]
        if self.throwaway:
            command.append("--no-sync")
        done = processes.run(command, cwd=unfinished, servant=servant, env=_environment())
        if done.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise self._failure(done.stdout)
        unfinished.rename(self.data)

    # -- the process

    def _launch(self, servant: Servant) -> None:
        self.sockets = self.sockets or Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=_short_folder()))
        servant.own(self.sockets)
        settings = (*SETTINGS, f"unix_socket_directories={self.sockets}", *(UNSAFE_SETTINGS if self.throwaway else ()))
        command = [str(binaries.postgres("postgres")), "-D", str(self.data)]
        for setting in settings:
            command += ["-c", setting]
        for _ in until(RETRY_SECONDS, pause=0.2):
            for leftover in self.sockets.iterdir():
                leftover.unlink()
            self.log.write_bytes(b"")
            self.process = processes.start(
                command,
                mark=str(self.data),
                log=self.log,
                cwd=self.data,
                servant=servant,
                env=self._server_environment(),
            )
            try:
                return self._wait_until_ready()
            except _StillInUse:
                continue
        raise self._failure(self.log.read_text(errors="replace"))

    def _server_environment(self) -> dict[str, str]:
        """PostgreSQL refuses to start while the pid in an old lock file lives, even if a stranger has it now.

        It makes an exception for the pid in this variable, meant for pg_ctl, and then still checks whether
        processes of the old server use its shared memory: safer than removing the file.
        """
        lock = self._lock_file()
        return _environment() | ({"PG_GRANDPARENT_PID": str(lock.pid)} if lock else {})

    def _wait_until_ready(self) -> None:
        for _ in until(READY_SECONDS):
            if not self.alive():
                output = self.log.read_text(errors="replace")
                raise _StillInUse if "shared memory block" in output else self._failure(output)
            lock = self._lock_file()
            if lock is not None and self.process is not None and (lock.pid, lock.status) == (self.process.pid, "ready"):
                return
        raise EmbeddedError(f"PostgreSQL did not become ready in {READY_SECONDS:.0f} s: its log is {self.log}.")

    def _failure(self, output: str) -> EmbeddedError:
        if "No space left on device" in output or "Disk quota exceeded" in output:
            return disk_full(self.data)
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        serious = [line for line in lines if re.search(r"\b(FATAL|PANIC|error):", line)] or lines or ["no message"]
        reason = re.sub(r"^(.*?\b(FATAL|PANIC|error):\s*|but )", "", serious[-1])
        return EmbeddedError(
            f"PostgreSQL could not start on the data directory {self.data} ({reason}): if it is damaged, restore it "
            f"from a copy, or remove it to start with an empty database; its log is {self.log}."
        )


class _StillInUse(Exception):
    """Processes of a killed server have not yet noticed that it is gone; they do so within moments."""


class _LockFile:
    """The lines of ``postmaster.pid`` (documented in PostgreSQL's ``pidfile.h``)."""

    def __init__(self, lines: list[str]) -> None:
        self.pid = int(lines[0])
        self.sockets = Path(lines[4]) if len(lines) > 4 and lines[4] else Path("/nonexistent")
        self.status = lines[7].strip() if len(lines) > 7 else ""


def _environment() -> dict[str, str]:
    """Ours without what steers PostgreSQL (PGPORT, PGDATA …), and with messages in English, since we read them."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _short_folder() -> str:
    """The temporary folder, unless its path is too long for a socket or needs quoting."""
    folder = tempfile.gettempdir()
    return folder if len(folder) <= 60 and re.fullmatch(r"[\w./+-]+", folder, re.ASCII) else "/tmp"  # noqa: S108 -- its parent
