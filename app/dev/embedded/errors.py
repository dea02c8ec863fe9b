"""What can go wrong with the embedded servers, each as one sentence for the person at the terminal."""

import errno
from pathlib import Path


class EmbeddedError(Exception):
    """The embedded servers cannot run. Its text is one sentence that says what is wrong and what to do."""


DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


def disk_full(folder: Path) -> EmbeddedError:
    return EmbeddedError(f"The disk that holds {folder} is full: free some space and start again.")


def from_os(error: OSError, folder: Path) -> EmbeddedError:
    """The sentence for an operating system's refusal while working in ``folder``."""
    if error.errno in DISK_FULL:
        return disk_full(folder)
    named = error.filename
    where = named if isinstance(named, str) and named.startswith("/") else folder
    if error.errno in NOT_ALLOWED:
        return EmbeddedError(
            f"This user is not allowed to use {where}: make it readable and writable for this user, "
            "or start Lobby in a folder of your own."
        )
    return EmbeddedError(f"Lobby cannot use {where} for its data: {error.strerror or error}.")
