"""Forms with a file, read and kept: for every route that takes one."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from app.api.forms import MULTIPART, Model, check_charset, check_single, fields_of, kind_of, read_body, validated
from app.core.errors import Invalid, TooBig
from app.core.files import UploadView
from app.core.principal import Principal
from app.core.text import clean
from app.core.types import MessageType
from app.media.incoming import scratch_folder
from app.media.sniff import MEGABYTE, SIZES
from app.services.files.service import MediaService

UPLOADING: Final = ("bad_fields", "bad_body", "too_big", "unsupported_media_type")
"""What such a route may answer."""


def form_described(**fields: dict[str, Any]) -> dict[str, Any]:
    """For ``openapi_extra=`` of a route: a form with a ``file`` and these fields, of which those with a default may
    be left out."""
    schema = {
        "type": "object",
        "required": [*(name for name, each in fields.items() if "default" not in each), "file"],
        "properties": {**fields, "file": {"type": "string", "format": "binary"}},
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[FormData]:
    """The fields of the form, each once; its file lies on the disk as it came. Raises Invalid."""
    check_charset(kind_of(request)[1])
    async with request.form(max_files=1, max_fields=8) as form:
        check_single(name for name, _ in form.multi_items())
        yield form


@asynccontextmanager
async def read_with_file(
    request: Request, model: type[Model], field: str
) -> AsyncIterator[tuple[Model, UploadFile | None]]:
    """The body of a route of StrictRoute's, in each way that ``read_body`` takes, and the file that a multipart form
    may have in this field. Raises as that does, and Invalid for a file elsewhere."""
    if kind_of(request)[0] != MULTIPART:
        yield await read_body(request, model), None
        return
    async with read_form(request) as form:
        files = {name: each for name, each in form.items() if isinstance(each, UploadFile)}
        if strange := [name for name in files if name != field]:
            details = {clean(name): [f"A file is taken in the field {field} only."] for name in strange}
            raise Invalid("Some fields are not right.", code="bad_fields", details=details)
        body = validated(model, fields_of([(name, each) for name, each in form.items() if isinstance(each, str)]))
        file = files.get(field)
        # Browsers send an empty field where no file was chosen.
        yield body, file if file is not None and (file.filename or file.size) else None


async def keep_file(form: FormData, staff: Principal, media: MediaService) -> UploadView:
    """The form's ``file``, kept for this user, who may send it. Raises Invalid where there is none, TooBig and
    UnsupportedType."""
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid("There is no file.", code="bad_fields", details={"file": ["Send a file in this field."]})
    if (file.size or 0) > SIZES[MessageType.DOCUMENT]:
        raise TooBig(f"The file is larger than {SIZES[MessageType.DOCUMENT] // MEGABYTE} MB.")
    async with on_disk(file) as path:
        return await media.upload(staff, path, declared=file.content_type, filename=file.filename)


@asynccontextmanager
async def on_disk(file: UploadFile) -> AsyncIterator[Path]:
    """The file in a folder of its own, gone at the end."""
    async with scratch_folder() as folder:
        path = folder / "original"
        await asyncio.to_thread(_copy, file, path)
        yield path


def _copy(file: UploadFile, path: Path) -> None:
    with path.open("wb") as into:
        shutil.copyfileobj(file.file, into)
