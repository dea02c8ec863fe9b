"""Where no addresses are set, the embedded PostgreSQL and Valkey serve, except in production."""

from pathlib import Path
from typing import Final

from app.core.settings import Settings
from app.dev import embedded

ROOT: Final = Path(".lobby")


def with_servers(settings: Settings) -> Settings:
    """The settings with both addresses. Servers that had to be started run until this process ends.

    Raises EmbeddedError.
    """
    if settings.database_url and settings.redis_url:
        return settings
    own = embedded.ensure(ROOT)
    return settings.model_copy(
        update={
            "database_url": settings.database_url or own.database_url,
            "redis_url": settings.redis_url or own.redis_url,
        }
    )
