"""Where no addresses are set, the embedded PostgreSQL and Valkey serve, except in production."""

from pathlib import Path
from typing import Final

from app.core.settings import Settings
from app.dev import embedded

ROOT: Final = Path(".lobby")
FAKE_GRAPH: Final = ROOT / "fake-graph-url"
META: Final = Settings.model_fields["whatsapp_api_url"].default


def note_fake_graph(url: str) -> None:
    """Where the demo's messages go, for other commands beside `lobby dev`: none of them ever goes to Meta."""
    FAKE_GRAPH.parent.mkdir(exist_ok=True)
    FAKE_GRAPH.write_text(url)


def with_servers(settings: Settings) -> Settings:
    """The settings with both addresses. Servers that had to be started run until this process ends.

    Raises EmbeddedError.
    """
    if settings.database_url and settings.redis_url:
        return settings
    own = embedded.ensure(ROOT)
    if settings.whatsapp_api_url == META and FAKE_GRAPH.exists():
        settings = settings.model_copy(update={"whatsapp_api_url": FAKE_GRAPH.read_text()})
    return settings.model_copy(
        update={
            "database_url": settings.database_url or own.database_url,
            "redis_url": settings.redis_url or own.redis_url,
        }
    )
