"""The templates of a business account: ``GET {base}/{version}/{business account}/message_templates``, page by page.

A listing is whole or it is none: of one that broke off nobody could say what is gone. The bearer goes to the Graph host
alone: pages are followed by their cursor, never by the address in ``paging.next``.
"""

import asyncio
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx

from app.channels.base import SendOutcome, TemplateListing
from app.channels.meta.graph import is_account, is_token
from app.channels.shapes import Json, as_id, as_integer, as_list, as_object, as_text
from app.channels.whatsapp.errors import outcome_of
from app.core.templates import ProviderTemplate
from app.core.text import clean_json, read_json

MAX_PAGES: Final = 50
LIST_WITHIN: Final = 20.0  # seconds for all pages together: somebody may be waiting for them

_PAGE: Final = 200
_FIELDS: Final = "id,name,language,status,category,parameter_format,components"
_BAD_TOKEN: Final = 190


class GraphTemplates:
    """Lists by one client from one host."""

    def __init__(self, client: httpx.AsyncClient, *, base_url: str, version: str) -> None:
        self._client = client
        self._base = f"{base_url.rstrip('/')}/{version}"

    async def list(self, *, business_account: str, access_token: str) -> TemplateListing:
        """Every template of the account. Never raises for what Meta or the network does."""
        if not is_account(business_account):
            return _failed(SendOutcome.REFUSED, "The channel's business account id cannot be one.")
        if not is_token(access_token):
            return _failed(SendOutcome.PAUSE, "The channel's access token cannot be one.")
        try:
            async with asyncio.timeout(LIST_WITHIN):
                return await self._pages(f"{self._base}/{business_account}/message_templates", access_token)
        except TimeoutError:
            return _failed(SendOutcome.RETRY, f"WhatsApp did not list the templates within {LIST_WITHIN:.0f} s.")
        except httpx.HTTPError as error:
            return _failed(SendOutcome.RETRY, f"WhatsApp did not answer: {type(error).__name__}.")

    async def _pages(self, address: str, access_token: str) -> TemplateListing:
        templates: dict[tuple[str, str], ProviderTemplate] = {}
        seen = {""}
        cursor = ""
        for _ in range(MAX_PAGES):
            response = await self._client.get(
                address,
                params={"fields": _FIELDS, "limit": str(_PAGE)} | ({"after": cursor} if cursor else {}),
                headers={"Authorization": f"Bearer {access_token}"},
                follow_redirects=False,
            )
            page = _read_page(response)
            if isinstance(page, TemplateListing):
                return page
            for template in filter(None, map(_read_template, as_list(page.get("data")))):
                templates[template.name, template.language] = template
            paging = as_object(page.get("paging"))
            if not paging.get("next"):
                return TemplateListing(outcome=SendOutcome.ACCEPTED, templates=tuple(templates.values()))
            cursor = _cursor(paging)
            if cursor in seen:
                return _failed(SendOutcome.RETRY, "WhatsApp's list of templates leads nowhere.")
            seen.add(cursor)
        return _failed(SendOutcome.REFUSED, f"The list of templates has more than {MAX_PAGES} pages.")


def _read_page(response: httpx.Response) -> Json | TemplateListing:
    """The page, or why there is none."""
    try:
        page = as_object(read_json(response.content))
    except ValueError:
        page = {}
    if response.is_success and isinstance(page.get("data"), list):
        return page
    error = as_object(page.get("error"))
    if not error:
        return _failed(SendOutcome.RETRY, f"HTTP {response.status_code} without a list or Meta's error.")
    code = as_integer(error.get("code"))
    outcome = outcome_of(code, http_status=response.status_code)
    if outcome is SendOutcome.PAUSE and code != _BAD_TOKEN:
        outcome = SendOutcome.REFUSED  # a token that may not list templates may still send messages
    details = as_text(as_object(error.get("error_data")).get("details"), 500)
    return TemplateListing(
        outcome=outcome, code=code, detail=details or as_text(error.get("message"), 500) or f"Error {code}."
    )


def _cursor(paging: Json) -> str:
    """Where the next page begins. Where only its address says so, that is read, but not followed."""
    if after := as_id(as_object(paging.get("cursors")).get("after"), limit=4096):
        return after
    try:
        query = parse_qs(urlsplit(as_text(paging.get("next"), 8192)).query)
    except ValueError:
        return ""
    return query.get("after", [""])[0]


def _read_template(value: object) -> ProviderTemplate | None:
    """One entry; None where it has no name and language to send it by. What we do not know of it is kept."""
    entry = as_object(value)
    name, language = as_id(entry.get("name")), as_id(entry.get("language"), limit=16)
    if not name or not language:
        return None
    return ProviderTemplate(
        provider_id=as_id(entry.get("id"), limit=64) or None,
        name=name,
        language=language,
        category=as_text(entry.get("category"), 32).upper(),
        status=as_text(entry.get("status"), 32).upper(),
        parameter_format=as_text(entry.get("parameter_format"), 16).upper() or "POSITIONAL",
        components=tuple(clean_json(each) for each in as_list(entry.get("components")) if isinstance(each, dict)),
    )


def _failed(outcome: SendOutcome, detail: str) -> TemplateListing:
    return TemplateListing(outcome=outcome, detail=detail)
