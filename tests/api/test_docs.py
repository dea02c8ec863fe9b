"""The page of the API's description: it loads nothing from elsewhere, and what it says can be tried there."""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

METHODS = {"get", "put", "post", "patch", "delete"}
OPEN = {"/api/auth/token/", "/api/auth/refresh/", "/api/auth/logout/", "/health/live/", "/health/ready/"}
OPEN |= {"/api/message_manager/webhook/whatsapp/"}
OPEN |= {"/api/media/{media_id}/{variant}/"}  # its signed address is the permission


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
            assert secured == (set() if path in OPEN else {"Access token", "Session cookie"}), (method, path)


async def test_every_operation_is_described(client: httpx.AsyncClient) -> None:
    schema = await described(client)

    assert schema["info"]["title"] == "Lobby"
    for path, operations in schema["paths"].items():
        for method in METHODS & operations.keys():
            assert operations[method]["tags"], (method, path)
            assert operations[method]["summary"], (method, path)
