"""Who is here: a staff user as colleagues see them."""

import msgspec

from app.core.types import Department


class PresentUser(msgspec.Struct, frozen=True, kw_only=True):
    """A staff user with at least one open socket, in whatever process.

    ``own_departments`` are those that they work in, ``departments`` those that they are joined to, all for whoever sees
    the whole hotel.
    """

    user_id: int
    name: str
    own_departments: tuple[Department, ...]
    departments: tuple[Department, ...]
