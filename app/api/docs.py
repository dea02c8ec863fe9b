"""The page of the API's description, ``/docs``: it loads nothing from elsewhere."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS = "/docs/assets"

DESCRIPTION = """Errors are `{"error": sentence, "code": word, "details"?: {field: [sentences]}}` everywhere, on the web
chat's paths with `"success": false` besides; moments are UTC and end in `Z`.

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
longer kept, the socket is closed with 4409: fetch it by REST, and begin anew without `since`.

**The staff's chat** `/ws/chat/` is opened and resumed likewise. It tells the departments of its user what happens there
in short (`new_conversation`, `conversation_update`, `user_status`), and of the conversations that it has subscribed to
all of it (`message`, `reaction`, `message_updated`, `message_status`, `typing`, `viewing`, `conversation_changed`);
`/ws/chat/{department_name}/` counts as subscribed to all of one department. Commands are `{"type": …}`:
`subscribe_conversation`, `unsubscribe_conversation`, `text`, `media`, `mark_read`, `typing`, `close_conversation`,
`reopen`, `transfer`, `assign`, `priority`, `note`, `viewing`, each with a `conversation_id`; `react` with a
`message_id`; `presence`, `ping`. All but `typing` are answered, by an acknowledgement that comes before the news of
what they have brought about, or by an error that repeats what they were about, with `details` by field.

**Document 4's clients** have `/ws/chat/{conversation_id}/` for one conversation, which begins with `recent_messages`,
takes `chat_message`, `typing` and `mark_read`, and tells `chat_message`, `typing_indicator`, `messages_read`, and what
becomes of them (`message_updated`, `message_status`, `conversation_updated`); and `/ws/conversations/` for the list:
`get_conversations` and `refresh_conversations` are answered with `conversations_list`, `new_customer_message` and
`conversation_updated` come unasked. Ids of conversations and messages are texts there, and a refusal is `{"error"}`.

**Guests** listen on `/ws/guest/{whatsapp_number}/`, which takes the token of a guest session as `?token=`. Where
`GUEST_SOCKET` is `open`, and never in production, the number of a guest who stays is enough. It tells `message` and
`typing`, each with a `seq`, and takes `{"type": "ping"}`.

**Visitors of the web chat** have `/ws/unicom/webchat/{chat_id}/` for one of their chats. It is opened by a visitor's or
user's cookie from our own pages, a guest token or an access token, says `ready`, and tells `new_message` and
`message_updated`, each with a `message` as `messages/` shows it, and `typing`; `{"action": "ping"}` is answered with
`{"type": "pong"}`.

**A socket is closed with** 4401 where nothing good was shown, or what was shown is over, as a guest's session is at the
check-out; 4403 where whoever it is may not have it: no staff, or another department's, also one that was lost since, or
a number that is no guest's who stays; 4404 where there is no such department, conversation or socket; 4408 for reading
too slowly; 4409 for a `since` that is no longer kept; 4429 for too many frames; 1012 when the server restarts: connect
again."""


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
