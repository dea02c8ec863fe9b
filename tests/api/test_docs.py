"""The page of the API's description: it loads nothing from elsewhere, and what it says can be tried there."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from app.api import refusals
from app.core.close_codes import CloseCode
from app.ws.chat_commands import commands as chat_commands
from app.ws.conversations import conversation_commands, list_commands
from app.ws.staff import commands

METHODS = {"get", "put", "post", "patch", "delete"}
OPEN = {"/api/auth/token/", "/api/auth/refresh/", "/api/auth/logout/", "/health/live/", "/health/ready/"}
OPEN |= {"/api/message_manager/webhook/whatsapp/", "/api/webhooks/telegram/{bot_id}/", "/api/webhooks/instagram/"}
OPEN |= {"/api/auth/register/"}
OPEN |= {"/api/media/{media_id}/{variant}/"}  # its signed address is the permission
OPENS_A_SESSION = ("post", "/api/guest/session/")
BY_GUESTS = {"/api/guest/session/"}
BY_VISITORS = "/unicom/webchat/"
BEGINS_A_VISIT = "/unicom/webchat/session/"
BY_KEY = {"/api/chat/guest-webhook/"}


async def test_the_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/docs/"):
        page = await client.get(path)

        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert not re.search(r"""(https?:)?//[a-z0-9]""", page.text, re.IGNORECASE), page.text


