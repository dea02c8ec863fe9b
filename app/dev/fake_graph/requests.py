"""What Meta accepts on ``POST /{version}/{phone_number_id}/messages``: the form of a message.

As strict as the real one where our sender could go wrong: unknown keys, lengths, counts and types are refused with the
code that Meta uses. Source: the Cloud API's message reference and its "Error codes" page.
"""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.parts import (
    Audio,
    ButtonMenu,
    Captioned,
    Context,
    Document,
    File,
    ListMenu,
    Location,
    MissingParameter,
    Reaction,
    Strict,
    TemplateSend,
    Text,
    bounded,
)

_PHONE: Final = re.compile(r"\+?[0-9]{5,20}")
_FILES: Final = ("image", "video", "audio", "document", "sticker")
_USER_ID: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")


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


class MessageRequest(Strict):
    """One message to a guest."""

    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual", "group"] = "individual"
    to: str | None = None
    recipient: str | None = None
    type: _Kind = "text"
    context: Context | None = None
    biz_opaque_callback_data: Annotated[str, StringConstraints(max_length=512)] | None = None
    text: Text | None = None
    image: Captioned | None = None
    video: Captioned | None = None
    audio: Audio | None = None
    document: Document | None = None
    sticker: File | None = None
    location: Location | None = None
    contacts: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None
    interactive: Annotated[ButtonMenu | ListMenu, Field(discriminator="type")] | None = None
    template: TemplateSend | None = None
    reaction: Reaction | None = None

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

    @property
    def files(self) -> list[tuple[str, str]]:
        """The uploaded files that it names: what each is sent as, and its id."""
        named: list[tuple[str, object]] = [(self.type, getattr(self, self.type))] if self.type in _FILES else []
        for component in self.template.components if self.template else ():
            named += [(each.type, getattr(each, each.type)) for each in component.parameters]
        if self.interactive and (header := self.interactive.header):
            named.append((header.type, getattr(header, header.type)))
        ids = ((kind, getattr(file, "id", None)) for kind, file in named)
        return [(kind, file_id) for kind, file_id in ids if isinstance(file_id, str)]


class _Typing(Strict):
    type: Literal["text"]


class ReadBack(Strict):
    """The hotel has read a guest's message, and may be typing an answer."""

    messaging_product: Literal["whatsapp"]
    status: Literal["read"]
    message_id: Annotated[str, bounded(512)]
    typing_indicator: _Typing | None = None


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
