"""The parts of a message that Meta accepts: texts, files, menus, templates. Unknown keys are refused, as Meta does.

Source: the Cloud API's message reference.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator


class MissingParameter(ValueError):
    """A parameter that has to be there is not."""


def bounded(limit: int) -> Any:
    return StringConstraints(min_length=1, max_length=limit)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Text(Strict):
    body: Annotated[str, bounded(4096)]
    preview_url: bool = False


class File(Strict):
    id: str | None = None
    link: Annotated[str, StringConstraints(pattern=r"^https?://")] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.id is None) == (self.link is None):
            raise ValueError("needs either an id or a link")
        return self


class Captioned(File):
    caption: Annotated[str, StringConstraints(max_length=1024)] | None = None


class Audio(File):
    voice: bool = False


class Document(Captioned):
    filename: str | None = None


class Location(Strict):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class Reaction(Strict):
    message_id: str
    emoji: str


class Language(Strict):
    code: str
    policy: Literal["deterministic"] = "deterministic"


class Parameter(Strict):
    """What is filled into a template: the object of its ``type``, or the ``payload`` of a quick reply."""

    type: Literal["text", "currency", "date_time", "image", "video", "document", "location", "payload"]
    parameter_name: str | None = None
    text: str | None = None
    payload: str | None = None
    currency: dict[str, Any] | None = None
    date_time: dict[str, Any] | None = None
    location: dict[str, Any] | None = None
    image: File | None = None
    video: File | None = None
    document: Document | None = None

    @model_validator(mode="after")
    def _has_its_object(self) -> Self:
        if getattr(self, self.type) is None:
            raise MissingParameter(self.type)
        return self


class Component(Strict):
    type: Literal["header", "body", "button"]
    sub_type: Literal["quick_reply", "url", "catalog"] | None = None
    index: str | int | None = None
    parameters: list[Parameter] = []


class TemplateSend(Strict):
    name: Annotated[str, bounded(512)]
    language: Language
    components: list[Component] = []


class Words(Strict):
    text: Annotated[str, bounded(1024)]


class Footer(Strict):
    text: Annotated[str, bounded(60)]


class Header(Strict):
    type: Literal["text", "image", "video", "document"]
    text: Annotated[str, bounded(60)] | None = None
    image: File | None = None
    video: File | None = None
    document: Document | None = None

    @model_validator(mode="after")
    def _has_its_object(self) -> Self:
        if getattr(self, self.type) is None:
            raise MissingParameter(self.type)
        return self


class ReplyButton(Strict):
    id: Annotated[str, bounded(256)]
    title: Annotated[str, bounded(20)]


class Button(Strict):
    type: Literal["reply"]
    reply: ReplyButton


class Buttons(Strict):
    buttons: Annotated[list[Button], Field(min_length=1, max_length=3)]

    @field_validator("buttons")
    @classmethod
    def _ids_differ(cls, buttons: list[Button]) -> list[Button]:
        if len({button.reply.id for button in buttons}) < len(buttons):
            raise ValueError("must have different ids")
        return buttons


class Row(Strict):
    id: Annotated[str, bounded(200)]
    title: Annotated[str, bounded(24)]
    description: Annotated[str, StringConstraints(max_length=72)] | None = None


class Section(Strict):
    title: Annotated[str, StringConstraints(max_length=24)] | None = None
    rows: Annotated[list[Row], Field(min_length=1, max_length=10)]


class Sections(Strict):
    button: Annotated[str, bounded(20)]
    sections: Annotated[list[Section], Field(min_length=1, max_length=10)]

    @field_validator("sections")
    @classmethod
    def _fit_together(cls, sections: list[Section]) -> list[Section]:
        if sum(len(section.rows) for section in sections) > 10:
            raise ValueError("may hold ten rows in all")
        if len(sections) > 1 and not all(section.title for section in sections):
            raise ValueError("need titles where there is more than one")
        ids = [row.id for section in sections for row in section.rows]
        if len(set(ids)) < len(ids):
            raise ValueError("must have rows of different ids")
        return sections


class ButtonMenu(Strict):
    type: Literal["button"]
    body: Words
    action: Buttons
    header: Header | None = None
    footer: Footer | None = None


class ListMenu(Strict):
    type: Literal["list"]
    body: Words
    action: Sections
    header: Header | None = None
    footer: Footer | None = None


class Context(Strict):
    message_id: Annotated[str, bounded(512)]
