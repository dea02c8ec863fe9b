"""What Meta accepts on ``POST /{version}/{phone_number_id}/messages``, and the form in which it refuses.

As strict as the real one where our sender could go wrong: unknown keys, lengths, counts and types are refused with the
code that Meta uses. Source: the Cloud API's message reference and its "Error codes" page.
"""

import re
import secrets
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from starlette.responses import JSONResponse

_PHONE: Final = re.compile(r"\+?[0-9]{5,20}")
_USER_ID: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")


def _text(limit: int) -> Any:
    return StringConstraints(min_length=1, max_length=limit)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Text(_Strict):
    body: Annotated[str, _text(4096)]
    preview_url: bool = False


class _File(_Strict):
    id: str | None = None
    link: Annotated[str, StringConstraints(pattern=r"^https?://")] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.id is None) == (self.link is None):
            raise ValueError("needs either an id or a link")
        return self


class _Captioned(_File):
    caption: Annotated[str, StringConstraints(max_length=1024)] | None = None


class _Document(_Captioned):
    filename: str | None = None


class _Location(_Strict):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class _Reaction(_Strict):
    message_id: str
    emoji: str


class _Language(_Strict):
    code: str
    policy: Literal["deterministic"] = "deterministic"


class _Template(_Strict):
    name: Annotated[str, _text(512)]
    language: _Language
    components: list[dict[str, Any]] = []


class _Words(_Strict):
    text: Annotated[str, _text(1024)]


class _Footer(_Strict):
    text: Annotated[str, _text(60)]


class _ReplyButton(_Strict):
    id: Annotated[str, _text(256)]
    title: Annotated[str, _text(20)]


class _Button(_Strict):
    type: Literal["reply"]
    reply: _ReplyButton


class _Buttons(_Strict):
    buttons: Annotated[list[_Button], Field(min_length=1, max_length=3)]


class _Row(_Strict):
    id: Annotated[str, _text(200)]
    title: Annotated[str, _text(24)]
    description: Annotated[str, StringConstraints(max_length=72)] | None = None


class _Section(_Strict):
    title: Annotated[str, StringConstraints(max_length=24)] | None = None
    rows: Annotated[list[_Row], Field(min_length=1, max_length=10)]


class _Sections(_Strict):
    button: Annotated[str, _text(20)]
    sections: Annotated[list[_Section], Field(min_length=1, max_length=10)]

    @field_validator("sections")
    @classmethod
    def _ten_rows_in_all(cls, sections: list[_Section]) -> list[_Section]:
        if sum(len(section.rows) for section in sections) > 10:
            raise ValueError("may hold ten rows in all")
        return sections


class _ButtonMenu(_Strict):
    type: Literal["button"]
    body: _Words
    action: _Buttons
    header: dict[str, Any] | None = None
    footer: _Footer | None = None


class _ListMenu(_Strict):
    type: Literal["list"]
    body: _Words
    action: _Sections
    header: dict[str, Any] | None = None
    footer: _Footer | None = None


class _Context(_Strict):
    message_id: Annotated[str, _text(512)]


_Kind = Literal[
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "interactive",
    "template",
    "reaction",
]


class MessageRequest(_Strict):
    """One message to a guest."""

    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual", "group"] = "individual"
    to: str | None = None
    recipient: str | None = None
    type: _Kind = "text"
    context: _Context | None = None
    biz_opaque_callback_data: Annotated[str, StringConstraints(max_length=512)] | None = None
    text: _Text | None = None
    image: _Captioned | None = None
    video: _Captioned | None = None
    audio: _File | None = None
    document: _Document | None = None
    sticker: _File | None = None
    location: _Location | None = None
    contacts: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None
    interactive: Annotated[_ButtonMenu | _ListMenu, Field(discriminator="type")] | None = None
    template: _Template | None = None
    reaction: _Reaction | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.to is None and self.recipient is None:
            raise MissingParameter("to")
        if getattr(self, self.type) is None:
            raise MissingParameter(self.type)
        if self.to is not None and self.recipient_type == "individual" and not _PHONE.fullmatch(self.to):
            raise ValueError("to is no telephone number")
        if self.to is None and not _USER_ID.fullmatch(self.recipient or ""):
            raise ValueError("recipient is no user id")
        if self.context and self.reaction:
            raise ValueError("a reaction takes no context")
        return self

    @property
    def address(self) -> str:
        """Whom it goes to: digits, a group's id, or a user id."""
        return (self.to or self.recipient or "").removeprefix("+")


class _Typing(_Strict):
    type: Literal["text"]


class ReadBack(_Strict):
    """The hotel has read a guest's message, and may be typing an answer."""

    messaging_product: Literal["whatsapp"]
    status: Literal["read"]
    message_id: Annotated[str, _text(512)]
    typing_indicator: _Typing | None = None


class MissingParameter(ValueError):
    """A parameter that has to be there is not."""


class GraphError(Exception):
    """A refusal in Meta's form."""

    def __init__(self, code: int, message: str, *, status: int = 400, details: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.details = code, message, status, details

    def response(self, headers: dict[str, str] | None = None) -> JSONResponse:
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self.message}",
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": secrets.token_urlsafe(9),
        }
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return JSONResponse({"error": error}, status_code=self.status, headers=headers)


_MESSAGE: Final = TypeAdapter(MessageRequest)
_READ_BACK: Final = TypeAdapter(ReadBack)


def read_request(body: object) -> MessageRequest | ReadBack:
    """The request in a decoded body. Raises GraphError as Meta would answer it."""
    if not isinstance(body, dict):
        raise GraphError(100, "Invalid parameter", details="The body is no JSON object.")
    try:
        return (_READ_BACK if "status" in body else _MESSAGE).validate_python(body)
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> GraphError:
    """The first fault, with the code that Meta has for its kind."""
    fault = error.errors(include_url=False, include_input=False)[0]
    cause = fault.get("ctx", {}).get("error")
    path = [str(part) for part in fault["loc"]]
    name = path[0] + "".join(f"['{part}']" for part in path[1:]) if path else ""
    if fault["type"] == "missing" or isinstance(cause, MissingParameter):
        return GraphError(131008, "Required parameter is missing", details=f"Parameter {name or cause} is missing.")
    if isinstance(cause, ValueError):
        return GraphError(131009, "Parameter value is not valid", details=f"{name} {cause}".strip())
    if fault["type"] == "extra_forbidden":
        return GraphError(100, "Invalid parameter", details=f"Unexpected key {name}.")
    return GraphError(100, "Invalid parameter", details=f"Param {name}: {fault['msg']}")
