"""Meta's signature: ``X-Hub-Signature-256: sha256=<lowercase hex>``, HMAC-SHA256 of the raw body by the app secret.

The older sha1 header is not looked at: whoever could forge it would need no other.
"""

import hashlib
import hmac
import re
from collections import Counter
from itertools import islice
from typing import Final

HEADER: Final = "x-hub-signature-256"
MOST_MENTIONS: Final = 10_000
MOST_ACCOUNTS: Final = 1_000  # as many as one body may hold updates


def sign(body: bytes, app_secret: str) -> str:
    """The header's value for this body."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def verify(body: bytes, header: str | None, app_secret: str) -> bool:
    """Whether the header's value is this body's, in constant time. Without a secret nothing is. Never raises."""
    if not header or not app_secret:
        return False
    return hmac.compare_digest(sign(body, app_secret).encode(), header.encode(errors="replace"))


def named_accounts(body: bytes, pattern: re.Pattern[bytes]) -> set[str]:
    """What the pattern's first group finds in a body as Meta writes it: MOST_ACCOUNTS at most, the most frequent."""
    found = Counter(match[1].decode() for match in islice(pattern.finditer(body), MOST_MENTIONS))
    return {account for account, _ in found.most_common(MOST_ACCOUNTS)}
