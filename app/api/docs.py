"""The page of the API's description, ``/docs``: it loads nothing from elsewhere."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS = "/docs/assets"

DESCRIPTION = """Errors are `{"error": sentence, "code": word, "details"?: {field: [sentences]}}` everywhere; moments
are UTC and end in `Z`.

**The socket** `/ws/staff/` tells what happens as it happens. It is opened with the access token as `?token=`, in the
`Authorization` header, as the subprotocol pair `bearer, <token>` or in a first frame `{"type": "auth", "token": "…"}`,
or from our own pages by the session's cookie. Commands are `{"command": …}`: `subscribe_to_conversation` and
`unsubscribe_from_conversation` with a `stay_id`, or a `conversation_id` where there is no stay; `send_message` with the
fields that REST takes; `mark_read`; `typing` with `is_typing`. Subscribing is answered by nothing: events simply come.
A `send_message` is acknowledged where it has a `client_message_id`; a command that is refused gets `{"type": "error",
"message", "code"}`, and the socket stays. Events have a `type` and a `seq`, which only rises: `new_conversation` and
`channel_status` for all staff; `new_message`, `message_updated` and `message_status` for whoever has subscribed. To
resume, open it with `?since=` and the last `seq` that was seen, and subscribe with the same `since`: what was missed
comes first, then heartbeats with the `seq` that one has. Where what was missed is no
longer kept, the socket is closed with 4409: fetch it by REST, and begin anew without `since`."""


def add_docs(app: FastAPI) -> None:
    # The package's files only: its own application class would bring routes of its own.
    folder = Path(str(files("fastapi_offline"))) / "static"
    app.mount(ASSETS, StaticFiles(directory=folder), name="docs_assets")

    @app.get("/docs", include_in_schema=False)
    @app.get("/docs/", include_in_schema=False)
    async def page() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Lobby: the API",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
            swagger_ui_parameters={"persistAuthorization": True},
        )
