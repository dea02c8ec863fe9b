"""Bodies that are JSON or a form, whichever the Content-Type says, read as strictly the one as the other.

Frameworks read forms leniently: bytes that are no UTF-8 become other letters, and of a field that is there twice one
is dropped. Here nothing is taken for what it is not.
"""

from collections import Counter
from collections.abc import Iterable
from json import JSONDecodeError
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from app.core.errors import Invalid, UnsupportedType
from app.core.text import clean

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
MOST_FIELDS: Final = 20
REPEATED: Final = "It is there more than once."

Model = TypeVar("Model", bound=BaseModel)


def described(model: type[BaseModel]) -> dict[str, Any]:
    """For ``openapi_extra=`` of a route: its body, in each way that it may be sent."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {kind: {"schema": schema} for kind in (JSON, FORM, MULTIPART)}
    return {"requestBody": {"required": True, "content": content}}


async def read_body(request: Request, model: type[Model]) -> Model:
    """The body of a route of StrictRoute's. Raises UnsupportedType for another kind of body, and what every bad body or
    field raises."""
    kind, charset = kind_of(request)
    if not await request.body():
        raise _bad_body("It is empty.")
    if kind == JSON:
        value = await _json(request)
    elif kind in {FORM, MULTIPART}:
        check_charset(charset)
        value = await (_urlencoded(request) if kind == FORM else _multipart(request))
    else:
        raise UnsupportedType(f"The body must be {JSON}, {FORM} or {MULTIPART}, and say so.")
    return validated(model, value)


def validated(model: type[Model], value: object) -> Model:
    """Raises what every bad field raises."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from None


async def _json(request: Request) -> object:
    try:
        return await request.json()
    except JSONDecodeError as error:
        fault = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error", "input": None}
        raise RequestValidationError([fault]) from None


async def _urlencoded(request: Request) -> dict[str, str]:
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise _bad_body("It is not UTF-8.") from None
    except ValueError:
        raise _bad_body(f"There are more than {MOST_FIELDS} fields.") from None
    return fields_of(pairs)


async def _multipart(request: Request) -> dict[str, str]:
    try:
        (await request.body()).decode()  # files, which need not be UTF-8, are not taken
    except UnicodeDecodeError:
        raise _bad_body("It is not UTF-8, or holds a file.") from None
    async with request.form(max_files=1, max_fields=MOST_FIELDS) as form:
        pairs = form.multi_items()
        files = [name for name, value in pairs if isinstance(value, UploadFile)]
    if files:
        sentence = "A file is not taken here; send its address as media_url."
        raise _bad_fields({clean(name): [sentence] for name in files})
    return fields_of([(name, value) for name, value in pairs if isinstance(value, str)])


def fields_of(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """By name. A field that is empty is as one that is not there. Raises Invalid ``bad_fields``."""
    faults: dict[str, list[str]] = {}
    fields: dict[str, str] = {}
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:  # decoded strictly, no surrogate can be in them
            faults[clean(name)] = ["A text may not hold the character NUL."]
        elif name in fields:
            faults[name] = [REPEATED]
        fields[name] = value
    if faults:
        raise _bad_fields(faults)
    return {name: value for name, value in fields.items() if value}


def check_charset(charset: str) -> None:
    """Raises Invalid ``bad_body`` for a form in any but UTF-8: some charsets read nothing, or something else."""
    if charset not in {"", "utf-8", "utf8"}:
        raise _bad_body("A form is taken in UTF-8 only.")


def check_single(names: Iterable[str]) -> None:
    """Raises Invalid ``bad_fields`` where a form has a field more than once: nobody knows which is meant."""
    if repeated := [name for name, times in Counter(names).items() if times > 1]:
        raise _bad_fields({clean(name): [REPEATED] for name in repeated})


def kind_of(request: Request) -> tuple[str, str]:
    """What the body says that it is, and its charset; both in lower case."""
    kind, *parameters = request.headers.get("content-type", "").lower().split(";")
    charset = next((each.partition("=")[2] for each in parameters if each.strip().startswith("charset=")), "")
    return kind.strip(), charset.strip().strip('"')


def _bad_body(sentence: str) -> Invalid:
    return Invalid("The body cannot be read.", code="bad_body", details={"body": [sentence]})


def _bad_fields(details: dict[str, list[str]]) -> Invalid:
    return Invalid("Some fields are not right.", code="bad_fields", details=details)
