"""File names of guests and staff, made harmless: shown to people, and written into a header, never used as a path."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

LONGEST: Final = 120

# The first is the one that a name gets which has none of them.
EXTENSIONS: Final[dict[str, tuple[str, ...]]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "audio/aac": (".aac",),
    "audio/amr": (".amr",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a", ".mp4"),
    "audio/ogg": (".ogg", ".opus", ".oga"),
    "video/mp4": (".mp4", ".m4v"),
    "video/3gpp": (".3gp",),
    "application/pdf": (".pdf",),
    "text/plain": (".txt", ".csv", ".log", ".md"),
    "text/csv": (".csv",),
    "application/msword": (".doc",),
    "application/vnd.ms-excel": (".xls",),
    "application/vnd.ms-powerpoint": (".ppt",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
    "application/vnd.oasis.opendocument.text": (".odt",),
    "application/vnd.oasis.opendocument.spreadsheet": (".ods",),
    "application/vnd.oasis.opendocument.presentation": (".odp",),
}

_FORBIDDEN: Final = re.compile(r'[<>:"|?*;%]')


def safe_name(given: str | None, mime_type: str, *, otherwise: str = "file") -> str:
    """The last part of what may be a path, without anything that turns text round or is not to be seen.

    It ends as files of its real type do: ``invoice.exe`` that is a PDF becomes ``invoice.exe.pdf``.
    """
    last = re.split(r"[/\\]", given or "")[-1]
    # Cc: controls. Cf: bidirectional overrides, joiners. Cs, Co, Cn: nothing that anybody can read.
    seen = "".join(char for char in " ".join(last.split()) if unicodedata.category(char)[0] != "C")
    name = _FORBIDDEN.sub("_", seen).strip(". ")
    extensions = EXTENSIONS.get(mime_type, ())
    path = PurePosixPath(name or otherwise)
    if not extensions:
        return path.name[:LONGEST]
    if path.suffix.lower() in extensions:
        return path.stem[: LONGEST - len(path.suffix)] + path.suffix
    return path.name[: LONGEST - len(extensions[0])] + extensions[0]


def attachment(name: str) -> str:
    """A Content-Disposition that makes a browser keep the file and not show it (RFC 6266, RFC 5987)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", plain) or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
