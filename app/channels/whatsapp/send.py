"""A message of ours, handed to the Graph API: ``POST {base}/{version}/{phone_number_id}/messages``.

The API has no idempotency key. So what matters here is to tell apart what was surely not taken (try again) from what
may have been (wait for a status that carries our delivery id).
"""

import json
from typing import Final

import httpx

from app.channels.base import NotSendable, Outgoing, SendOutcome, SendResult
from app.channels.whatsapp.errors import explain, outcome_of
from app.channels.whatsapp.graph import can_sign, retry_after
from app.channels.whatsapp.requests import read_back, request_body
from app.channels.whatsapp.shapes import Json, as_id, as_integer, as_list, as_object, as_text
from app.core.text import read_json

_NOTHING_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class GraphSender:
    """Sends by one client to one host. The bearer goes nowhere else: a redirect is an answer, not a way."""

    def __init__(self, client: httpx.AsyncClient, *, base_url: str, version: str) -> None:
        self._client = client
        self._base = f"{base_url.rstrip('/')}/{version}"

    async def send(self, message: Outgoing, *, account: str, access_token: str) -> SendResult:
        """One request. Never raises for what Meta or the network does, nor for credentials that cannot be any."""
        try:
            body = request_body(message)
        except NotSendable as error:
            return SendResult(outcome=SendOutcome.REFUSED, detail=str(error))
        answer = await self._post(body, account=account, access_token=access_token)
        return answer if isinstance(answer, SendResult) else read_answer(answer)

    async def mark_read(self, external_id: str, *, typing: bool, account: str, access_token: str) -> SendResult:
        """Tell a guest that their message was read, and perhaps that an answer is being typed."""
        body = read_back(external_id, typing=typing)
        answer = await self._post(body, account=account, access_token=access_token)
        if isinstance(answer, SendResult):
            return answer
        if answer.is_success:
            return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)
        return read_answer(answer)

    async def _post(self, body: Json, *, account: str, access_token: str) -> httpx.Response | SendResult:
        """The answer, or what became of a request that has none."""
        if not can_sign(account, access_token):
            return SendResult(
                outcome=SendOutcome.PAUSE, detail="The channel's number id or access token cannot be one."
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


def read_answer(response: httpx.Response) -> SendResult:
    """What the answer says became of the send."""
    try:
        answer = as_object(read_json(response.content))
    except ValueError:
        answer = {}
    if response.is_success:
        messages = as_list(answer.get("messages"))
        external_id = as_id(as_object(messages[0]).get("id")) if messages else ""
        if external_id:
            return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)
        return SendResult(outcome=SendOutcome.AMBIGUOUS, detail="An answer without a message id.")
    return _read_error(response, as_object(answer.get("error")))


def _read_error(response: httpx.Response, error: Json) -> SendResult:
    wait = retry_after(response)
    if not error:  # a proxy's or a broken server's page: Meta's own errors are JSON
        detail = f"HTTP {response.status_code} without Meta's error."
        outcome = SendOutcome.THROTTLED if response.status_code == 429 else SendOutcome.RETRY
        return SendResult(outcome=outcome, detail=detail, retry_after=wait)
    code = as_integer(error.get("code"))
    details = as_text(as_object(error.get("error_data")).get("details"), 300)
    return SendResult(
        outcome=outcome_of(code, http_status=response.status_code),
        code=code,
        detail=explain(code, details or as_text(error.get("message"), 300), http_status=response.status_code),
        retry_after=wait,
    )
