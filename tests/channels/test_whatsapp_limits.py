"""What cannot be sent is told before, by a stable word and the field at fault; what is too long is cut well."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.base import (
    Choice,
    LocationOut,
    MediaOut,
    MenuOut,
    NotSendable,
    OutgoingContent,
    ReactionOut,
    TemplateOut,
    TextOut,
)
from app.channels.whatsapp import WhatsApp
from app.channels.whatsapp.limits import MAX_PARTS, MAX_TEXT
from app.core.graphemes import is_boundary
from app.core.types import MessageType

FAMILY = "👨‍👩‍👧"


def menu(*titles: str) -> MenuOut:
    return MenuOut(text="Which?", choices=tuple(Choice(id=title, title=title) for title in titles), opens="Choose")


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        (TextOut(text=""), "empty_text", "text"),
        (TextOut(text=" \u200b\ufeff\u2060\n"), "empty_text", "text"),
        (TextOut(text="x" * 4097), "text_too_long", "text"),
        (menu(*(f"Room {number}" for number in range(11))), "too_many_choices", "choices"),
        (menu("Yes", "x" * 25), "title_too_long", "choices"),
        (menu("Yes", "\u200b"), "empty_title", "choices"),
        (MediaOut(type=MessageType.IMAGE, upload_id="1", caption="x" * 1025), "caption_too_long", "text"),
        (MediaOut(type=MessageType.AUDIO, upload_id="1", caption="Listen"), "no_caption", "text"),
        (MediaOut(type=MessageType.CONTACTS, upload_id="1"), "bad_media_type", "media_id"),
        (LocationOut(latitude=90.1, longitude=0), "bad_coordinates", "location"),
        (LocationOut(latitude=0, longitude=-180.1), "bad_coordinates", "location"),
        (LocationOut(latitude=float("nan"), longitude=0), "bad_coordinates", "location"),
        (LocationOut(latitude=0, longitude=0, name="x" * 1001), "text_too_long", "location"),
        (ReactionOut(target="wamid.1", emoji="👍👍"), "bad_emoji", "emoji"),
        (ReactionOut(target="wamid.1", emoji="a"), "bad_emoji", "emoji"),
        (TemplateOut(name="", language="en"), "empty_template", "template"),
    ],
)
def test_what_cannot_be_sent_is_told_with_a_word_and_a_field(
    channel: WhatsApp, content: OutgoingContent, code: str, field: str
) -> None:
    with pytest.raises(NotSendable) as refused:
        channel.check(content)

    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    "content",
    [
        TextOut(text="x" * 4096),
        menu(*("x" * 23 + str(number) for number in range(10))),
        MediaOut(type=MessageType.DOCUMENT, upload_id="", caption="x" * 1024),
        LocationOut(latitude=-90, longitude=180),
        ReactionOut(target="wamid.1", emoji=FAMILY),
        ReactionOut(target="wamid.1", emoji=""),
        TemplateOut(name="wifi", language="pt_PT"),
    ],
)
def test_what_just_fits_can_be_sent(channel: WhatsApp, content: OutgoingContent) -> None:
    channel.check(content)


def test_a_text_that_fits_stays_whole(channel: WhatsApp) -> None:
    for text in ("x", "x" * 4096, FAMILY * 819, "One.\n\nTwo."):
        assert channel.split(text) == [text]


@pytest.mark.parametrize(
    ("before", "gap", "after"),
    [
        ("The first paragraph. " + "x" * 3000, "\n\n", "The second. " + "y z" * 1000),
        ("The first line " + "x" * 3000, "\n", "the second. " + "y z" * 1000),
        ("The first sentence, " + "x " * 1500 + "ends!", " ", "the second" + " y" * 1000),
        ("多" * 3000 + "。", "", "少" * 2000),
        ("word " * 600 + "end", " ", "y" * 4000),
    ],
    ids=["paragraph", "line", "sentence", "chinese_sentence", "word"],
)
def test_a_long_text_is_cut_where_a_reader_would(channel: WhatsApp, before: str, gap: str, after: str) -> None:
    assert channel.split(before + gap + after) == [before, after]


@pytest.mark.parametrize("whole", [FAMILY, "🇵🇹", "👍🏽", "e\u0301", "1️⃣", "각", "क्षि"])
def test_no_cut_goes_through_what_a_reader_sees_as_one(channel: WhatsApp, whole: str) -> None:
    for before in range(MAX_TEXT - len(whole), MAX_TEXT + 1):
        text = "x" * before + whole * 3 + "y" * 20

        first, second = channel.split(text)

        assert first + second == text
        assert len(first) <= MAX_TEXT
        assert re.fullmatch(f"x+(?:{re.escape(whole)})*", first)


def test_flags_are_cut_in_pairs(channel: WhatsApp) -> None:
    parts = channel.split("x" + "🇵🇹" * 4000)

    assert "".join(parts) == "x" + "🇵🇹" * 4000
    assert all(part.removeprefix("x").count("🇵") == part.count("🇹") for part in parts)
    assert all(part.removeprefix("x").startswith("🇵") for part in parts)


def test_eight_messages_hold_what_they_can_and_no_more(channel: WhatsApp) -> None:
    most = MAX_TEXT * MAX_PARTS
    sentences = ("Breakfast is served. " * 1560)[:most].strip()

    assert [len(part) for part in channel.split("x" * most)] == [MAX_TEXT] * MAX_PARTS
    assert len(channel.split(sentences)) == MAX_PARTS
    with pytest.raises(NotSendable) as refused:
        channel.split("x" * (most + 1))
    assert (refused.value.code, refused.value.field) == ("text_too_long", "text")


PIECES = st.sampled_from(["word ", "A sentence. ", "\n\n", "\n", FAMILY, "🇵🇹", "e\u0301", "x" * 900, " " * 300, "。"])


@given(st.lists(PIECES, min_size=1, max_size=60))
def test_nothing_but_the_space_around_a_cut_is_lost(pieces: list[str]) -> None:
    text = "".join(pieces).strip() or "x"
    channel = WhatsApp.__new__(WhatsApp)  # no request is made

    parts = channel.split(text)

    assert all(0 < len(part) <= MAX_TEXT and part == part.strip() for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)
    place = 0
    for part in parts:
        place = text.index(part, place)
        assert is_boundary(text, place)
        place += len(part)
