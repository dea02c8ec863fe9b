"""A message of ours, handed to the Graph API, and what Meta's answer says became of it.

What may have been taken is settled by a status that carries our delivery id.
"""

import httpx

from app.channels.base import NotSendable, Outgoing, SendOutcome, SendResult
from app.channels.meta.posting import GraphPoster, read_body, read_error, words_of
from app.channels.shapes import Json, as_id, as_integer, as_list, as_object
from app.channels.whatsapp.errors import explain, outcome_of
from app.channels.whatsapp.requests import read_back, request_body


class GraphSender:
    """Sends by one client to one host. An ``account`` is a ``phone_number_id``."""

    def __init__(self, client: httpx.AsyncClient, *, base_url: str, version: str) -> None:
        self._poster = GraphPoster(client, base_url=base_url, version=version)

    async def send(self, message: Outgoing, *, account: str, access_token: str) -> SendResult:
        """One request. Never raises for what Meta or the network does, nor for credentials that cannot be any."""
        try:
            body = request_body(message)
        except NotSendable as error:
            return SendResult(outcome=SendOutcome.REFUSED, detail=str(error))
        answer = await self._poster.post(body, account=account, access_token=access_token)
        return answer if isinstance(answer, SendResult) else read_answer(answer)

    async def mark_read(self, external_id: str, *, typing: bool, account: str, access_token: str) -> SendResult:
        """Tell a guest that their message was read, and perhaps that an answer is being typed."""
        body = read_back(external_id, typing=typing)
        answer = await self._poster.post(body, account=account, access_token=access_token)
        if isinstance(answer, SendResult):
            return answer
        if answer.is_success:
            return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)
        return read_answer(answer)


def read_answer(response: httpx.Response) -> SendResult:
    """What the answer says became of the send."""
    answer = read_body(response)
    if not response.is_success:
        return read_error(response, as_object(answer.get("error")), _judge)
    messages = as_list(answer.get("messages"))
    external_id = as_id(as_object(messages[0]).get("id")) if messages else ""
    if external_id:
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)
    return SendResult(outcome=SendOutcome.AMBIGUOUS, detail="An answer without a message id.")


def _judge(error: Json, http_status: int) -> tuple[SendOutcome, str]:
    code = as_integer(error.get("code"))
    return outcome_of(code, http_status=http_status), explain(code, words_of(error), http_status=http_status)
