"""Strangers' pictures are opened in a process of their own: ``python -m app.media.pictures``.

A few hundred kilobytes can ask a decoder for gigabytes, or for hours. Such a process may take so much memory and so
much time, is ended where it wants more, and what it took is free again. Starting one costs a tenth of a second.
"""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Final, Literal

import msgspec

import app
from app.core.errors import Unavailable
from app.media import images
from app.media.images import Picture
from app.media.sniff import MEGABYTE, NotAllowed

AT_ONCE: Final = 2
MEMORY: Final = 1024 * MEGABYTE
SECONDS: Final = 10
"""Of a processor. The largest pictures that are let in take a third of it."""
ENDED_AFTER: Final = 90.0
"""Seconds on the clock, for a machine that has other things to do."""
TRIES: Final = 3
PAUSE: Final = 0.5
"""Seconds before the second try; twice that before the third."""
TOO_MUCH: Final = "The picture takes too much time or memory to open."


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to make of the picture at ``path``, into ``folder``."""

    verb: Literal["remake", "for_sending"]
    path: str
    mime_type: str
    folder: str
    sticker: bool = False


class Made(msgspec.Struct, frozen=True, kw_only=True, tag="made"):
    path: str
    thumbnail: str
    mime_type: str
    width: int
    height: int


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    reason: str


class Broken(msgspec.Struct, frozen=True, kw_only=True, tag="broken"):
    """The fault is ours: the same picture may be opened another time."""

    reason: str


_answers: Final[msgspec.json.Decoder[Made | Refused | Broken]] = msgspec.json.Decoder(Made | Refused | Broken)


class Pictures:
    """Makes pictures anew, ``AT_ONCE`` at most."""

    def __init__(self, *, memory: int = MEMORY, seconds: int = SECONDS) -> None:
        self._limits = str(memory), str(seconds)
        self._free = asyncio.Semaphore(AT_ONCE)

    async def remake(self, path: Path, mime_type: str, folder: Path, *, sticker: bool = False) -> Picture:
        """As a guest sent it. Raises NotAllowed where it cannot be decoded or is too large, Unavailable where it could
        not be tried."""
        return await self._run(
            Job(verb="remake", path=str(path), mime_type=mime_type, folder=str(folder), sticker=sticker)
        )

    async def for_sending(self, path: Path, mime_type: str, folder: Path) -> Picture:
        """As WhatsApp takes it: JPEG or PNG of 5 MB at most, scaled down to that, or a static sticker. Raises as
        ``remake``."""
        return await self._run(Job(verb="for_sending", path=str(path), mime_type=mime_type, folder=str(folder)))

    async def _run(self, job: Job) -> Picture:
        async with self._free:
            told = await self._answer(msgspec.json.encode(job))
        match told:
            case Refused():
                raise NotAllowed(told.reason)
            case Broken():
                raise _could_not_try(told.reason)
        return Picture(
            path=Path(told.path),
            thumbnail=Path(told.thumbnail),
            mime_type=told.mime_type,
            width=told.width,
            height=told.height,
        )

    async def _answer(self, job: bytes) -> Made | Refused | Broken:
        """What the process answers. A machine that is short of something starts none, or kills it: a moment later it
        may not be, and a good picture is not refused for that."""
        fault = ""
        for tried in range(TRIES):
            await asyncio.sleep(tried * PAUSE)
            try:
                status, answer = await self._ask(job)
            except OSError as error:
                fault = repr(error)
                continue
            if status == -signal.SIGXCPU:
                raise NotAllowed(TOO_MUCH)
            try:
                return _answers.decode(answer)
            except msgspec.DecodeError:
                fault = f"exit status {status}"
        raise _could_not_try(fault)

    async def _ask(self, job: bytes) -> tuple[int | None, bytes]:
        source = str(Path(app.__file__).parents[1])  # the same release, wherever this process was started
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.media.pictures", *self._limits),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": source},
        )
        try:
            async with asyncio.timeout(ENDED_AFTER):
                answer, _ = await process.communicate(job)
        except TimeoutError:
            raise _could_not_try("no answer in time") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode, answer


def _could_not_try(reason: str) -> Unavailable:
    error = Unavailable("The picture could not be opened just now. Please try again.", code="files_unavailable")
    error.add_note(reason)
    return error


def _make(job: Job) -> Made | Refused | Broken:
    path, folder = Path(job.path), Path(job.folder)
    try:
        if job.verb == "remake":
            picture = images.remake(path, job.mime_type, folder, sticker=job.sticker)
        else:
            picture = images.for_sending(path, job.mime_type, folder)
    except NotAllowed as error:
        return Refused(reason=str(error))
    except MemoryError:
        return Refused(reason=TOO_MUCH)
    except OSError as error:
        return Broken(reason=repr(error))
    return Made(
        path=str(picture.path),
        thumbnail=str(picture.thumbnail),
        mime_type=picture.mime_type,
        width=picture.width,
        height=picture.height,
    )


def _main() -> None:
    memory, seconds = map(int, sys.argv[1:])
    # SIGXCPU comes first, and is ours: SIGKILL may be from a machine that is out of memory.
    for what, limits in ((resource.RLIMIT_AS, (memory, memory)), (resource.RLIMIT_CPU, (seconds, seconds + 2))):
        with contextlib.suppress(ValueError, OSError):  # not every system lets memory be limited
            resource.setrlimit(what, limits)
    answer = _make(msgspec.json.decode(sys.stdin.buffer.read(), type=Job))
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    _main()
