"""The hotel's own channel: what it takes, how it cuts, and that it neither believes nor fetches anything."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.base import (
    Choice,
    Credentials,
    FetchOutcome,
    LocationOut,
    Malformed,
    MediaOut,
    MenuOut,
    NotSendable,
    Outgoing,
    OutgoingContent,
    ReactionOut,
    SendOutcome,
    TemplateOut,
    TextOut,
)
from app.channels.house import MAX_TEXT
from app.channels.internal import Internal
from app.channels.items import InboundMedia
from app.core.bounds import LONGEST_TEXT
from app.core.graphemes import is_boundary
from app.core.types import MessageType, Platform

FAMILY = "👨‍👩‍👧"
NOBODY = Credentials()
MENU = MenuOut(text="Which?\n1. This", choices=(Choice(id="1", title="This"),), opens="Choose")


@pytest.fixture
def channel() -> Internal:
    return Internal()


@pytest.mark.parametrize(
    "content",
    [
        TextOut(text="x" * LONGEST_TEXT),
        MENU,
        *(MediaOut(type=kind, upload_id="1", caption="Our pool") for kind in (MessageType.AUDIO, MessageType.STICKER)),
        LocationOut(latitude=38.7, longitude=-9.1, name="Torre de Belém"),
        ReactionOut(target="1", emoji="👍"),
        ReactionOut(target="1", emoji=""),
    ],
)
def test_it_takes_what_a_guests_socket_shows(channel: Internal, content: OutgoingContent) -> None:
    channel.check(content)


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        (TextOut(text=" \u200b\n"), "empty_text", "text"),
        (TextOut(text="x" * (LONGEST_TEXT + 1)), "text_too_long", "text"),
        (MediaOut(type=MessageType.IMAGE, upload_id="1", caption="x" * (LONGEST_TEXT + 1)), "caption_too_long", "text"),
        (LocationOut(latitude=91, longitude=0), "bad_coordinates", "location"),
        (LocationOut(latitude=0, longitude=float("nan")), "bad_coordinates", "location"),
        (LocationOut(latitude=0, longitude=0, address="x" * 1001), "text_too_long", "location"),
        (ReactionOut(target="1", emoji="fine"), "bad_emoji", "emoji"),
        (TemplateOut(name="hello_world", language="en"), "no_template", "template"),
    ],
)
def test_it_says_what_cannot_be_shown(channel: Internal, content: OutgoingContent, code: str, field: str) -> None:
    with pytest.raises(NotSendable) as refused:
        channel.check(content)

    assert (refused.value.code, refused.value.field) == (code, field)


async def test_sending_accepts_at_once_under_the_deliverys_own_id(channel: Internal) -> None:
    results = [
        await channel.send(
            Outgoing(delivery_id=number, to="1234567890", content=TextOut(text="Hello")),
            account="hotel-1",
            credentials=NOBODY,
        )
        for number in (7, 7, 8)
    ]

    assert {each.outcome for each in results} == {SendOutcome.ACCEPTED}
    assert results[0].external_id == results[1].external_id != results[2].external_id


def test_a_text_is_one_message_up_to_what_is_kept_of_any(channel: Internal) -> None:
    assert channel.split(f"  {'x' * LONGEST_TEXT}\n") == ["x" * LONGEST_TEXT]


def test_a_longer_one_is_cut_between_words_or_between_characters(channel: Internal) -> None:
    words = ("word " * (MAX_TEXT // 5)).strip()
    first, *rest = channel.split(words)
    assert " ".join([first, *rest]) == words
    assert len(first) <= LONGEST_TEXT < len(first) + 5

    families = FAMILY * (LONGEST_TEXT // len(FAMILY) + 1)
    first, second = channel.split(families)
    assert first + second == families
    assert is_boundary(families, len(first))


@pytest.mark.parametrize(("text", "code"), [("x" * (MAX_TEXT + 1), "text_too_long"), (" \u2060", "empty_text")])
def test_no_text_and_too_much_of_it_are_refused(channel: Internal, text: str, code: str) -> None:
    with pytest.raises(NotSendable) as refused:
        channel.split(text)

    assert (refused.value.code, refused.value.field) == (code, "text")


@given(st.lists(st.sampled_from(["a", " ", "\n", "é", FAMILY, "x" * 5000]), max_size=6).map("".join))
def test_nothing_but_space_is_lost_in_cutting(text: str) -> None:
    if not text.strip():
        return

    parts = Internal().split(text)

    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(0 < len(each) <= LONGEST_TEXT for each in parts)


async def test_there_is_nobody_to_believe_to_tell_or_to_fetch_from(channel: Internal, tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        channel.parse(b"{}", received_at=datetime.now(UTC))
    assert not channel.verify(b"", {}, NOBODY)
    assert not channel.is_signed({"x-hub-signature-256": "sha256="})
    assert channel.accounts_in(b'{"account": "hotel-1"}') == set()
    assert (channel.platform, channel.has_provider, Platform.INTERNAL.window) == (Platform.INTERNAL, False, None)
    read = await channel.mark_read("1", to="1", typing=True, account="hotel-1", credentials=NOBODY)
    assert read.outcome is SendOutcome.ACCEPTED
    file = InboundMedia(provider_id="1")
    fetched = await channel.fetch(file, account="hotel-1", credentials=NOBODY, into=io.BytesIO(), limit=1)
    assert fetched.outcome is FetchOutcome.FAILED
    uploaded = await channel.upload(
        mime_type="text/plain", filename="a.txt", content=tmp_path, account="hotel-1", credentials=NOBODY
    )
    assert (uploaded.outcome, uploaded.upload_id) == (SendOutcome.ACCEPTED, "a.txt")
    listed = await channel.list_templates(business_account="", credentials=NOBODY)
    assert (listed.outcome, listed.templates) == (SendOutcome.ACCEPTED, ())
