"""What requests to the Graph API share: who may be named in them."""

import re
from typing import Final

_ACCOUNT: Final = re.compile("[0-9]{1,64}")
_TOKEN: Final = re.compile("[!-~]+")


def can_sign(account: str, access_token: str) -> bool:
    """Whether these can be a number's id and an access token: both are written into a request."""
    return is_account(account) and is_token(access_token)


def is_account(word: str) -> bool:
    """Whether this can be the id of a number or of a business account."""
    return _ACCOUNT.fullmatch(word) is not None


def is_token(word: str) -> bool:
    return _TOKEN.fullmatch(word) is not None
