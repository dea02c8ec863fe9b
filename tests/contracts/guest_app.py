"""A program that posts to document 2's guest webhook."""

from dataclasses import dataclass
from typing import Any

import httpx

GUEST_WEBHOOK = "/api/chat/guest-webhook/"
JOHN = "+1234567890"

PRINTED: dict[str, Any] = {
    "whatsapp_number": "+1234567890",
    "message": "I need help with my room",
    "message_type": "text",
    "media_url": "optional_url",
    "media_filename": "optional_filename",
}
"""Document 2's "Request Body", as it stands."""


@dataclass
class GuestApp:
    client: httpx.AsyncClient

    async def post(self, *, key: str | None = None, **options: Any) -> httpx.Response:
        """``options`` are httpx's: ``json``, ``data`` or ``content``."""
        headers = {**({"X-Api-Key": key} if key is not None else {}), **options.pop("headers", {})}
        return await self.client.post(GUEST_WEBHOOK, headers=headers, **options)

    async def say(self, message: str, number: str = JOHN, **more: Any) -> dict[str, Any]:
        """The answer to a message that is taken."""
        answer = await self.post(json={"whatsapp_number": number, "message": message, **more})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body
