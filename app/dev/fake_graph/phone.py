"""What one guest's phone has seen."""

import asyncio
import time
from typing import Any


class Phone:
    """Events in order; ``seq`` counts from 1."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    def add(self, kind: str, **fields: Any) -> None:
        self.events.append({"seq": len(self.events) + 1, "kind": kind, "at": time.time(), **fields})
        self.wake()

    def wake(self) -> None:
        """Let everybody go who waits for events."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def since(self, seq: int, wait: float) -> list[dict[str, Any]]:
        """The events after ``seq``; where there is none, whatever comes within ``wait`` seconds."""
        if len(self.events) <= seq and wait > 0:
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                return []
        return self.events[seq:]
