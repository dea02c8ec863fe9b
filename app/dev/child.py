"""The fake Graph API as a child process, which ends with us however we end.

It gets its configuration, secrets and all, by a pipe to its stdin, and ends when that pipe does.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Final, Self

import msgspec

from app.dev.fake_graph import FakeGraphConfig, serve
from app.dev.listening import free_port, is_listening

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 5.0


class ChildFailed(Exception):
    """The fake Graph API did not start; the sentence says so."""


class FakeGraphProcess:
    """Starts at once and is ready when ``wait`` returns; lives as long as the ``with`` block."""

    def __init__(self, config: FakeGraphConfig, host: str) -> None:
        self._config = config
        self.host = host
        self.port = free_port(host)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", __name__, self.host, str(self.port)]
        # In a session of its own: Ctrl-C is for us, who end it when we need it no longer.
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 -- ours
        assert self._child.stdin is not None
        self._child.stdin.write(msgspec.json.encode(self._config) + b"\n")
        self._child.stdin.flush()
        return self

    def wait(self) -> None:
        """Until it answers. Raises ChildFailed."""
        until = time.monotonic() + START_SECONDS
        while self._child.poll() is None and time.monotonic() < until:
            if is_listening(self.host, self.port):
                return
            time.sleep(0.05)
        raise ChildFailed("The simulated WhatsApp did not start.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        assert self._child.stdin is not None
        self._child.stdin.close()


def main(host: str, port: str) -> None:
    config = msgspec.json.decode(sys.stdin.buffer.readline(), type=FakeGraphConfig)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(config, host, int(port))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(*sys.argv[1:])
