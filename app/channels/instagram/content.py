"""What one Instagram message says: its type, what people read of it, and its files.

A message may hold several attachments; each is a message of its own here. What is of a kind that cannot be shown (a
shared post, whatever comes next) is said in a sentence for staff, with the provider's own words in ``extra``: the guest
did write, and staff must know. Texts are cut here; ``extra`` is as it came.
"""

from typing import Any, Final

import msgspec

from app.channels.items import InboundMedia
from app.channels.shapes import Json, as_id, as_list, as_object, as_text, as_words
from app.core.types import MessageType

MOST_ATTACHMENTS: Final = 10
LONGEST_ADDRESS: Final = 2_048  # characters of a file's URL; a longer one would be no address once it was cut
LONGEST_KIND: Final = 64
LONGEST_TITLE: Final = 1_000

_FILES: Final = {
    "image": MessageType.IMAGE,
    "video": MessageType.VIDEO,
    "audio": MessageType.AUDIO,
    "file": MessageType.DOCUMENT,
    "story_mention": MessageType.STORY_MENTION,
}
_SENTENCES: Final = {
    "story_mention": "The guest mentioned the hotel in their story.",
    "share": "The guest shared a post",
    "ig_post": "The guest shared a post",
    "ig_reel": "The guest shared a reel",
    "reel": "The guest shared a reel",
}
_LOST: Final = "A message that cannot be shown here."


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """As the fields of the same names in ``InboundMessage``."""

    type: MessageType
    text: str = ""
    wordless: bool = False
    unreadable: bool = False
    choice: str | None = None
    media: InboundMedia | None = None
    extra: dict[str, Any] = {}


def read_contents(message: Json) -> list[Content]:
    """What a message says, in one part or in several: never none. A text beside attachments goes with the first."""
    text = as_words(message.get("text"))
    attachments = as_list(message.get("attachments"))[:MOST_ATTACHMENTS]
    contents = [_attachment(as_object(each)) for each in attachments]
    if contents and text:
        contents[0] = msgspec.structs.replace(contents[0], text=text, wordless=False)
    if contents:
        return contents
    if not text:
        sent: Json = {name: message[name] for name in ("text", "attachments", "is_unsupported") if name in message}
        return [Content(type=MessageType.UNSUPPORTED, text=_LOST, wordless=True, extra=sent)]
    choice = as_id(as_object(message.get("quick_reply")).get("payload")) or None
    return [Content(type=MessageType.TEXT, text=text, choice=choice, extra=pressed(choice, text))]


def read_postback(postback: Json) -> Content:
    """A pressed button."""
    choice = as_id(postback.get("payload")) or None
    title = as_words(postback.get("title")) or choice or ""
    if not title:
        return Content(type=MessageType.UNSUPPORTED, text=_LOST, wordless=True, extra={"postback": postback})
    return Content(type=MessageType.BUTTON, text=title, choice=choice, extra=pressed(choice, title))


def read_referral(referral: Json) -> Content:
    """The guest came by a link or an advertisement, and has said nothing yet."""
    ref = as_words(referral.get("ref"), LONGEST_TITLE).strip()
    text = f"The guest opened the chat by a link: {ref}" if ref else "The guest opened the chat by a link."
    return Content(type=MessageType.UNSUPPORTED, text=text, wordless=True, extra={"referral": referral})


def pressed(choice: str | None, title: str) -> Json:
    """What was pressed, for whoever has to know more of it than its title."""
    return {"choice": {"id": choice, "title": title}} if choice else {}


def _attachment(attachment: Json) -> Content:
    kind = as_text(attachment.get("type"), LONGEST_KIND)
    payload = as_object(attachment.get("payload"))
    address = as_id(payload.get("url"), LONGEST_ADDRESS)
    known = _FILES.get(kind)
    if known is not None and address:
        sentence = _SENTENCES.get(kind, "")
        return Content(type=known, text=sentence, wordless=bool(sentence), media=InboundMedia(provider_id=address))
    return Content(
        type=known or MessageType.UNSUPPORTED,
        text=_LOST if known else _in_a_sentence(kind, payload),
        wordless=True,
        unreadable=known is not None,
        extra={"attachment": attachment},
    )


def _in_a_sentence(kind: str, payload: Json) -> str:
    what = _SENTENCES.get(kind)
    if what is None:
        return f"A message of the kind “{kind}” that cannot be shown here." if kind else _LOST
    shown = (as_words(payload.get("title"), LONGEST_TITLE).strip(), as_id(payload.get("url"), LONGEST_ADDRESS))
    told = " ".join(filter(None, shown))
    return f"{what}: {told}" if told else f"{what}."
