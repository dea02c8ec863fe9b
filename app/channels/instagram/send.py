"""A message of ours, handed to the Graph API, and what Meta's answer says became of it.

Nothing of ours can go along that would come back. What may have been taken is settled by its echo.
"""

import httpx
import msgspec

from app.channels.base import NotSendable, Outgoing, ReactionOut, SendOutcome, SendResult
from app.channels.instagram.errors import NOT_PERMITTED, explain, outcome_of
from app.channels.instagram.requests import request_body, sender_action
from app.channels.meta.posting import GraphPoster, read_body, read_error, words_of
from app.channels.shapes import Json, as_id, as_integer, as_object


class InstagramSender:
    """Sends by one client to one host. An ``account`` is the id of the hotel's professional account."""

    def __init__(self, client: httpx.AsyncClient, *, base_url: str, version: str) -> None:
        self._poster = GraphPoster(client, base_url=base_url, version=version)

    async def send(self, message: Outgoing, *, account: str, access_token: str) -> SendResult:
        """One request. Never raises for what Meta or the network does, nor for credentials that cannot be any."""
        try:
            body = request_body(message)
        except NotSendable as error:
            return SendResult(outcome=SendOutcome.REFUSED, detail=str(error))
        answer = await self._poster.post(body, account=account, access_token=access_token)
        if isinstance(answer, SendResult):
            return answer
        if answer.is_success and isinstance(message.content, ReactionOut):  # which gets no id
            return SendResult(outcome=SendOutcome.ACCEPTED, external_id=f"reaction-{message.delivery_id}")
        result = read_answer(answer)
        if message.by_person_late and result.outcome is SendOutcome.PAUSE and result.code in NOT_PERMITTED:
            # The hotel may send, but has not been given the right to answer late.
            return msgspec.structs.replace(result, outcome=SendOutcome.WINDOW)
        return result

    async def act(self, *, to: str, action: str, account: str, access_token: str) -> SendResult:
        """Show the guest what the hotel does."""
        answer = await self._poster.post(sender_action(to, action), account=account, access_token=access_token)
        if isinstance(answer, SendResult):
            return answer
        if answer.is_success:
            return SendResult(outcome=SendOutcome.ACCEPTED)
        return read_answer(answer)


def read_answer(response: httpx.Response) -> SendResult:
    """What the answer says became of the send."""
    answer = read_body(response)
    if not response.is_success:
        return read_error(response, as_object(answer.get("error")), _judge)
    if external_id := as_id(answer.get("message_id")):
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)
    return SendResult(outcome=SendOutcome.AMBIGUOUS, detail="An answer without a message id.")


def _judge(error: Json, http_status: int) -> tuple[SendOutcome, str]:
    code, subcode = as_integer(error.get("code")), as_integer(error.get("error_subcode"))
    return (
        outcome_of(code, subcode=subcode, http_status=http_status),
        explain(code, words_of(error), subcode=subcode, http_status=http_status),
    )
