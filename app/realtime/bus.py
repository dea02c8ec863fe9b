"""The bus between processes: Redis pub/sub, and the only module that talks to Redis.

It may lose, repeat and reorder, and says so: nobody builds on a message arriving. What it promises is to notice.
``on_doubt`` is called for a topic whenever something may have been missed: after every subscription is confirmed,
the first time and each time that redis-py has silently connected anew. A beacon goes round every half second; when
none has come back for 1.5 s the connection is given up and made again, and ``healthy`` is false meanwhile.

Publishing never waits and never raises: a message that Redis does not take within half a second is dropped.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

BEACON_EVERY = 0.5
BEACON_LIMIT = 1.5
PUBLISH_TIMEOUT = 0.5
RECONNECT_AFTER = 0.2
QUEUE_LIMIT = 10_000

OnMessage = Callable[[str, bytes], None]
OnDoubt = Callable[[str], None]


class Bus:
    """Topics over one Redis. ``prefix`` keeps several Lobbies on one Redis apart."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._prefix = f"{prefix}:"
        self._beacon = f"beacon:{uuid4().hex}"
        self._wanted: set[str] = {self._beacon}
        self._queue: deque[tuple[str, bytes]] = deque(maxlen=QUEUE_LIMIT)
        self._to_publish = asyncio.Event()
        self._published = asyncio.Event()
        self._published.set()
        self._heard_at = 0.0
        self._is_away = False
        self._tasks: list[asyncio.Task[None]] = []
        self._listeners: dict[str, tuple[OnMessage, OnDoubt]] = {}
        self._on_message: OnMessage = lambda _topic, _payload: None
        self._on_doubt: OnDoubt = lambda _topic: None

    @property
    def healthy(self) -> bool:
        """Whether messages are coming round right now."""
        return time.monotonic() - self._heard_at < BEACON_LIMIT

    def start(self, on_message: OnMessage, on_doubt: OnDoubt) -> None:
        self._on_message, self._on_doubt = on_message, on_doubt
        self._tasks = [
            asyncio.create_task(self._listen(), name="bus-listen"),
            asyncio.create_task(self._publish(), name="bus-publish"),
            asyncio.create_task(self._send_beacons(), name="bus-beacon"),
        ]

    async def stop(self) -> None:
        with contextlib.suppress(TimeoutError):  # a command that ends at once has news too
            await asyncio.wait_for(self._published.wait(), 2 * PUBLISH_TIMEOUT)
        running = set(self._tasks)
        while running:  # redis-py swallows a cancellation that comes while it connects (seen): ask until it is heard
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=0.1)
        self._tasks = []

    def subscribe(self, topic: str, listener: tuple[OnMessage, OnDoubt] | None = None) -> None:
        """Hear of a topic from half a second on at the latest; ``on_doubt`` tells when it has begun.

        It is heard by whoever started the bus, unless a listener of its own is named.
        """
        self._wanted.add(topic)
        if listener is not None:
            self._listeners[topic] = listener

    def unsubscribe(self, topic: str) -> None:
        self._wanted.discard(topic)
        self._listeners.pop(topic, None)

    def publish(self, topic: str, payload: bytes) -> None:
        """Tell the other processes, if Redis lets us."""
        self._queue.append((topic, payload))
        self._published.clear()
        self._to_publish.set()

    async def _send_beacons(self) -> None:
        while True:
            self.publish(self._beacon, b"")
            await asyncio.sleep(BEACON_EVERY)

    async def _publish(self) -> None:
        client = Redis.from_url(
            self._url,
            socket_timeout=PUBLISH_TIMEOUT,
            socket_connect_timeout=PUBLISH_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            while True:
                await self._to_publish.wait()
                self._to_publish.clear()
                batch, self._queue = self._queue, deque(maxlen=QUEUE_LIMIT)
                try:
                    async with client.pipeline(transaction=False) as pipe:
                        for topic, payload in batch:
                            pipe.publish(self._prefix + topic, payload)
                        await pipe.execute()
                except (RedisError, OSError, TimeoutError) as error:
                    log.debug("bus_publish_failed", dropped=len(batch), error=repr(error))
                if not self._queue:
                    self._published.set()
        finally:
            await client.aclose()

    async def _listen(self) -> None:
        while True:
            client = Redis.from_url(self._url, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
            try:
                async with client.pubsub() as pubsub:
                    await self._hear(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                # Once for each time that it goes, not for each try to come back.
                (log.debug if self._is_away else log.warning)("bus_connection_lost", error=repr(error))
                self._is_away = True
            finally:
                with contextlib.suppress(RedisError, OSError):
                    await client.aclose()
            await asyncio.sleep(RECONNECT_AFTER)

    async def _hear(self, pubsub: PubSub) -> None:
        """Until the connection breaks or falls silent."""
        began = time.monotonic()
        subscribed: set[str] = set()
        while True:
            if self._wanted != subscribed:
                subscribed = await self._adjust(pubsub, subscribed)
            # Never cancelled half-way: that would lose what it has read. A new topic waits for the next beacon.
            message = await pubsub.get_message(timeout=BEACON_EVERY)
            if message is not None:
                self._take(message)
            elif time.monotonic() - max(self._heard_at, began) > BEACON_LIMIT:
                raise TimeoutError("the bus has fallen silent")

    async def _adjust(self, pubsub: PubSub, subscribed: set[str]) -> set[str]:
        wanted = set(self._wanted)
        async with asyncio.timeout(1):
            if new := wanted - subscribed:
                await pubsub.subscribe(*(self._prefix + topic for topic in new))
            if old := subscribed - wanted:
                await pubsub.unsubscribe(*(self._prefix + topic for topic in old))
        return wanted

    def _take(self, message: dict[str, object]) -> None:
        name = message["channel"]
        assert isinstance(name, bytes)
        topic = name.decode().removeprefix(self._prefix)
        if topic not in self._wanted:
            return  # on its way still when it was given up
        on_message, on_doubt = self._listeners.get(topic, (self._on_message, self._on_doubt))
        if message["type"] == "message":
            if topic == self._beacon:
                self._heard_at = time.monotonic()
                self._is_away = False
                return
            payload = message["data"]
            assert isinstance(payload, bytes)
            on_message(topic, payload)
        elif message["type"] == "subscribe" and topic != self._beacon:
            on_doubt(topic)
