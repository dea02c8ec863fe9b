"""The API's description, told as it is: errors in our one shape, instead of the framework's."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, Field

from app.api.errors import DOCUMENTS_PATHS, WEB_CHAT_PATHS
from app.api.examples import examples

FRAMEWORKS_OWN: Final = ("HTTPValidationError", "ValidationError")


class Error(BaseModel):
    """Every error of every route. On contract 5's paths ``"success": false`` stands before it."""

    error: str = Field(description="A sentence for people.")
    code: str = Field(description="A stable word for programs.")
    details: dict[str, Any] = Field(
        default_factory=dict,
        description="Where fields are at fault: sentences by field. Where somebody was first: what is.",
    )


def describe_errors(app: FastAPI) -> None:
    """Have ``app.openapi()`` name the errors that the handlers of ``api/errors.py`` really send."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        schema = described()
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        if "Error" in schemas:
            return schema
        schemas["Error"] = Error.model_json_schema()
        for name in FRAMEWORKS_OWN:
            schemas.pop(name, None)
        for path, operations in schema["paths"].items():
            for operation in operations.values():
                _name_errors(operation["responses"], path)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to change its description


def _name_errors(responses: dict[str, Any], path: str) -> None:
    if (fields := responses.pop("422", None)) is not None:
        if "examples" not in fields["content"]["application/json"]:  # the framework's own
            fields = {"description": "Fields are at fault", "content": examples("bad_fields")}
        responses["400" if path.startswith(DOCUMENTS_PATHS) else "422"] = fields
    responses.setdefault("default", {"description": "Any other error", "content": examples("internal_error")})
    for status, response in responses.items():
        if status == "default" or (status >= "400" and status != "416"):
            body = response.setdefault("content", {}).setdefault("application/json", {})
            body.setdefault("schema", {"$ref": "#/components/schemas/Error"})
            if path.startswith(WEB_CHAT_PATHS):
                for example in body.get("examples", {}).values():
                    example["value"] = {"success": False} | example["value"]
