"""The codes of errors that single operations may answer with, as the API's description tells them."""

from typing import Any, Final

from app.api.examples import examples

FIELDS: Final = 422  # told as 400 on the documents' paths

_MEANINGS: Final[dict[str, tuple[int, str]]] = {
    "bad_fields": (FIELDS, "a field is missing or wrong; `details` names it"),
    "bad_body": (FIELDS, "the body cannot be read"),
    "empty_text": (FIELDS, "the text shows nothing"),
    "text_too_long": (FIELDS, "it is longer than the channel takes; WhatsApp: eight messages"),
    "caption_too_long": (
        FIELDS,
        "the text beside a file is longer than the channel takes; WhatsApp: 1,024 characters",
    ),
    "no_caption": (FIELDS, "sound and stickers take no text, nor does any file on Instagram"),
    "bad_coordinates": (FIELDS, "there is no such place on earth"),
    "no_location": (FIELDS, "the channel shows no places"),
    "bad_media_type": (FIELDS, "the channel takes no file of this kind"),
    "no_such_file": (FIELDS, "not an uploaded file of the caller's, or gone"),
    "no_such_message": (FIELDS, "a message that is named is not of this conversation, or not of its guest"),
    "bad_emoji": (FIELDS, "not one emoji"),
    "bad_phone": (FIELDS, "not a phone number with its country code"),
    "no_such_user": (FIELDS, "no active staff user who sees the conversation"),
    "bad_template_values": (FIELDS, "a variable is missing, surplus or cannot be sent; `details` names it"),
    "template_not_sendable": (409, "it is not approved, or was disabled; the sentence says why"),
    "bad_chat_id": (FIELDS, "no chat can be called so"),
    "no_active_stay": (403, "no guest with this number stays here now"),
    "unauthenticated": (401, "what is shown opens nothing, whatever the reason"),
    "bad_signature": (403, "the address is not one of ours, or has run out"),
    "forbidden": (403, "not for this user"),
    "csrf_failed": (403, "by cookie, and without its CSRF token in `X-CSRFToken`; a new visitor is given both"),
    "bad_verify_token": (403, "the verify token is not one of ours"),
    "not_found": (404, "there is no such thing in this hotel"),
    "not_stored": (404, "the file is not there, or not yet: `details` has its `state` and `error`"),
    "no_such_channel": (404, "there is no such web chat, or none at all"),
    "no_such_chat": (404, "the caller has no such chat"),
    "no_such_template": (404, "the channel has no such template"),
    "no_such_guest": (404, "no guest of this hotel has this number"),
    "no_such_page": (404, "a page past the end"),
    "no_such_stay": (409, "not just one stay that goes on, or is to begin, is meant; `details` has those that match"),
    "already_decided": (409, "the claim is decided; `details` has its `status`, `stay_id`, `decided_by`"),
    "username_taken": (409, "a user has this name, in whatever case"),
    "window_closed": (409, "the guest last wrote more than 24 hours ago, or never: only a template can be sent"),
    "conversation_open": (409, "the guest has another open conversation with this department"),
    "conversation_closed": (409, "the conversation is closed"),
    "already_closed": (409, "the conversation is closed already; `details` has its `status`"),
    "not_closed": (409, "the conversation is open; `details` has its `status`"),
    "already_there": (409, "the conversation is with that department already"),
    "moved_meanwhile": (409, "somebody else has moved the conversation; `details` has its `department`"),
    "already_assigned": (409, "somebody has it: `details` has `assignee_id` and `assignee_name`, null for nobody"),
    "prioritised_meanwhile": (409, "somebody else has changed the priority; `details` has the `priority`"),
    "no_channel": (409, "no channel of the hotel leads to this guest"),
    "client_message_id_used": (409, "it was used for another conversation, or another guest"),
    "opted_out": (409, "the guest has asked to be left alone"),
    "no_reaction": (409, "the message is none of a guest's, or was taken back"),
    "not_failed": (409, "it has not failed, or is being tried again already"),
    "request_not_failed": (409, "it has not failed; `details` has its `status`"),
    "channel_not_in_use": (409, "its web chat is not in use"),
    "not_paused": (409, "the channel is not paused"),
    "not_in_relay": (409, "no relay is going on"),
    "no_business_account": (409, "the channel has no business account to list templates of, or its kind no templates"),
    "provider_refused": (409, "the provider refuses; the sentence says why"),
    "not_staying": (409, "the conversation's guest is not staying just now"),
    "not_to_their_number": (409, "the conversation does not lead to the guest's own number on WhatsApp"),
    "gone": (410, "the file was deleted"),
    "link_used": (410, "the link has opened a session before"),
    "too_big": (413, "the body, or the file in it, is larger than it may be"),
    "unsupported_media_type": (415, "a file, or a body, of a kind that is not taken"),
    "too_many_requests": (429, "too much in a short time; `Retry-After` says how many seconds to wait"),
    "provider_unavailable": (503, "the provider does not answer"),
}

CODES: Final = frozenset(_MEANINGS)


def refused(*codes: str) -> dict[int | str, dict[str, Any]]:
    """For ``responses=`` of a route: these codes with their meanings and an example each, by their status."""
    named: dict[int, list[str]] = {}
    for code in codes:
        named.setdefault(_MEANINGS[code][0], []).append(code)
    return {
        status: {
            "description": "\n".join(f"- `{code}`: {_MEANINGS[code][1]}" for code in named[status]),
            "content": examples(*named[status]),
        }
        for status in sorted(named)
    }


SENDING: Final = (
    "bad_fields",
    "bad_body",
    "empty_text",
    "text_too_long",
    "caption_too_long",
    "no_caption",
    "bad_coordinates",
    "no_location",
    "bad_media_type",
    "no_such_file",
    "no_such_message",
    "not_found",
    "forbidden",
    "window_closed",
    "conversation_open",
    "client_message_id_used",
)
