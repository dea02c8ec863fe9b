"""The codes of errors that single operations may answer with, as the API's description tells them."""

from typing import Any, Final

FIELDS: Final = 422  # told as 400 on the documents' paths

_MEANINGS: Final[dict[str, tuple[int, str]]] = {
    "bad_fields": (FIELDS, "a field is missing or wrong; `details` names it"),
    "bad_body": (FIELDS, "the body cannot be read"),
    "empty_text": (FIELDS, "the text shows nothing"),
    "text_too_long": (FIELDS, "it would be more than eight messages"),
    "caption_too_long": (FIELDS, "the text beside a file has more than 1,024 characters"),
    "no_caption": (FIELDS, "sound and stickers take no text"),
    "bad_coordinates": (FIELDS, "there is no such place on earth"),
    "no_such_file": (FIELDS, "not an uploaded file of the caller's, or gone"),
    "no_such_message": (FIELDS, "the quoted message is not of this conversation"),
    "bad_emoji": (FIELDS, "not one emoji"),
    "bad_template_values": (FIELDS, "a variable is missing, surplus or cannot be sent; `details` names it"),
    "template_not_sendable": (409, "it is not approved, or was disabled; the sentence says why"),
    "bad_signature": (403, "the address is not one of ours, or has run out"),
    "forbidden": (403, "not for this user"),
    "bad_verify_token": (403, "the verify token is not one of ours"),
    "not_found": (404, "there is no such thing in this hotel"),
    "not_stored": (404, "the file is not there, or not yet: `details` has its `state` and `error`"),
    "no_such_template": (404, "the channel has no such template"),
    "no_such_page": (404, "a page past the end"),
    "window_closed": (409, "the guest last wrote more than 24 hours ago, or never: only a template can be sent"),
    "conversation_open": (409, "the guest has another open conversation with this department"),
    "client_message_id_used": (409, "it was used for another conversation"),
    "opted_out": (409, "the guest has asked to be left alone"),
    "no_reaction": (409, "the message is none of a guest's, or was taken back"),
    "not_failed": (409, "it has not failed, or is being tried again already"),
    "not_paused": (409, "the channel is not paused"),
    "not_in_relay": (409, "no relay is going on"),
    "no_business_account": (409, "the channel has no business account to list templates of"),
    "provider_refused": (409, "the provider refuses; the sentence says why"),
    "gone": (410, "the file was deleted"),
    "too_big": (413, "the file is larger than its kind may be"),
    "unsupported_media_type": (415, "a file of a kind that is not taken"),
    "provider_unavailable": (503, "the provider does not answer"),
}

CODES: Final = frozenset(_MEANINGS)


def refused(*codes: str) -> dict[int | str, dict[str, Any]]:
    """For ``responses=`` of a route: these codes with their meanings, by their status."""
    sentences: dict[int, list[str]] = {}
    for code in codes:
        status, meaning = _MEANINGS[code]
        sentences.setdefault(status, []).append(f"- `{code}`: {meaning}")
    return {status: {"description": "\n".join(sentences[status])} for status in sorted(sentences)}


SENDING: Final = (
    "bad_fields",
    "bad_body",
    "empty_text",
    "text_too_long",
    "caption_too_long",
    "no_caption",
    "bad_coordinates",
    "no_such_file",
    "no_such_message",
    "not_found",
    "forbidden",
    "window_closed",
    "conversation_open",
    "client_message_id_used",
)
