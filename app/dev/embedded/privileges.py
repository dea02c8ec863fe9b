"""Who the servers run as.

PostgreSQL refuses to run as root. Where Lobby is started by root, as in many containers, its servers run as an
unprivileged user instead: the owner of the existing data, or ``nobody``. No system user is created or changed.

A checkout in a folder that only root may enter (``/root``) is out of that user's reach. On Linux such a server keeps
one capability, to pass by file permissions; everywhere else nothing is kept.
"""

import ctypes
import os
import pwd
import sys
from dataclasses import dataclass
from pathlib import Path

from app.dev.embedded.errors import EmbeddedError

CAP_DAC_OVERRIDE = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True)
class Servant:
    """The user a server runs as. ``pass_permissions`` lets it reach files in folders that are closed to it."""

    uid: int
    gid: int
    pass_permissions: bool = False

    @property
    def is_self(self) -> bool:
        return self.uid == os.geteuid()

    def become(self) -> None:
        """Turn the calling process, a child that is about to be replaced, into this user for good."""
        if self.pass_permissions:
            _LIBC.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)
        if self.pass_permissions:
            _keep(CAP_DAC_OVERRIDE)

    def own(self, path: Path) -> None:
        """Give a file or a folder with all that is in it to this user, where it is not theirs already."""
        if self.is_self or path.lstat().st_uid == self.uid:
            return
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


def servant_for(data: Path, *needed: Path) -> Servant:
    """The user that serves the data directory ``data`` and must be able to reach the paths ``needed`` too.

    Raises EmbeddedError when the data belongs to somebody else, or nobody could be found who can do it.
    """
    owner = data.stat().st_uid if data.exists() else None
    me = os.geteuid()
    if me != 0:
        if owner is not None and owner != me:
            raise EmbeddedError(
                f"The data directory {data} belongs to the user {_name(owner)}: run Lobby as that user or move it away."
            )
        return Servant(me, os.getegid())
    account = _account(owner)
    if all(_open_to_others(path) for path in (data, *needed)):
        return Servant(account.pw_uid, account.pw_gid)
    if not _may_pass_permissions():
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the user {account.pw_name} that it runs as instead cannot enter "
            f"{data.parent}: move the project to a folder that others may enter, or run Lobby as an ordinary user."
        )
    return Servant(account.pw_uid, account.pw_gid, pass_permissions=True)


def _account(owner: int | None) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and this system has no other user to run it as: run Lobby as an "
            "ordinary user, or set DATABASE_URL and REDIS_URL."
        ) from None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _open_to_others(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def _may_pass_permissions() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    status = Path("/proc/self/status").read_text()
    permitted = next(line.split()[1] for line in status.splitlines() if line.startswith("CapPrm:"))
    return bool(int(permitted, 16) >> CAP_DAC_OVERRIDE & 1)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


# Loaded here because nothing should be loaded between fork and exec.
_LIBC = ctypes.CDLL(None, use_errno=True)


def _keep(capability: int) -> None:
    """Hold one capability alone, and pass it on to the program that is executed next (capabilities(7), "ambient")."""
    bit = 1 << capability
    header = _CapabilityHeader(CAPABILITY_VERSION_3, 0)
    sets = (_CapabilitySets * 2)(_CapabilitySets(bit, bit, bit), _CapabilitySets(0, 0, 0))
    for result in (
        _LIBC.capset(ctypes.byref(header), ctypes.byref(sets)),
        _LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0),
    ):
        if result != 0:
            raise OSError(ctypes.get_errno(), "cannot keep a capability")
