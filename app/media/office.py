"""Office documents, told by what is in them: a zip's own list of names, an OLE file's directory.

Nothing is unpacked. The lists are read by hand and only so far: the standard library's reader makes an object of every
entry, and a file of 100 MB may claim millions.
"""

import struct
from typing import BinaryIO, Final

OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_ENTRY: Final = b"PK\x01\x02"
_TAIL: Final = 22 + 0xFFFF
_LONGEST_DIRECTORY: Final = 4 * 1024 * 1024
_BY_PART: Final = {
    "word/document.xml": f"{OOXML}wordprocessingml.document",
    "xl/workbook.xml": f"{OOXML}spreadsheetml.sheet",
    "ppt/presentation.xml": f"{OOXML}presentationml.presentation",
}
_ODF: Final = "application/vnd.oasis.opendocument."
_ODF_KINDS: Final = ("text", "spreadsheet", "presentation")
_OLE_STREAMS: Final = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)


def zipped(file: BinaryIO) -> str | None:
    """The media type of a zipped office document; None for any other zip, and for one that carries macros."""
    names = _names(file)
    if any(name.rpartition("/")[2].lower() == "vbaproject.bin" for name in names):
        return None
    if "[Content_Types].xml" in names:
        return next((kind for part, kind in _BY_PART.items() if part in names), None)
    if names[:1] == ["mimetype"]:
        file.seek(30)
        declared = file.read(8 + 64)
        for kind in _ODF_KINDS:
            word = b"mimetype" + _ODF.encode() + kind.encode()
            if declared.startswith(word) and not declared[len(word) :].startswith(b"-"):  # not "text-template"
                return _ODF + kind
    return None


def ole(file: BinaryIO) -> str | None:
    """The media type of an old office document, by the first names of its directory (MS-CFB, 2.2 and 2.6)."""
    file.seek(0)
    head = file.read(512)
    if len(head) < 512:
        return None
    shift, first = struct.unpack_from("<H", head, 30)[0], struct.unpack_from("<I", head, 48)[0]
    if shift not in {9, 12} or first > 2**24:
        return None
    file.seek((first + 1) << shift)
    directory = file.read(1 << shift)
    names = set()
    for at in range(0, len(directory) - 127, 128):
        length = min(struct.unpack_from("<H", directory, at + 64)[0], 64)
        names.add(directory[at : at + max(length - 2, 0)].decode("utf-16-le", "replace"))
    return next((kind for stream, kind in _OLE_STREAMS if stream in names), None)


def _names(file: BinaryIO) -> list[str]:
    """The names of a zip's entries, in order; none where the list is damaged or longer than any document's."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _TAIL))
    tail = file.read(_TAIL)
    at = tail.rfind(_ZIP_END)
    if at < 0 or len(tail) - at < 22:
        return []
    size, offset = struct.unpack_from("<II", tail, at + 12)
    if size > _LONGEST_DIRECTORY or offset + size > length:
        return []
    file.seek(offset)
    listed = file.read(size)
    names = []
    at = 0
    while listed[at : at + 4] == _ZIP_ENTRY and at + 46 <= len(listed):
        if struct.unpack_from("<H", listed, at + 8)[0] & 1:  # encrypted: nobody can say what it is
            return []
        name, extra, comment = struct.unpack_from("<HHH", listed, at + 28)
        names.append(listed[at + 46 : at + 46 + name].decode("utf-8", "replace"))
        at += 46 + name + extra + comment
    return names
