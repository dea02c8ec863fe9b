"""How every contract writes a moment: UTC, ISO 8601, ending in ``Z``, to the microsecond that the database keeps."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer


def to_wire(at: datetime) -> str:
    """``2025-09-23T10:30:00Z``, with a fraction only where there is one."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Timestamp = Annotated[datetime, PlainSerializer(to_wire, return_type=str)]
