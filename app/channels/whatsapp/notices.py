"""What WhatsApp tells of itself: identities that changed, what guests want to get, how the hotel's account stands.

Sources: Meta's webhook reference of the fields ``messages`` (type ``system``), ``user_id_update``,
``user_preferences`` and of the account's own fields.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from app.channels.items import IdentityChanged, Item, Notice, Preference, Sender, TemplateNews, Unreadable
from app.channels.shapes import Json, as_digits, as_id, as_list, as_object, as_text, as_time
from app.channels.whatsapp.identity import as_user_id
from app.core.bounds import fitting

SUBJECTS: Final = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_update",
        "business_capability_update",
        "business_status_update",
        "business_username_update",
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "template_category_update",
    }
)
"""The fields that are about the account, and not about a guest."""

_GRAVE: Final = frozenset(
    {
        *("ACCOUNT_DELETED", "ACCOUNT_OFFBOARDED", "ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION"),
        *("DISABLED_UPDATE", "PARTNER_REMOVED", "DISABLE", "DOWNGRADE", "FLAGGED", "REJECTED"),
        *("DISABLED", "PAUSED", "PENDING_DELETION", "RED", "PIN_RESET_REQUEST", "PIN_CHANGED"),
    }
)
_TEMPLATES: Final = frozenset(
    {"message_template_status_update", "message_template_quality_update", "template_category_update"}
)
_STATUS_WORDS: Final = {"REINSTATED": "APPROVED", "UNPAUSED": "APPROVED"}
_SAYS_WHAT: Final = ("event", "decision", "new_quality_score", "alert_severity", "status")


def notice(account: str, business_account: str, field: str, value: Json) -> Notice:
    """One change of the account's own fields, for the log."""
    what = next(filter(None, (as_text(value.get(name), 64) for name in _SAYS_WHAT)), "")
    grave = what.upper() in _GRAVE or bool(value.get("restriction_info")) or field == "account_alerts"
    return Notice(
        account=account,
        business_account=business_account,
        subject=field,
        what=what,
        grave=grave,
        template=_template(value) if field in _TEMPLATES else None,
        details=fitting(value),
    )


def system_note(account: str, external_id: str, message: Json) -> Iterator[Item]:
    """A message of the type ``system``. Only what concerns a guest's identity gives an item."""
    note = as_object(message.get("system"))
    kind = as_text(note.get("type"))
    was = as_digits(message.get("from")) or as_user_id(message.get("from_user_id"))
    if kind in {"user_changed_number", "customer_changed_number"}:  # as newer and older versions say
        yield _identity(account, external_id, was, as_digits(note.get("wa_id")) or as_digits(note.get("new_wa_id")))
    elif kind == "user_changed_user_id":
        known = as_user_id(message.get("from_user_id")) or as_digits(message.get("from"))
        yield _identity(account, external_id, known, as_user_id(note.get("user_id")))
    elif kind == "customer_identity_changed":
        was = was or as_digits(note.get("customer"))
        yield _identity(account, external_id, was, was)


def user_id_updates(account: str, value: Json) -> Iterator[Item]:
    """``user_id_update[].user_id.{previous,current}``. They have no id of their own."""
    for update in map(as_object, as_list(value.get("user_id_update"))):
        change = as_object(update.get("user_id"))
        old, new = as_user_id(change.get("previous")), as_user_id(change.get("current"))
        known_as = f"user_id_update:{old}:{new}:{as_id(update.get('timestamp'), limit=32)}"
        yield _identity(account, known_as, old or as_digits(update.get("wa_id")), new)


def preferences(account: str, value: Json, *, latest: datetime) -> Iterator[Item]:
    """``user_preferences[]``: whether guests want marketing. Other categories do not exist yet, and are nobody's."""
    for preference in map(as_object, as_list(value.get("user_preferences"))):
        number, user_id = as_digits(preference.get("wa_id")), as_user_id(preference.get("user_id"))
        word = as_text(preference.get("value")).lower()
        if preference.get("category") != "marketing_messages" or word not in {"stop", "resume"}:
            continue
        if address := number or user_id:
            sender = Sender(address=address, phone=number or None, user_id=user_id or None)
            told_at = as_time(preference.get("timestamp"), latest=latest)
            yield Preference(account=account, sender=sender, wanted=word == "resume", at=told_at)


def _template(value: Json) -> TemplateNews:
    """Only ``message_template_status_update`` names an ``event``: the new status."""
    name, language, event = (
        as_text(value.get(key), 512) for key in ("message_template_name", "message_template_language", "event")
    )
    if not (name and language and event):
        return TemplateNews()
    status = event.upper()
    reason = as_text(value.get("reason"), 500) or None
    return TemplateNews(name=name, language=language, status=_STATUS_WORDS.get(status, status), reason=reason)


def _identity(account: str, external_id: str, old: str, new: str) -> IdentityChanged | Unreadable:
    if not new:
        reason = "a changed identity that does not say into what"
        return Unreadable(account=account, reason=reason, external_id=external_id)
    return IdentityChanged(account=account, external_id=external_id, old=old or None, new=new)
