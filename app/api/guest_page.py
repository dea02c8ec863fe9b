"""The page behind a guest's personal link, ``/guest/``: what the hotel writes, as it is written.

One file that loads nothing else; its policy names the very script and style that stand in it.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse

router = APIRouter()

_PAGE: Final = (Path(__file__).parent / "pages" / "guest.html").read_text(encoding="utf-8")


def _source(tag: str) -> str:
    found = re.search(f"<{tag}>(.*?)</{tag}>", _PAGE, re.DOTALL)
    assert found is not None, tag
    return f"{tag}-src 'sha256-{base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()}'"


_HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; {_source('script')}; {_source('style')}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@router.get("/guest/", include_in_schema=False, response_class=HTMLResponse)
async def page() -> HTMLResponse:
    return HTMLResponse(_PAGE, headers=_HEADERS)
