"""Server processes: starting them apart from the terminal, believing a pid, and ending them.

A pid alone is never believed: it may have been given to a stranger since. A process counts as ours only while its
command line holds its mark, the path that we started it on.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.dev.embedded.privileges import Servant

PROC = Path("/proc")


def command_line(pid: int) -> str:
    """The command line of a process, its arguments joined by spaces; empty for one that has ended."""
    try:
        if (PROC / "self").exists():
            return os.fsdecode((PROC / str(pid) / "cmdline").read_bytes()).replace("\0", " ")
        return subprocess.run(  # noqa: S603 -- a number is the only thing that varies
            ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return ""


def is_running(pid: int, mark: str) -> bool:
    """Whether ``pid`` is alive and was started on ``mark``, one whole argument of its command line."""
    return f" {mark} " in f" {command_line(pid).strip()} "


@dataclass
class Process:
    """A server process that we started, or found running (then ``child`` is None)."""

    pid: int
    mark: str
    child: subprocess.Popen[bytes] | None = None

    def alive(self) -> bool:
        if self.child is not None:  # nobody else gets its pid before we have seen its end
            return self.child.poll() is None
        return is_running(self.pid, self.mark)

    def stop(self, steps: Sequence[tuple[signal.Signals, float]]) -> bool:
        """Send each signal in turn and give it its seconds to work; True when the process has ended."""
        for number, seconds in steps:
            if not self.alive():
                break
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
            for _ in until(seconds):
                if not self.alive():
                    break
        return not self.alive()


def start(
    command: Sequence[str], *, mark: str, log: Path, cwd: Path, servant: Servant, env: Mapping[str, str] | None = None
) -> Process:
    """Start a server in a session of its own, so that Ctrl-C in a terminal does not reach it; output goes to ``log``.

    Raises OSError when it cannot be executed.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 -- the command is put together here, not by a stranger
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_becoming(servant),
        )
    return Process(child.pid, mark, child)


def run(
    command: Sequence[str], *, cwd: Path, servant: Servant, env: Mapping[str, str] | None = None, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end, with ``text`` as its input; errors and output come back together in ``stdout``."""
    return subprocess.run(  # noqa: S603 -- the command is put together here, not by a stranger
        command,
        cwd=cwd,
        env=env,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        start_new_session=True,
        preexec_fn=_becoming(servant),
    )


def _becoming(servant: Servant) -> Callable[[], None] | None:
    return None if servant.is_self else servant.become


def until(seconds: float, pause: float = 0.01) -> Iterator[None]:
    """Turns of a waiting loop: yields at once and then after every pause, until ``seconds`` have passed."""
    end = time.monotonic() + seconds
    yield
    while time.monotonic() < end:
        time.sleep(pause)
        yield
