"""A filled template in a message's details: written when staff send it, read when it leaves.

Between the two lies the outbox, and the upload of the header's file: only then is its id at the provider known.
"""

from typing import Any, Final

from app.channels.base import FilledTemplate, NotSendable, TemplateOut
from app.core.templates import StoredTemplate

KEY: Final = "template"
_FILES: Final = ("image", "video", "document")


def details_of(template: StoredTemplate, filled: FilledTemplate) -> dict[str, Any]:
    """What a message keeps of its template: its name, its filled components, and the buttons that the guest sees."""
    return {
        KEY: {
            "name": filled.content.name,
            "language": filled.content.language,
            "category": template.category,
            "components": list(filled.content.components),
            "buttons": list(filled.buttons),
        }
    }


def template_out(details: dict[str, Any], upload_id: str | None = None) -> TemplateOut:
    """What leaves of a message with these details. ``upload_id`` is the provider's id of the file in its header.

    Raises NotSendable where there is no template in them, or one whose header needs a file that was not uploaded.
    """
    kept = details.get(KEY)
    if not isinstance(kept, dict):
        raise NotSendable("This message has no template.", code="no_template", field=KEY)
    return TemplateOut(
        name=kept["name"],
        language=kept["language"],
        components=tuple(_with_file(component, upload_id) for component in kept["components"]),
    )


def _with_file(component: dict[str, Any], upload_id: str | None) -> dict[str, Any]:
    parameters = [_named(parameter, upload_id) for parameter in component["parameters"]]
    return {**component, "parameters": parameters}


def _named(parameter: dict[str, Any], upload_id: str | None) -> dict[str, Any]:
    kind = parameter["type"]
    if kind not in _FILES:
        return parameter
    if not upload_id:
        raise NotSendable("The file of the template's header was not uploaded.", code="no_upload", field="media_id")
    return {**parameter, kind: {"id": upload_id, **parameter[kind]}}
