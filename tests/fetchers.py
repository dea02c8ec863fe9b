"""Fetchers of guests' files by hand: what a download brings, and when, is up to the test."""

from collections.abc import Awaitable, Callable
from typing import BinaryIO

from app.channels.base import Credentials, FetchResult, MediaSource
from app.channels.registry import ChannelRegistry
from app.channels.whatsapp import WhatsApp
from app.core.clock import Clock
from app.core.settings import Settings
from app.core.vault import Vault
from app.media.incoming import Porter
from app.media.storage import MediaStorage
from app.services.files.fetching import RENEW_EVERY, MediaFetcher
from app.store.database import Database

Download = Callable[[str, BinaryIO], Awaitable[FetchResult]]
"""Writes what the provider calls by this id."""


class ScriptedWhatsApp(WhatsApp):
    """WhatsApp whose downloads come from a function of the test instead of from Meta."""

    def __init__(self, download: Download) -> None:
        self._download = download

    async def fetch(
        self, file: MediaSource, *, account: str, credentials: Credentials, into: BinaryIO, limit: int
    ) -> FetchResult:
        assert file.provider_id is not None
        return await self._download(file.provider_id, into)


def scripted_fetcher(
    settings: Settings, database: Database, clock: Clock, download: Download, *, renew_every: float = RENEW_EVERY
) -> MediaFetcher:
    return MediaFetcher(
        database=database,
        channels=ChannelRegistry([ScriptedWhatsApp(download)]),
        vault=Vault(settings.secret_key.get_secret_value()),
        porter=Porter(MediaStorage(settings)),
        clock=clock,
        renew_every=renew_every,
        jitter=lambda: 1.0,
    )
