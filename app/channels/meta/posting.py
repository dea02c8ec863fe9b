"""A message of ours, handed to the Graph API: ``POST {base}/{version}/{account}/messages``.

The API has no idempotency key. So what matters here is to tell apart what was surely not taken (try again) from what
may have been (wait for word of it).
"""

import json
from collections.abc import Callable
from typing import Final

import httpx

from app.channels.base import SendOutcome, SendResult
from app.channels.download import retry_after
from app.channels.meta.graph import can_sign
from app.channels.shapes import Json, as_integer, as_object, as_text
from app.core.text import read_json

_NOTHING_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

Judge = Callable[[Json, int], tuple[SendOutcome, str]]
"""What one of Meta's errors, with its HTTP status, means for a send, and a sentence for staff."""


class GraphPoster:
    """Posts by one client to one host. The bearer goes nowhere else: a redirect is an answer, not a way."""

    def __init__(self, client: httpx.AsyncClient, *, base_url: str, version: str) -> None:
        self._client = client
        self._base = f"{base_url.rstrip('/')}/{version}"

    async def post(self, body: Json, *, account: str, access_token: str) -> httpx.Response | SendResult:
        """The answer, or what became of a request that has none. Never raises for what Meta or the network does, nor
        for credentials that cannot be any."""
        if not can_sign(account, access_token):
            return SendResult(
                outcome=SendOutcome.PAUSE, detail="The channel's account id or access token cannot be one."
            )
        try:
            return await self._client.post(
                f"{self._base}/{account}/messages",
                content=json.dumps(body).encode(),
                headers={"Authorization": f"Bearer {access_token}", "Content-Type": "application/json"},
                follow_redirects=False,
            )
        except _NOTHING_SENT as error:
            return SendResult(outcome=SendOutcome.RETRY, detail=f"Nothing was sent: {type(error).__name__}.")
        except httpx.HTTPError as error:
            return SendResult(outcome=SendOutcome.AMBIGUOUS, detail=f"The answer was lost: {type(error).__name__}.")


def read_body(response: httpx.Response) -> Json:
    """The object in an answer; {} where it holds none."""
    try:
        return as_object(read_json(response.content))
    except ValueError:
        return {}


def read_error(response: httpx.Response, error: Json, judge: Judge) -> SendResult:
    """What an answer that took nothing says; ``error`` is Meta's, {} where there is none."""
    wait = retry_after(response)
    if not error:  # a proxy's or a broken server's page: Meta's own errors are JSON
        detail = f"HTTP {response.status_code} without Meta's error."
        outcome = SendOutcome.THROTTLED if response.status_code == 429 else SendOutcome.RETRY
        return SendResult(outcome=outcome, detail=detail, retry_after=wait)
    outcome, detail = judge(error, response.status_code)
    return SendResult(outcome=outcome, code=as_integer(error.get("code")), detail=detail, retry_after=wait)


def words_of(error: Json) -> str:
    """Meta's own words of an error."""
    details = as_text(as_object(error.get("error_data")).get("details"), 300)
    return details or as_text(error.get("message"), 300)
