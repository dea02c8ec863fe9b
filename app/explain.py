"""What went wrong, as one sentence for the person at the terminal."""

import errno

from sqlalchemy.exc import DBAPIError

from app.core.errors import LobbyError, Unavailable
from app.core.settings import SettingsError
from app.core.yaml_source import SourceError
from app.dev.child import ChildFailed
from app.dev.embedded import EmbeddedError
from app.dev.runner import NotForProduction
from app.server import PortInUse
from app.store.database import is_away

SENTENCES = (SettingsError, SourceError, EmbeddedError, PortInUse, ChildFailed, NotForProduction)
NO_SUCH_TABLE = "42P01"
REFUSED = ("28", "3D", "42501")  # the classes of a wrong user or password, an unknown database, and no permission


def explain(error: BaseException) -> str | None:
    """The sentence; None for what is a fault of ours, which needs its traceback."""
    if isinstance(error, Unavailable):
        return _unreachable(error.__cause__ or error)
    if isinstance(error, LobbyError):
        return error.message
    if isinstance(error, SENTENCES):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return _of_database(error)


def _of_database(error: BaseException) -> str | None:
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else error
    state: str = getattr(cause, "sqlstate", None) or ""
    if state == NO_SUCH_TABLE:
        return "The database has no tables of Lobby's yet: run `lobby migrate` first."
    if state.startswith(REFUSED):
        return f"The database refuses: {cause}. Is DATABASE_URL right?"
    return _unreachable(error) if is_away(error) else None


def _unreachable(error: BaseException) -> str:
    reason = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    refused = isinstance(reason, OSError) and reason.errno == errno.ECONNREFUSED
    why = "nobody listens there" if refused else str(reason)
    return f"The database cannot be reached ({why}). Is it running, and is DATABASE_URL right?"
