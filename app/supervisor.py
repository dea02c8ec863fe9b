"""Several serving processes on one socket: started, replaced when one dies, and ended together."""

import multiprocessing
import signal
import socket
import time
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Final

import structlog

from app.core.settings import Settings
from app.logs import configure_logging
from app.server import DRAIN_SECONDS, FINISH_SECONDS, Extend, bind, run_process

log = structlog.get_logger(__name__)

PATIENCE: Final = DRAIN_SECONDS + 2 * FINISH_SECONDS + 5  # the drain, then requests, then the outbox
SHORT_LIFE: Final = 2.0


class Stop(Exception):
    """A signal asked for the end."""


def serve(settings: Settings, extend: Extend | None = None) -> None:
    """Serve with as many processes as the settings say, until told to end. Raises ``server.PortInUse``."""
    listening = bind(settings.host, settings.port)
    try:
        if settings.workers == 1:
            run_process(settings, listening, extend)
        else:
            _supervise(settings, listening, extend)
    finally:
        listening.close()


def _supervise(settings: Settings, listening: socket.socket, extend: Extend | None) -> None:
    configure_logging(settings)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _raise_stop)
    workers: list[BaseProcess] = []
    try:
        while len(workers) < settings.workers:
            workers.append(_start(settings, listening, extend))
        while True:
            wait([worker.sentinel for worker in workers])
            for place, worker in enumerate(workers):
                if not worker.is_alive():
                    log.error("worker_died", pid=worker.pid, exitcode=worker.exitcode)
                    time.sleep(SHORT_LIFE)  # one that cannot start is not started in a tight circle
                    workers[place] = _start(settings, listening, extend)
    except Stop:
        _end(workers)


def _start(settings: Settings, listening: socket.socket, extend: Extend | None) -> BaseProcess:
    # Spawned, not forked: a child begins with nothing of the parent's threads and connections.
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=run_process, args=(settings, listening, extend), name="lobby-worker")
    worker.start()
    log.info("worker_started", pid=worker.pid)
    return worker


def _end(workers: list[BaseProcess]) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    for worker in workers:
        worker.terminate()
    until = time.monotonic() + PATIENCE
    for worker in workers:
        worker.join(max(0.0, until - time.monotonic()))
        if worker.is_alive():
            log.error("worker_killed", pid=worker.pid)
            worker.kill()
            worker.join()


def _raise_stop(_signal: int, _frame: FrameType | None) -> None:
    raise Stop
