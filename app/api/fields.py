"""Fields that many routes take."""

import re
from typing import Annotated, Final

from fastapi import Path, Query, Request
from pydantic import BeforeValidator

from app.api.deps import services

_ID: Final = re.compile("[0-9]{1,18}")


def read_id(given: object) -> int:
    """No sign, no space, no more digits than the database takes."""
    if not isinstance(given, str) or _ID.fullmatch(given) is None:
        raise ValueError("An id is a number of 1 to 18 digits.")
    return int(given)


Id = Annotated[int, BeforeValidator(read_id), Path(json_schema_extra={"format": "int64"})]
Before = Annotated[Annotated[int, BeforeValidator(read_id)] | None, Query(description="The id of a message.")]
Limit = Annotated[int, Query(ge=1, le=1000)]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(ge=1, le=100)]


def page_link(request: Request, page: int) -> str:
    """The address of another page of the same list, under ``PUBLIC_URL``: a Host header says whatever one likes."""
    url = request.url.include_query_params(page=page)
    return f"{services(request).settings.public_url.rstrip('/')}{url.path}?{url.query}"
