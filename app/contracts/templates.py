"""Lobby's own API for approved templates: what may be sent in a conversation, and one chosen and filled."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.contracts.timestamps import Timestamp
from app.core.drafts import Place
from app.core.templates import HeaderFormat, Offer, Offers, TemplateRequest, Variable

MAX_ID = 10**18 - 1
MAX_VALUES = 100


class Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VariableOut(Wire):
    """A gap to fill: ``name`` is its position (``"1"``) or its word."""

    name: str
    example: str | None


class HeaderOut(Wire):
    """IMAGE, VIDEO and DOCUMENT need the ``media_id`` of an uploaded file, LOCATION a ``location``."""

    format: HeaderFormat
    text: str | None
    variables: list[VariableOut]


class BodyOut(Wire):
    text: str
    variables: list[VariableOut]


class ButtonOut(Wire):
    """``type`` is QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE …; with a ``variable`` it needs a value under its index."""

    index: int
    type: str
    text: str
    url: str | None
    phone_number: str | None
    variable: VariableOut | None


class TemplateOut(Wire):
    """An approved template. Where not ``sendable``, ``why`` says what it needs that cannot be given here."""

    id: int
    name: str
    language: str
    category: str
    header: HeaderOut
    body: BodyOut
    footer: str | None
    buttons: list[ButtonOut]
    sendable: bool
    why: str | None


class TemplateList(Wire):
    """``listed_at``: when the provider was last asked; null where it never was."""

    listed_at: Timestamp | None
    templates: list[TemplateOut]


class Refreshed(Wire):
    """How many templates the provider has, in whatever state."""

    status: Literal["refreshed"] = "refreshed"
    count: int


class TemplatePlaceIn(BaseModel):
    """The place of a template's header: all four are needed."""

    model_config = ConfigDict(extra="forbid")

    latitude: float = Field(ge=-90, le=90, description="Degrees.", examples=[38.6916])
    longitude: float = Field(ge=-180, le=180, description="Degrees.", examples=[-9.216])
    name: Annotated[str, StringConstraints(max_length=1000)] = Field(examples=["Torre de Belém"])
    address: Annotated[str, StringConstraints(max_length=1000)] = Field(examples=["Av. Brasília, Lisboa"])


Values = Annotated[
    dict[Annotated[str, StringConstraints(max_length=64)], Annotated[str, StringConstraints(max_length=4096)]],
    Field(max_length=MAX_VALUES),
]
MediaId = Annotated[int, Field(ge=1, le=MAX_ID)]


class HeaderIn(BaseModel):
    """One of them, as the template's header asks: a file, texts by the name of their variable, or a place."""

    model_config = ConfigDict(extra="forbid")

    media_id: MediaId | None = Field(
        default=None, description="An uploaded file of the caller's, of the header's kind."
    )
    variables: Values = Field(default={}, description="Texts by the name of their variable.", examples=[{"1": "Inês"}])
    location: TemplatePlaceIn | None = None


class SendTemplateIn(BaseModel):
    """A template by its ``id``, or by ``name`` and ``language``, and what fills it.

    ``body`` holds texts by the name of their variable, ``buttons`` by the button's index: the end of an address, or
    the code that is copied. ``client_message_id``: the second arrival of the same one answers with the first one's
    result.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "checkout_reminder", "language": "en", "body": {"1": "Inês", "2": "11:00"}}]
        }
    )

    id: MediaId | None = Field(default=None, description="A template's `id` as it is listed.")
    name: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = Field(
        default=None, description="Instead of `id`, together with `language`.", examples=["checkout_reminder"]
    )
    language: Annotated[str, StringConstraints(min_length=1, max_length=16)] | None = Field(
        default=None, examples=["en"]
    )
    header: HeaderIn = HeaderIn()
    body: Values = Field(
        default={}, description="A text for each variable, by its position or its word.", examples=[{"1": "Inês"}]
    )
    buttons: Values = Field(
        default={},
        description="By the button's index: the end of an address, or the code that is copied.",
        examples=[{"0": "B-4711"}],
    )
    client_message_id: UUID | None = Field(
        default=None, description="The client's own id: its second arrival answers with the first one's result."
    )

    def request(self) -> TemplateRequest:
        place = self.header.location
        return TemplateRequest(
            id=self.id,
            name=self.name,
            language=self.language,
            media_id=self.header.media_id,
            place=Place(**place.model_dump()) if place else None,
            header=self.header.variables,
            body=self.body,
            buttons=self.buttons,
        )


def template_list(found: Offers) -> TemplateList:
    return TemplateList(listed_at=found.listed_at, templates=[template_out(each) for each in found.offers])


def template_out(offer: Offer) -> TemplateOut:
    template, shape = offer.template, offer.shape
    return TemplateOut(
        id=template.id,
        name=template.name,
        language=template.language,
        category=template.category,
        header=HeaderOut(
            format=shape.header.format, text=shape.header.text, variables=_variables(shape.header.variables)
        ),
        body=BodyOut(text=shape.body.text, variables=_variables(shape.body.variables)),
        footer=shape.footer,
        buttons=[
            ButtonOut(
                index=each.index,
                type=each.type,
                text=each.text,
                url=each.url,
                phone_number=each.phone_number,
                variable=_variable(each.variable) if each.variable else None,
            )
            for each in shape.buttons
        ],
        sendable=shape.unsendable is None,
        why=shape.unsendable,
    )


def _variables(variables: tuple[Variable, ...]) -> list[VariableOut]:
    return [_variable(each) for each in variables]


def _variable(variable: Variable) -> VariableOut:
    return VariableOut(name=variable.name, example=variable.example)
