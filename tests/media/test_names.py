"""File names that people see and headers carry, and that no path is made of."""

from urllib.parse import unquote

import pytest

from app.media.names import LONGEST, attachment, safe_name


@pytest.mark.parametrize(
    ("given", "mime_type", "safe"),
    [
        ("passport.pdf", "application/pdf", "passport.pdf"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("..\\..\\windows\\system32\\x.pdf", "application/pdf", "x.pdf"),
        ("invoice\u202efdp.exe", "application/pdf", "invoicefdp.exe.pdf"),
        ("a\u2066b\u2069\u200b.pdf", "application/pdf", "ab.pdf"),
        ("invoice.pdf.exe", "application/pdf", "invoice.pdf.exe.pdf"),
        ("photo.JPEG", "image/jpeg", "photo.JPEG"),
        ('a"b\r\nSet-Cookie: x.pdf', "application/pdf", "a_b Set-Cookie_ x.pdf"),
        (".htaccess", "text/plain", "htaccess.txt"),
        ("...", "image/png", "file.png"),
        ("", "image/png", "file.png"),
        (None, "audio/ogg", "file.ogg"),
        ("nul\x00l.pdf", "application/pdf", "null.pdf"),
        ("\ud800.pdf", "application/pdf", "pdf.pdf"),
        ("Zażółć gęślą 日本.pdf", "application/pdf", "Zażółć gęślą 日本.pdf"),
    ],
)
def test_a_name_is_made_safe(given: str | None, mime_type: str, safe: str) -> None:
    assert safe_name(given, mime_type) == safe


def test_a_long_name_is_cut_and_keeps_its_ending() -> None:
    name = safe_name("x" * 300 + ".pdf", "application/pdf")

    assert len(name) <= LONGEST
    assert name.endswith(".pdf")


def test_a_header_carries_any_name_in_ascii() -> None:
    header = attachment("Zażółć 日本.pdf")

    assert header.isascii()
    assert header.startswith('attachment; filename="Zazoc _.pdf"') or header.startswith("attachment; filename=")
    assert unquote(header.rpartition("''")[2]) == "Zażółć 日本.pdf"
