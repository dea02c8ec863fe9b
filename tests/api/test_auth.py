from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from app.api.auth import router
from app.core.settings import Environment, Settings
from app.core.types import Department, UserType
from app.services.container import Services
from app.store.database import Database
from tests.sign_ins import (
    LOGOUT,
    ME,
    REFRESH,
    RITA,
    TOKEN,
    add_user,
    assert_unauthenticated,
    bearer,
    signed_in,
)
from tests.world import PASSWORD

# POST token/


@pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
async def test_a_sign_in_answers_a_pair_of_tokens_and_who_one_is(
    client: httpx.AsyncClient, database: Database, form: bool
) -> None:
    user_id = await add_user(
        database,
        first_name="Rita",
        last_name="Reis",
        email="rita@sea-view.example",
        user_type=UserType.DEPARTMENT_STAFF,
        departments=[Department.ROOM_SERVICE, Department.CAFE],
    )

    if form:
        answer = await client.post(TOKEN, data={**RITA, "grant_type": "password", "scope": "", "client_id": ""})
    else:
        answer = await client.post(TOKEN, json=RITA)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert isinstance(body.pop("access_token"), str)
    assert isinstance(body.pop("refresh_token"), str)
    hotel_id = body["user"]["hotel"].pop("id")
    assert isinstance(hotel_id, int)
    assert body == {
        "token_type": "bearer",
        "expires_in": 900,
        "user": {
            "id": user_id,
            "username": "rita",
            "first_name": "Rita",
            "last_name": "Reis",
            "name": "Rita Reis",
            "email": "rita@sea-view.example",
            "user_type": "department_staff",
            "department": ["Room Service", "Café"],
            "hotel": {"slug": "sea-view", "name": "Sea View"},
        },
    }


async def test_a_form_may_be_sent_as_browsers_of_any_kind_label_it(
    client: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database, "josé")

    answer = await client.post(
        TOKEN,
        content=f"username=jos%C3%A9&password={PASSWORD.replace(' ', '+')}",
        headers={"Content-Type": "Application/X-WWW-Form-URLEncoded; charset=UTF-8"},
    )

    assert answer.status_code == 200


async def test_the_empty_client_that_the_page_of_the_api_names_besides_counts_for_nothing(
    client: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database)

    answer = await client.post(TOKEN, data={"grant_type": "password", **RITA}, headers={"Authorization": "Basic Og=="})

    assert answer.status_code == 200


async def test_a_sign_in_sets_a_cookie_that_scripts_cannot_read_and_one_that_they_can(
    client: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database)

    answer = await client.post(TOKEN, json=RITA)

    session, csrf = (header.lower() for header in answer.headers.get_list("set-cookie"))
    assert session.startswith("lobby_auth=")
    assert csrf.startswith("csrftoken=")
    assert "httponly" in session
    assert "httponly" not in csrf
    for cookie in (session, csrf):
        assert "; samesite=lax" in cookie
        assert "; path=/" in cookie
        assert "; max-age=2592000" in cookie
        assert "; secure" not in cookie


async def test_in_production_cookies_travel_over_https_only(services: Services, database: Database) -> None:
    await add_user(database)
    production = services.settings.model_copy(update={"environment": Environment.PRODUCTION})
    app = FastAPI()
    app.include_router(router)
    app.state.services = replace(services, settings=production)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://lobby.example") as client:
        set_by = [await client.post(TOKEN, json=RITA)]
        set_by.append(await client.post(LOGOUT, headers=bearer(set_by[0].json()["access_token"])))

    for answer in set_by:
        assert ["; secure" in cookie.lower() for cookie in answer.headers.get_list("set-cookie")] == [True, True]


BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({}, "username"),
    ({"username": "rita"}, "password"),
    ({"password": PASSWORD}, "username"),
    ({"username": 7, "password": PASSWORD}, "username"),
    ({"username": None, "password": PASSWORD}, "username"),
    ({"username": ["rita"], "password": PASSWORD}, "username"),
    ({"username": "", "password": PASSWORD}, "username"),
    ({"username": "x" * 151, "password": PASSWORD}, "username"),
    ({"username": "rita\x00", "password": PASSWORD}, "username"),
    ({"username": "rita", "password": True}, "password"),
    ({"username": "rita", "password": ""}, "password"),
    ({"username": "rita", "password": "x" * 1025}, "password"),
    ({"username": "rita", "password": "a\x00b"}, "password"),
]


async def test_a_field_that_is_missing_or_wrong_is_named(client: httpx.AsyncClient) -> None:
    for body, field in BAD_FIELDS:
        answer = await client.post(TOKEN, json=body)

        assert answer.status_code == 422, body
        assert field in str(answer.json()["details"])
        assert PASSWORD not in answer.text


BAD_BODIES = [
    b"",
    b"null",
    b"[]",
    b'"rita"',
    b"{",
    b"\xff",
    b'{"username": "rita", "password": "\\ud800"}',
    b'{"username": "\\udfff", "password": "x"}',
    b'{"username": NaN, "password": "x"}',
    b'{"username": ' + b"9" * 5000 + b', "password": "x"}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("path", [TOKEN, REFRESH])
async def test_a_body_that_is_none_is_a_bad_field_and_no_error_of_ours(client: httpx.AsyncClient, path: str) -> None:
    for content in BAD_BODIES:
        answer = await client.post(path, content=content, headers={"Content-Type": "application/json"})

        assert answer.status_code == 422, content[:50]


BAD_FORMS = [b"", b"username", b"=&=&;;%", b"username=rita&password=%00", b"\xff=\xff", b"&" * 1000]


async def test_a_form_that_is_none_is_a_bad_field_too(client: httpx.AsyncClient) -> None:
    for content in BAD_FORMS:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post(TOKEN, content=content, headers=form)

        assert answer.status_code == 422, content


async def test_wrong_credentials_are_told_apart_by_nothing(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database)
    await add_user(database, "gone", is_active=False)

    answers = [
        await client.post(TOKEN, json={"username": username, "password": password})
        for username, password in (("rita", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD))
    ]

    for answer in answers:
        assert_unauthenticated(answer)
        assert answer.json() == answers[0].json()
        assert "set-cookie" not in answer.headers


async def test_after_ten_failures_one_is_told_when_to_come_again(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database)
    for _ in range(10):
        assert_unauthenticated(await client.post(TOKEN, json={**RITA, "password": "wrong"}))

    answer = await client.post(TOKEN, json=RITA)

    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_requests"
    assert 0 < int(answer.headers["retry-after"]) <= 900


async def test_a_page_of_somebody_else_cannot_leave_a_browser_signed_in(
    client: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database)

    for origin in ("https://elsewhere.example", "null", "", "https://"):
        answer = await client.post(TOKEN, json=RITA, headers={"Origin": origin})

        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers, origin


async def test_a_page_of_ours_is_left_signed_in_whatever_address_we_are_called_by(
    client: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    await add_user(database)
    called = f"http://{urlsplit(str(client.base_url)).netloc}"

    for origin in (called, settings.public_url):
        answer = await client.post(TOKEN, json=RITA, headers={"Origin": origin})
        assert "lobby_auth" in answer.cookies


async def test_a_sign_in_with_two_origins_is_refused(
    client: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    await add_user(database)
    both = [("Origin", settings.public_url), ("Origin", "https://elsewhere.example")]

    for origins in (both, both[::-1]):
        answer = await client.post(TOKEN, json=RITA, headers=origins)

        assert (answer.status_code, answer.json()["code"]) == (403, "bad_origin")
        assert "set-cookie" not in answer.headers


# POST refresh/


async def test_a_refresh_token_is_exchanged_once(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database)
    tokens = await signed_in(client)
    body = {"refresh_token": tokens["refresh_token"]}

    first = await client.post(REFRESH, json=body)
    second = await client.post(REFRESH, json=body)

    assert first.status_code == 200
    assert first.json().keys() == tokens.keys()
    assert first.json()["user"] == tokens["user"]
    assert first.headers["cache-control"] == "no-store"
    assert_unauthenticated(second)
    assert_unauthenticated(await client.get(ME, headers=bearer(first.json()["access_token"])))
    assert_unauthenticated(await client.get(ME))


async def test_a_refresh_without_a_token_is_a_bad_field(client: httpx.AsyncClient) -> None:
    bodies: list[object] = [{}, {"refresh_token": 7}, {"refresh_token": ""}, {"refresh_token": "a\x00"}, []]
    for body in bodies:
        assert (await client.post(REFRESH, json=body)).status_code == 422, body


# POST logout/


async def test_signing_out_by_access_token_ends_everything_and_may_be_repeated(
    client: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database)
    tokens = await signed_in(client)
    cookie = client.cookies["lobby_auth"]

    answers = [await client.post(LOGOUT, headers=bearer(tokens["access_token"])) for _ in range(2)]

    for answer in answers:
        assert (answer.status_code, answer.json()) == (200, {"status": "signed out"})
    assert not client.cookies
    assert_unauthenticated(await client.get(ME, headers=bearer(tokens["access_token"])))
    assert_unauthenticated(await client.get(ME, headers={"Cookie": f"lobby_auth={cookie}"}))
    assert_unauthenticated(await client.post(REFRESH, json={"refresh_token": tokens["refresh_token"]}))


async def test_signing_out_by_cookie_needs_the_csrf_token_and_may_be_repeated(
    client: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database)
    await signed_in(client)
    cookie, csrf = client.cookies["lobby_auth"], client.cookies["csrftoken"]
    client.cookies.clear()
    by_cookie = {"Cookie": f"lobby_auth={cookie}"}

    for wrong in (b"", csrf[:-1].encode(), b"\xff\xfe"):
        refused = await client.post(LOGOUT, headers={b"Cookie": by_cookie["Cookie"].encode(), b"X-CSRFToken": wrong})
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    assert (await client.post(LOGOUT, headers=by_cookie)).status_code == 403
    assert (await client.get(ME, headers=by_cookie)).status_code == 200

    answers = [await client.post(LOGOUT, headers={**by_cookie, "X-CSRFToken": csrf}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert_unauthenticated(await client.get(ME, headers=by_cookie))


async def test_the_csrf_token_of_one_session_is_not_anothers(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database)
    await signed_in(client)
    others = client.cookies["csrftoken"]
    await signed_in(client)

    answer = await client.post(LOGOUT, headers={"X-CSRFToken": others})

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


async def test_signing_out_by_refresh_token_needs_nothing_else(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database)
    tokens = await signed_in(client)
    client.cookies.clear()

    answer = await client.post(LOGOUT, json={"refresh_token": tokens["refresh_token"]})

    assert answer.status_code == 200
    assert_unauthenticated(await client.get(ME, headers=bearer(tokens["access_token"])))
    assert_unauthenticated(await client.post(LOGOUT, json={"refresh_token": "unknown"}))
    assert (await client.post(LOGOUT, json={"refresh_token": 7})).status_code == 422


async def test_signing_out_leaves_other_sessions_alone(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database)
    first, second = await signed_in(client), await signed_in(client)

    await client.post(LOGOUT, headers=bearer(first["access_token"]))

    assert (await client.get(ME, headers=bearer(second["access_token"]))).status_code == 200


# The API's own page


async def test_authorize_on_the_page_of_the_api_asks_for_a_password_and_sends_it_here(
    client: httpx.AsyncClient,
) -> None:
    schema = (await client.get("/openapi.json")).json()

    scheme = schema["components"]["securitySchemes"]["Access token"]
    assert scheme["flows"]["password"]["tokenUrl"] == TOKEN
    assert {"Access token": []} in schema["paths"][ME]["get"]["security"]
    bodies = schema["paths"][TOKEN]["post"]["requestBody"]["content"]
    assert bodies.keys() == {"application/json", "application/x-www-form-urlencoded"}
    assert set(bodies["application/json"]["schema"]["required"]) == {"username", "password"}
