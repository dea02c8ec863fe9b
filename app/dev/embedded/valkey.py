"""The embedded Valkey: pub/sub between workers, nothing kept on disk.

It listens on 127.0.0.1, on a port of its own, with a random password: any user of the machine can reach a port. Port
and password stand in its configuration file (mode 0600, not on the command line) and are used again, so that the
address stays the same after a restart.
"""

import os
import secrets
import signal
import socket
from pathlib import Path

from app.dev.embedded import binaries, processes
from app.dev.embedded.errors import EmbeddedError
from app.dev.embedded.privileges import Servant, servant_for
from app.dev.embedded.processes import Process, until

HOST = "127.0.0.1"
READY_SECONDS = 20.0
ATTEMPTS = 3  # somebody else may take the port between our choice and its start
STOP_STEPS = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


class Valkey:
    """Valkey with its configuration, pid and log in ``root/valkey``."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "valkey"
        self.config = self.folder / "valkey.conf"
        self.pid_file = self.folder / "valkey.pid"
        self.log = root / "valkey.log"
        self.process: Process | None = None
        self.port = 0
        self.password = ""

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def alive(self) -> bool:
        return self.process is not None and self.process.alive()

    def start(self) -> None:
        """Take over the server that runs on our configuration, or start one; returns when it answers.

        Raises EmbeddedError or OSError.
        """
        program = binaries.valkey()
        self.folder.mkdir(exist_ok=True, mode=0o700)
        servant = servant_for(self.folder, program)
        servant.own(self.folder)
        self._read_config()
        if self._adopt():
            return
        self.log.write_bytes(b"")
        for _ in range(ATTEMPTS):
            self._write_config(servant)
            self.process = processes.start(
                [str(program), str(self.config)], mark=str(self.config), log=self.log, cwd=self.folder, servant=servant
            )
            if self._wait_until_ready():
                self.pid_file.write_text(str(self.process.pid))
                return
            self.stop()
            self.port = 0
        lines = self.log.read_text(errors="replace").split("\n")
        reason = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
        raise EmbeddedError(f"Valkey could not start ({reason}): its log is {self.log}.")

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop(STOP_STEPS)

    def _adopt(self) -> bool:
        try:
            found = Process(int(self.pid_file.read_text()), str(self.config))
        except (FileNotFoundError, ValueError):
            return False
        self.process = found
        if found.alive() and self._answers():
            return True
        found.stop(STOP_STEPS)
        return False

    def _read_config(self) -> None:
        if self.config.exists():
            lines = self.config.read_text().splitlines()
            settings = dict(line.split(" ", 1) for line in lines if " " in line)
            port = settings.get("port", "")
            self.port = int(port) if port.isdecimal() else 0
            self.password = settings.get("requirepass", "")

    def _write_config(self, servant: Servant) -> None:
        self.port = self.port or _free_port()
        self.password = self.password or secrets.token_hex(16)
        lines = {
            "bind": HOST,
            "port": self.port,
            "requirepass": self.password,
            "save": '""',
            "appendonly": "no",
            "daemonize": "no",
            "loglevel": "warning",
            "set-proc-title": "no",  # its command line must keep the configuration's path
        }
        text = "".join(f"{name} {value}\n" for name, value in lines.items())
        with os.fdopen(os.open(self.config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        servant.own(self.config)

    def _wait_until_ready(self) -> bool:
        for _ in until(READY_SECONDS):
            if not self.alive():
                return False
            if self._answers():
                return True
        return False

    def _answers(self) -> bool:
        """Whether it is our Valkey that listens on the port: it knows the password."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\n".encode())
                return connection.recv(16).startswith(b"+OK")
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
