"""What comes in, in our words: a channel's parser makes these of a provider's bytes, and nothing else does.

One body holds many. Each names the account that it is for ("" where only the called address does), and what a provider
may tell twice has an id of its own.
"""

from datetime import datetime
from typing import Any

import msgspec

from app.core.types import MessageType


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote, as the provider names them.

    ``address`` is where an answer goes; ``phone`` is digits only and None for a guest without a number;
    ``provider_phone`` is the provider's spelling of that number (it may differ: match by it, never answer to it);
    ``user_id`` is the provider's own id of the person where it has one; ``name`` is their profile's.
    """

    address: str
    phone: str | None = None
    provider_phone: str | None = None
    user_id: str | None = None
    name: str | None = None


class InboundMedia(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the provider holds for us."""

    provider_id: str
    mime_type: str | None = None
    sha256: str | None = None
    filename: str | None = None
    voice: bool = False


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="message"):
    """One message of a guest, in our words.

    ``external_id`` is the provider's id and the key against doubles. ``choice`` is the id of a button or list row that
    the guest pressed. ``reply_to`` is the external id of the message that this one answers, or reacts to. ``text`` is
    what people read of it, "" where there is nothing; ``wordless`` says that the guest did not write it: it describes
    what they sent. ``unreadable``: it is of a known type, and nothing of it could be read; ``text`` says that.
    ``too_big``: the provider kept their file back for its size. ``group`` is the provider's id of the group it was
    written in. ``sent_at`` is the provider's time, never later than that of receipt. ``extra`` keeps what has no field
    of its own (coordinates, cards, a referral), in the provider's words, and under ``choice`` what was pressed,
    ``{id, title, description}``. It is never larger than ``LARGEST_DETAILS``, nor ``text`` longer than
    ``LONGEST_TEXT`` (``app/core/bounds.py``) and an ellipsis. ``is_awaited``: the provider waits to be told at once
    that it was taken.
    """

    account: str
    external_id: str
    sender: Sender
    type: MessageType
    text: str = ""
    wordless: bool = False
    unreadable: bool = False
    too_big: bool = False
    choice: str | None = None
    media: InboundMedia | None = None
    reply_to: str | None = None
    group: str | None = None
    sent_at: datetime | None = None
    is_awaited: bool = False
    extra: dict[str, Any] = {}


class Echo(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="echo"):
    """Somebody of the hotel answered a guest past us, from the provider's own app.

    ``message`` is what they wrote; its ``sender`` is the guest who got it. ``of_all``: this provider repeats whatever
    the hotel sends, so it may also be a message of ours.
    """

    account: str
    external_id: str
    message: InboundMessage
    of_all: bool = False


class InboundStatus(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="status"):
    """What the provider says became of a message that we sent.

    ``status`` is the provider's word; one that we do not know is kept and changes nothing. ``delivery_id`` is our own
    id of the delivery where the provider carries it back.
    """

    account: str
    external_id: str
    status: str
    delivery_id: int | None = None
    at: datetime | None = None
    error_code: int | None = None
    error_title: str | None = None


class Edited(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="edited"):
    """A message, ``target``, was changed by its writer; ``text`` is what it says now. May come before its original.

    ``group`` is that of the original. ``by_hotel``: it was written in the provider's own app, and ``sender`` is the
    guest who has it.
    """

    account: str
    external_id: str
    sender: Sender
    target: str
    text: str = ""
    group: str | None = None
    at: datetime | None = None
    by_hotel: bool = False


class Revoked(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="revoked"):
    """A message, ``target``, was taken back by its writer. May come before its original. The rest is as above.

    ``parts`` are ids under which further files of it may stand as messages of their own.
    """

    account: str
    external_id: str
    sender: Sender
    target: str
    parts: tuple[str, ...] = ()
    group: str | None = None
    at: datetime | None = None
    by_hotel: bool = False


class IdentityChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="identity"):
    """A guest is known by ``new`` from now on: digits of a number, or a user id. ``old`` is None where not told.

    Where both are the same, the provider cannot say that it is still the same person (a new phone, mostly).
    ``external_id`` is the same whenever the same change is told.
    """

    account: str
    external_id: str
    old: str | None = None
    new: str


class Preference(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="preference"):
    """A guest told the provider whether they want to be written to unasked, ``at`` the provider's time.

    ``sender`` has no name.
    """

    account: str
    sender: Sender
    wanted: bool
    at: datetime | None = None


class Blocked(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="blocked"):
    """A guest has blocked the hotel, or lets it write again; or a group has put it out, or taken it back."""

    account: str
    external_id: str
    sender: Sender
    is_blocked: bool
    at: datetime | None = None


class AccountFault(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="fault"):
    """The provider reports an error of the hotel's own number, of no message in particular."""

    account: str
    code: int | None = None
    title: str | None = None


class TemplateNews(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of a template: its ``status`` now, in the words of a listing (``ProviderTemplate``).
    Without a name: that some are no longer as they were listed."""

    name: str | None = None
    language: str = ""
    status: str = ""
    reason: str | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="notice"):
    """Something about the hotel's standing with the provider: for whoever reads the logs.

    ``account`` is the number that it names, or "". ``business_account`` is the account above the numbers. ``grave``:
    something no longer works, or soon will not. ``template`` is what it says of the account's templates.
    """

    account: str
    business_account: str
    subject: str
    what: str
    grave: bool
    template: TemplateNews | None = None
    details: dict[str, Any] = {}


class Unreadable(msgspec.Struct, frozen=True, kw_only=True, tag_field="item", tag="unreadable"):
    """One item that could not be read; its neighbours could. ``external_id`` is None where it has none."""

    account: str
    reason: str
    external_id: str | None = None


Item = (
    InboundMessage
    | Echo
    | InboundStatus
    | Edited
    | Revoked
    | IdentityChanged
    | Preference
    | Blocked
    | AccountFault
    | Notice
    | Unreadable
)
