"""A worker process of drill 6: the outbox as it is, with short seconds. Writes what each send came to, one line each.

With ``--blind`` it is the control: a send whose answer was lost is sent again at once, and nobody is told.
"""

import asyncio
import signal
import sys
from datetime import timedelta

import httpx

from app.channels.base import Credentials, Outgoing, SendResult
from app.channels.registry import ChannelRegistry
from app.channels.whatsapp import WhatsApp
from app.core.clock import utc_now
from app.core.settings import load_settings
from app.core.vault import Vault
from app.logs import configure_logging
from app.services.outbox.service import Outbox
from app.services.outbox.worker import OutboxWorker
from app.store.claims import ClaimedDelivery
from app.store.database import Database, create_engine
from app.store.unit_of_work import UnitOfWork
from tests.serving import PLAIN

ANSWER_WITHIN = 1.5
"""Seconds; long enough that a busy machine answers, but for those told to be silent."""
CONFIRMED_WITHIN = timedelta(seconds=1)
UNIT = timedelta(milliseconds=5)


class BlindOutbox(Outbox):
    async def _ambiguous(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        await self._put_back(work, delivery, result, self._clock())


class WatchedWhatsApp(WhatsApp):
    async def send(self, message: Outgoing, *, account: str, credentials: Credentials) -> SendResult:
        result = await super().send(message, account=account, credentials=credentials)
        sys.stdout.write(f"{message.delivery_id} {result.outcome}\n")
        sys.stdout.flush()
        return result


async def main(kind: type[Outbox]) -> None:
    settings, stop = load_settings(), asyncio.Event()
    configure_logging(settings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    url, version = settings.whatsapp_api_url, settings.whatsapp_api_version
    database = Database(create_engine(settings.database_url))
    async with httpx.AsyncClient(verify=PLAIN, timeout=httpx.Timeout(10, read=ANSWER_WITHIN)) as client:
        outbox = kind(
            database=database,
            channels=ChannelRegistry([WatchedWhatsApp(client, base_url=url, version=version)]),
            vault=Vault(settings.secret_key.get_secret_value()),
            clock=utc_now,
            confirmation_wait=CONFIRMED_WITHIN,
            unit=UNIT,
        )
        worker = OutboxWorker(outbox, nothing_came_in, idle=0.05)
        worker.start()
        await stop.wait()
        await worker.stop()
    await database.dispose()


async def nothing_came_in() -> bool:
    return False


if __name__ == "__main__":
    asyncio.run(main(BlindOutbox if "--blind" in sys.argv else Outbox))
