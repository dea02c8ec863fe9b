"""SHA-256 as providers write it."""

import base64
from typing import Final

_URL_SAFE: Final = str.maketrans("-_", "+/")


def sha256_in_hex(given: str) -> str | None:
    """A SHA-256 in hex or base64, as lower-case hex; None where it is none."""
    try:
        raw = bytes.fromhex(given) if len(given) == 64 else base64.b64decode(given.translate(_URL_SAFE), validate=True)
    except ValueError:
        return None
    return raw.hex() if len(raw) == 32 else None
