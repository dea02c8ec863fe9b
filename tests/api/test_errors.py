"""The form of every REST error, whoever made it."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel
from structlog.testing import capture_logs

from app.api.bodies import StrictRoute
from app.api.errors import add_error_handlers
from app.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LobbyError,
    NotFound,
    ResyncNeeded,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

ERRORS: dict[str, tuple[LobbyError, int]] = {
    "unauthenticated": (Unauthenticated("Please sign in first."), 401),
    "forbidden": (Forbidden("Only staff may do this."), 403),
    "csrf_failed": (Forbidden("The header is missing.", code="csrf_failed"), 403),
    "not_found": (NotFound("There is no such thing."), 404),
    "conflict": (Conflict("Somebody was first.", details={"conversation_id": 7}), 409),
    "resync_needed": (ResyncNeeded("Too old."), 409),
    "too_many_requests": (TooManyRequests("Please wait.", retry_after=30), 429),
    "unavailable": (Unavailable("The database is away."), 503),
    "invalid": (Invalid("The text is empty.", details={"text": ["May not be empty."]}), 422),
}


class Fields(BaseModel):
    text: str = ""
    body: dict[str, str] = {}


@pytest.fixture
async def failing() -> AsyncIterator[httpx.AsyncClient]:
    """An application whose routes fail in every way that there is."""
    app = FastAPI()
    app.router.route_class = StrictRoute
    add_error_handlers(app)

    @app.get("/errors/{code}")
    async def fail(code: str) -> None:
        raise ERRORS[code][0]

    @app.get("/{prefix}/{rest:path}/invalid/")
    async def invalid(limit: Annotated[int, Query(ge=1)] = 1) -> None:
        raise ERRORS["invalid"][0]

    @app.post("/fields")
    async def fields(given: Fields) -> Fields:
        return given

    @app.post("/body")
    async def body(given: dict[str, int]) -> dict[str, int]:
        return given

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_an_error_is_a_sentence_a_code_and_details_where_there_are_some(failing: httpx.AsyncClient) -> None:
    for code, (error, status) in ERRORS.items():
        answer = await failing.get(f"/errors/{code}")

        body: dict[str, Any] = {"error": error.message, "code": code}
        assert answer.status_code == status, code
        assert answer.json() == (body if error.details is None else {**body, "details": error.details}), code
        assert answer.headers["content-type"] == "application/json"


async def test_whoever_is_not_known_is_told_how_to_sign_in(failing: httpx.AsyncClient) -> None:
    assert (await failing.get("/errors/unauthenticated")).headers["www-authenticate"] == "Bearer"


async def test_whoever_asks_too_often_is_told_when_to_come_again(failing: httpx.AsyncClient) -> None:
    assert (await failing.get("/errors/too_many_requests")).headers["retry-after"] == "30"


async def test_bad_fields_are_400_on_the_documents_paths_and_422_elsewhere(failing: httpx.AsyncClient) -> None:
    statuses = {"api/message_manager": 400, "api/chat": 400, "chat/x": 400, "unicom/webchat": 400}
    statuses |= {"api/auth": 422, "api/message_managers": 422, "other/unicom": 422}
    for prefix, status in statuses.items():
        for query, code in (("", "invalid"), ("?limit=0", "bad_fields")):
            answer = await failing.get(f"/{prefix}/x/invalid/{query}")
            assert (answer.status_code, answer.json()["code"]) == (status, code), prefix


async def test_a_bad_field_is_named_and_its_value_is_not_repeated(failing: httpx.AsyncClient) -> None:
    answer = await failing.post("/body", json={"pin": "a secret word"})

    assert answer.json()["details"].keys() == {"pin"}
    assert "secret" not in answer.text


async def test_a_body_that_cannot_be_read_is_said_to_be_so(failing: httpx.AsyncClient) -> None:
    for content in (b"{", b"\xff", b'{"a": NaN}', b'"\\u0000"', b"[" * 100_000, b""):
        answer = await failing.post("/body", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_body"), content[:20]


async def test_a_field_that_is_called_body_is_a_field(failing: httpx.AsyncClient) -> None:
    answer = await failing.post("/fields", json={"body": ["a"]})
    deeper = await failing.post("/fields", json={"body": {"1": 5, "query": "a"}})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_fields")
    assert answer.json()["details"].keys() == {"body"}
    assert deeper.json()["details"].keys() == {"body.1"}


@pytest.mark.parametrize(
    ("escaped", "word"), [(b"\\u0000", "NUL"), (b"\\ud800", "surrogate")], ids=["NUL", "a lone surrogate"]
)
async def test_a_text_that_cannot_be_kept_is_named(failing: httpx.AsyncClient, escaped: bytes, word: str) -> None:
    content = b'{"text": "a' + escaped + b'b", "body": {"1": "' + escaped + b'"}, "' + escaped + b'": 1}'
    answer = await failing.post("/fields", content=content, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_fields")
    details = answer.json()["details"]
    assert details.keys() == {"text", "body.1", "\ufffd"}
    assert all(word in sentence for [sentence] in details.values())


async def test_a_number_that_is_none_is_said_to_be_so(failing: httpx.AsyncClient) -> None:
    for number in (b"NaN", b"-Infinity"):
        content = b'{"a": ' + number + b"}"
        answer = await failing.post("/body", content=content, headers={"Content-Type": "application/json"})

        assert answer.json()["details"] == {"body": ["NaN and Infinity are no JSON."]}


async def test_a_fault_of_ours_tells_nothing_of_itself(failing: httpx.AsyncClient) -> None:
    with capture_logs():  # drawing the traceback would take seconds
        answer = await failing.get("/errors/a-secret-key")

    assert answer.status_code == 500
    assert answer.json().keys() == {"error", "code"}
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text


async def test_an_unknown_path_is_not_found(client: httpx.AsyncClient) -> None:
    for path in (
        "/",
        "/nowhere",
        "/api/nowhere/",
        "/api/message_manager/",
        "/api//auth/me/",
        "/ws/staff/",
        "/%2e%2e/x",
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


async def test_a_method_that_a_path_does_not_take_is_told_which_it_does(client: httpx.AsyncClient) -> None:
    for method, path, allowed in (("DELETE", "/api/auth/me/", "GET"), ("GET", "/api/auth/token", "POST")):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == allowed
