"""What counts as one character, and as one emoji."""

import pytest

from app.core.graphemes import is_boundary, is_emoji, last_boundary


@pytest.mark.parametrize(
    "one",
    [
        "é",
        "e\u0301\u0323",
        "\r\n",
        "👍🏽",
        "👨‍👩‍👧",
        "🏳️‍🌈",
        "🇵🇹",
        "1️⃣",
        "🏴\U000e0067\U000e0062\U000e007f",
        "각",
        "\u1100\u1161\u11a8",
        "क्षि",
        "น้ำ",
    ],
)
def test_what_a_reader_sees_as_one_is_not_cut(one: str) -> None:
    text = f"a{one}b"

    assert [index for index in range(1, len(text)) if is_boundary(text, index)] == [1, len(text) - 1]
    assert last_boundary(text, len(text) - 2) == (1 if len(one) > 1 else len(text) - 2)


@pytest.mark.parametrize("several", ["ab", "👍👍", "🇵🇹🇪🇸", "a\n", "가나", "1 2", "好的"])
def test_what_a_reader_sees_as_two_may_be_cut(several: str) -> None:
    assert any(is_boundary(several, index) for index in range(1, len(several)))


@pytest.mark.parametrize(
    "emoji",
    ["👍", "👍🏽", "❤️", "❤", "👨‍👩‍👧", "🇵🇹", "1️⃣", "☺️", "🏳️‍🌈", "⁉️", "🏴\U000e0067\U000e0062\U000e007f", "🫡", "✅"],
)
def test_one_emoji_is_one(emoji: str) -> None:
    assert is_emoji(emoji)


@pytest.mark.parametrize(
    "text", ["", "a", "1", "ok", "👍👍", "👍 ", "🇵", "🇵🇹🇵🇹", "°", "é", "\u200d", "\ufe0f", "👍ok", ":)"]
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_emoji(text)
