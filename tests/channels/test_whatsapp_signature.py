"""Only what Meta signed with this channel's secret is believed."""

import pytest

from app.channels.base import Credentials
from app.channels.meta.signature import sign, verify
from app.channels.whatsapp import WhatsApp

SECRET = "demo-app-secret"
BODY = rb'{"t":"\u00e4\u00f6\u00e5 a\/b"}'
DIGEST = "04c0d3fd9e3704f457bd06da0a785945ef0de3c2ec48cf07123d3d3d08287e47"


def test_meta_published_example_is_verified_over_its_raw_bytes() -> None:
    assert len(BODY) == 31
    assert verify(BODY, f"sha256={DIGEST}", SECRET)
    assert sign(BODY, SECRET) == f"sha256={DIGEST}"


def test_the_same_json_spelled_differently_is_refused() -> None:
    assert not verify('{"t":"äöå a/b"}'.encode(), f"sha256={DIGEST}", SECRET)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        DIGEST,
        f"sha1={DIGEST}",
        f"sha256={DIGEST.upper()}",
        f"SHA256={DIGEST}",
        f" sha256={DIGEST}",
        f"sha256={DIGEST}0",
        f"sha256={DIGEST[:-1]}",
        f"sha256={'0' * 64}",
        f"sha256={DIGEST}, sha256={DIGEST}",
        "sha256=ÿþ\u0660",
        "sha256=\ud800",
        "\x00",
    ],
)
def test_any_other_header_is_refused_and_none_raises(header: str | None) -> None:
    assert not verify(BODY, header, SECRET)


def test_a_channel_without_a_secret_verifies_nothing() -> None:
    assert not verify(BODY, sign(BODY, ""), "")


def test_another_channels_secret_does_not_do(channel: WhatsApp) -> None:
    headers = {"x-hub-signature-256": sign(BODY, SECRET)}
    assert channel.verify(BODY, headers, Credentials(app_secret=SECRET))
    assert not channel.verify(BODY, headers, Credentials(app_secret="another-app-secret"))


@pytest.mark.parametrize(
    ("headers", "signed"),
    [
        ({}, False),
        ({"x-hub-signature": "sha1=00"}, False),
        ({"x-hub-signature-256": ""}, True),
        ({"x-hub-signature-256": "sha256=wrong"}, True),
    ],
)
def test_a_wrong_signature_counts_as_signed_and_the_old_one_does_not(
    channel: WhatsApp, headers: dict[str, str], *, signed: bool
) -> None:
    assert channel.is_signed(headers) is signed
