"""Databases without a table, for what makes tables."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tests import servers


@contextmanager
def create_bare_database() -> Iterator[str]:
    """Its address."""
    running = servers.start()
    name = f"bare_{secrets.token_hex(4)}"
    yield servers.create_database(running, "template0", name)
    servers.drop_database(running, name)
