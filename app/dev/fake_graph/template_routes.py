"""``GET /{version}/{account}/message_templates``: an account's templates, a page at a time.

?fields= &limit= &after= &before= &status= &name= &language= &category=
"""

import base64
import binascii
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.dev.fake_graph.access import account_owner
from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.state import FakeGraph

PAGE: Final = 25
FILTERS: Final = ("status", "name", "language", "category")


async def list_templates(request: Request) -> Response:
    fake: FakeGraph = request.app.state.fake
    number = account_owner(request, fake.config)
    query = request.query_params
    found = [each.listed() for each in fake.templates.of(number.business_account_id)]
    for name in FILTERS:
        if wanted := query.get(name):
            found = [each for each in found if each[name] == wanted]
    limit = _limit(query.get("limit", str(PAGE)))
    begin = _begin(request, limit)
    page = found[begin : begin + limit]
    answer: dict[str, Any] = {"data": [_only(each, query.get("fields", "")) for each in page]}
    if page:
        after, before = _cursor(begin + len(page)), _cursor(begin)
        answer["paging"] = {"cursors": {"before": before, "after": after}}
        if begin + limit < len(found):
            answer["paging"]["next"] = _link(request, after=after)
        if begin > 0:
            answer["paging"]["previous"] = _link(request, before=before)
    return JSONResponse(answer)


def _only(template: dict[str, Any], fields: str) -> dict[str, Any]:
    wanted = [each.strip() for each in fields.split(",") if each.strip()]
    return {name: value for name, value in template.items() if not wanted or name in {*wanted, "id"}}


def _limit(given: str) -> int:
    if not given.isascii() or not given.isdigit() or not 0 < int(given) <= 1000:
        raise GraphError(100, "Invalid parameter", details="limit is a number from 1 to 1000.")
    return int(given)


def _begin(request: Request, limit: int) -> int:
    if after := request.query_params.get("after"):
        return _position(after)
    if before := request.query_params.get("before"):
        return max(0, _position(before) - limit)
    return 0


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"at {position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("at "))
    except (binascii.Error, ValueError):
        raise GraphError(100, "Invalid cursors values") from None


def _link(request: Request, **cursor: str) -> str:
    query = {name: value for name, value in request.query_params.items() if name not in {"after", "before"}}
    return f"{str(request.url).partition('?')[0]}?{urlencode(query | cursor)}"