async def test_what_the_page_loads_is_there(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs/")).text
    loaded = re.findall(r"""(?:src|href)="([^"]+)"|url: '([^']+)'""", page)
    paths = [one or other for one, other in loaded]

    assert {urlsplit(path).path.rpartition(".")[2] for path in paths} >= {"js", "css", "png", "json"}
    for path in paths:
        answer = await client.get(urljoin("/docs/", path))
        assert answer.status_code == 200, path
        assert answer.content, path


async def test_assets_are_files_of_that_folder_only(client: httpx.AsyncClient) -> None:
    for path in ("", "/", "/../docs.py", "/%2e%2e/__init__.py", "/..%2f__init__.py", "/nothing.js", "/%00"):
        assert (await client.get(f"/docs/assets{path}")).status_code in {400, 404}, path


async def described(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    schema: dict[str, Any] = answer.json()
    return schema


async def test_authorize_asks_for_user_name_and_password(client: httpx.AsyncClient) -> None:
    schema = await described(client)

    scheme = schema["components"]["securitySchemes"]["Access token"]
    assert scheme["type"] == "oauth2"
    assert scheme["flows"]["password"]["tokenUrl"] == "/api/auth/token/"


async def test_every_operation_that_needs_a_caller_says_how_to_be_one(client: httpx.AsyncClient) -> None:
    schema = await described(client)

    for path, operations in schema["paths"].items():
        for method in METHODS & operations.keys():
            secured = {name for each in operations[method].get("security", []) for name in each}
            wanted = {"API key"} if path in BY_KEY else {"Access token", "Session cookie"}
            wanted = {"Guest token"} if path in BY_GUESTS else wanted
            wanted = {"Access token", "Visitor's token", "Visitor's cookie"} if path.startswith(BY_VISITORS) else wanted
            is_open = path in OPEN or path == BEGINS_A_VISIT or (method, path) == OPENS_A_SESSION
            assert secured == (set() if is_open else wanted), (method, path)


async def test_every_operation_is_described(client: httpx.AsyncClient) -> None:
    schema = await described(client)

    assert schema["info"]["title"] == "Lobby"
    for path, operations in schema["paths"].items():
        for method in METHODS & operations.keys():
            assert operations[method]["tags"], (method, path)
            assert operations[method]["summary"], (method, path)


def codes(operation: dict[str, Any]) -> dict[str, set[str]]:
    """The errors that an operation names: ``{status: {code}}``."""
    found = {
        status: set(re.findall(r"- `(\w+)`:", each["description"])) for status, each in operation["responses"].items()
    }
    return {status: named for status, named in found.items() if named}


async def test_an_operation_names_the_codes_that_are_its_own(client: httpx.AsyncClient) -> None:
    paths = (await described(client))["paths"]

    send = codes(paths["/api/conversations/{conversation_id}/messages/"]["post"])
    assert send["409"] == {"window_closed", "conversation_open", "client_message_id_used"}
    assert {"empty_text", "no_such_file", "bad_coordinates"} <= send["422"]
    theirs = codes(paths["/api/message_manager/conversations/{conversation_id}/send_message/"]["post"])
    assert theirs == {("400" if status == "422" else status): named for status, named in send.items()}
    upload = codes(paths["/api/media/"]["post"])
    assert (upload["413"], upload["415"]) == ({"too_big"}, {"unsupported_media_type"})
    link = codes(paths["/api/media/{media_id}/{variant}/"]["get"])
    assert (link["403"], link["410"]) == ({"bad_signature"}, {"gone"})
    for prefix in ("/api/chat", "/chat"):
        create = codes(paths[f"{prefix}/conversations/create/"]["post"])
        assert (create["404"], create["409"]) == ({"no_such_guest"}, {"conversation_open", "no_channel"})
        assert codes(paths[f"{prefix}/conversations/close/"]["post"])["409"] == {"already_closed"}
    form = paths["/api/chat/upload-media/"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert (form["properties"].keys(), form["required"]) == (
        {"conversation_id", "caption", "file"},
        ["conversation_id", "file"],
    )
    assert codes(paths["/api/channels/{channel_id}/resume/"]["post"])["409"] == {"not_paused"}
    assert "not_failed" in codes(paths["/api/messages/{message_id}/retry/"]["post"])["409"]


async def test_every_error_has_the_one_form(client: httpx.AsyncClient) -> None:
    schema = await described(client)

    for path, operations in schema["paths"].items():
        for method in METHODS & operations.keys() if path != "/health/ready/" else ():  # it answers how it stands
            for status, response in operations[method]["responses"].items():
                if (status == "default" or status >= "400") and status != "416":
                    assert response["content"]["application/json"]["schema"] == {
                        "$ref": "#/components/schemas/Error"
                    }, (method, path, status)


async def test_every_error_has_an_example_of_each_of_its_codes_and_none_of_others(client: httpx.AsyncClient) -> None:
    schema = await described(client)

    assert "null" not in str(schema["components"]["schemas"]["Error"])
    for path, operations in schema["paths"].items():
        for method in METHODS & operations.keys() if path != "/health/ready/" else ():
            own = codes(operations[method])
            for status, response in operations[method]["responses"].items():
                if status == "default" or (status >= "400" and status != "416"):
                    shown = response["content"]["application/json"]["examples"]
                    assert shown.keys() == own.get(status, shown.keys()), (method, path, status)
                    for code, example in shown.items():
                        body = example["value"]
                        assert body["code"] == code, (method, path, status)
                        assert body["error"], code
                        assert body.get("details", {}) is not None, code


async def test_a_file_is_told_by_its_types_and_a_conversation_by_a_sentence(client: httpx.AsyncClient) -> None:
    paths = (await described(client))["paths"]

    for path in ("/api/media/{media_id}/{variant}/", "/api/stays/{stay_id}/documents/{media_id}/"):
        assert {"image/jpeg", "application/pdf"} <= paths[path]["get"]["responses"]["200"]["content"].keys()
    for path, operations in paths.items():
        for method in METHODS & operations.keys():
            assert operations[method].get("description"), (method, path)


async def test_what_is_sent_and_shown_is_described_field_by_field(client: httpx.AsyncClient) -> None:
    schemas = (await described(client))["components"]["schemas"]

    wanted = {
        "SendIn": {"text", "media_id", "reply_to_message_id", "hold", "client_message_id"},
        "SendTemplateIn": {"id", "name", "body", "buttons", "client_message_id"},
        "ReactionIn": {"emoji"},
        "TypingIn": {"is_typing"},
        "MessageOut": {"content", "delivery_status", "delivery_error", "delivery_error_code", "details"},
    }
    for name, fields in wanted.items():
        for field in fields:
            assert schemas[name]["properties"][field].get("description"), (name, field)
    assert not [name for name in schemas if "__" in name], "two models of one name"
    assert {"LocationIn", "TemplatePlaceIn"} <= schemas.keys()


async def test_the_socket_is_told_of_as_well(client: httpx.AsyncClient) -> None:
    told = (await described(client))["info"]["description"]

    for word in (*commands.names, "/ws/staff/", "?token=", "?since=", "`seq`", str(CloseCode.RESYNC_NEEDED.value)):
        assert word in told, word


async def test_the_sockets_of_the_chat_and_of_guests_are_told_of_with_the_codes_that_they_close_with(
    client: httpx.AsyncClient,
) -> None:
    told = (await described(client))["info"]["description"]

    one, all_ = "`/ws/chat/{conversation_id}/`", "`/ws/conversations/`"
    for socket in ("`/ws/chat/`", "`/ws/chat/{department_name}/`", one, all_, "`/ws/guest/{whatsapp_number}/`"):
        assert socket in told, socket
    for word in (*conversation_commands.names, *list_commands.names, "recent_messages", "new_customer_message"):
        assert f"`{word}`" in told, word
    for word in (*chat_commands.names, "reaction", *(str(code.value) for code in CloseCode)):
        assert word in told, word


async def test_the_chats_operations_say_what_is_done_and_what_is_answered(client: httpx.AsyncClient) -> None:
    paths = (await described(client))["paths"]

    chats = [(path, each) for path, methods in paths.items() for each in methods.values() if "/chat/" in path]
    assert {tag for path, each in chats if path.startswith("/api/") for tag in each["tags"]} == {"Chat (contract 2)"}
    assert paths["/api/chat/guest-webhook/"]["post"]["summary"] == "Receive a guest's message"
    guests = [(path, each) for path in sorted(BY_GUESTS) for each in paths[path].values()]
    for path, each in chats + guests:
        answered = [said["description"] for status, said in each["responses"].items() if status.startswith("2")]
        assert answered, path
        assert "Successful Response" not in answered, path
    assert codes(paths["/api/chat/guest-webhook/"]["post"])["413"] == {"too_big"}


def test_every_code_that_is_told_of_stands_somewhere_in_the_code() -> None:
    root = Path(refusals.__file__).parents[1]
    written = "".join(each.read_text() for each in root.rglob("*.py") if each != Path(refusals.__file__))

    for code in refusals.CODES:
        assert f'"{code}"' in written, code
