"""Meta's signature: ``X-Hub-Signature-256: sha256=<lowercase hex>``, HMAC-SHA256 of the raw body by the app secret.

The older sha1 header is not looked at: whoever could forge it would need no other.
"""

import hashlib
import hmac
from typing import Final

HEADER: Final = "x-hub-signature-256"


def sign(body: bytes, app_secret: str) -> str:
    """The header's value for this body."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def verify(body: bytes, header: str | None, app_secret: str) -> bool:
    """Whether the header's value is this body's, in constant time. Without a secret nothing is. Never raises."""
    if not header or not app_secret:
        return False
    return hmac.compare_digest(sign(body, app_secret).encode(), header.encode(errors="replace"))
