"""Why a socket was closed, in the numbers that the contracts' common part gives."""

from enum import IntEnum


class CloseCode(IntEnum):
    RESTARTING = 1012
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    TOO_SLOW = 4408
    RESYNC_NEEDED = 4409
    TOO_MANY = 4429
