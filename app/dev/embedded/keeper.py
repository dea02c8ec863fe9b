"""The keeper: a small process that starts the embedded servers and ends them when their last user is gone.

Started by ``ensure`` as ``python -m app.dev.embedded.keeper ROOT [--throwaway]``. It goes to the background at once,
out of reach of Ctrl-C, and says one line on its output: READY, BUSY when the folder has a keeper already, or a sentence
about what is wrong. Then it looks around four times a second: a server that died is started again at the same address;
when no process holds ``users.lock`` any more, however they ended, it stops the servers and ends itself.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from app.dev.embedded.errors import EmbeddedError, from_os
from app.dev.embedded.postgres import Postgres
from app.dev.embedded.registry import BUSY, EXCLUSIVE, READY, Registry, Running, open_lock, try_lock, was_removed
from app.dev.embedded.valkey import Valkey

TURN_SECONDS = 0.25


class Keeper:
    """The servers of one folder and the lock that says that this process, and no other, keeps them."""

    def __init__(self, root: Path, *, throwaway: bool) -> None:
        self.root = root
        self.registry = Registry(root)
        self.postgres = Postgres(root, throwaway=throwaway)
        self.valkey = Valkey(root)
        self.ending = False

    def start(self) -> None:
        """Start what does not run, and write down the addresses. Raises EmbeddedError with the sentence to show."""
        try:
            for server in (self.postgres, self.valkey):
                if not server.alive():
                    server.start()
            self._write()
        except OSError as error:
            raise from_os(error, self.root) from error

    def keep(self) -> None:
        """Return when the last user has gone, the folder was removed, or this process was asked to end."""
        users = open_lock(self.registry.users)
        while not (self.ending or was_removed(users) or try_lock(users, EXCLUSIVE)):
            if not (self.postgres.alive() and self.valkey.alive()):
                self.start()
            time.sleep(TURN_SECONDS)

    def stop(self) -> None:
        self.registry.remove()
        self.valkey.stop()
        self.postgres.stop()

    def end(self, _number: int, _frame: FrameType | None) -> None:
        self.ending = True

    def _write(self) -> None:
        pids = {os.getpid(): str(self.root)}
        for server in (self.postgres, self.valkey):
            if server.process is not None:
                pids[server.process.pid] = server.process.mark
        self.registry.write(Running(self.postgres.url, self.valkey.url, pids))


def _say(line: str) -> None:
    """The one line for the process that started us; it waits until our output is closed."""
    with suppress(BrokenPipeError):  # it was ended meanwhile, and so was its lease: the keeper will end too
        os.write(sys.stdout.fileno(), line.encode())
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def main(root: Path, *, throwaway: bool) -> None:
    """Keep the servers of ``root`` until nobody uses them."""
    if os.fork():
        os._exit(0)
    keeper = Keeper(root, throwaway=throwaway)
    signal.signal(signal.SIGTERM, keeper.end)
    lock = open_lock(keeper.registry.keeper)
    if not try_lock(lock, EXCLUSIVE):
        return _say(BUSY)
    try:
        keeper.start()
        _say(READY)
        keeper.keep()
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        _say(str(error))
    finally:
        keeper.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), throwaway="--throwaway" in sys.argv[2:])
