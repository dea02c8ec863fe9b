import httpx
import pytest

from app.core.types import UserType
from app.store.database import Database
from tests.sign_ins import LOGOUT, ME, add_user, assert_unauthenticated, bearer, signed_in


async def test_one_is_known_by_the_access_token(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database)
    tokens = await signed_in(client)
    client.cookies.clear()

    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = await client.get(ME, headers={"Authorization": f"{scheme} {tokens['access_token']}"})
        assert answer.status_code == 200
        assert answer.json() == tokens["user"]


async def test_one_is_known_by_the_cookie(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database)
    tokens = await signed_in(client)

    answer = await client.get(ME)

    assert answer.json() == tokens["user"]


async def test_a_guest_who_signed_in_is_somebody(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database, user_type=UserType.GUEST, departments=[])
    await signed_in(client)

    answer = await client.get(ME)

    assert (answer.status_code, answer.json()["user_type"], answer.json()["department"]) == (200, "guest", [])


async def test_without_a_credential_one_is_nobody(client: httpx.AsyncClient) -> None:
    assert_unauthenticated(await client.get(ME))
    assert_unauthenticated(await client.post(LOGOUT))


BAD_HEADERS = [
    b"",
    b"Bearer",
    b"Basic cml0YTpyaXRh",
    b"token",
    b"Bearer token",
    b"Bearer \xe9\xe8",
    "Bearer café".encode(),
    b"Bearer \xff\xfe\xed\xa0\x80",
    b"Bearer\ttoken",
    b"Bearer " + b"x" * 30_000,
    b"Bearer " + b"." * 1000,
    b"Bearer one, Bearer two",
]


@pytest.mark.parametrize(("method", "path"), [("GET", ME), ("POST", LOGOUT)])
async def test_a_bad_header_is_refused_though_the_cookie_is_good(
    client: httpx.AsyncClient, database: Database, method: str, path: str
) -> None:
    await add_user(database)
    await signed_in(client)
    csrf = client.cookies["csrftoken"].encode()

    for header in BAD_HEADERS:
        answer = await client.request(method, path, headers={b"Authorization": header, b"X-CSRFToken": csrf})

        assert_unauthenticated(answer)
    assert (await client.get(ME)).status_code == 200


async def test_two_authorization_headers_are_one_too_many(client: httpx.AsyncClient, database: Database) -> None:
    await add_user(database)
    good = bearer((await signed_in(client))["access_token"])["Authorization"]

    answer = await client.get(ME, headers=[("Authorization", good), ("Authorization", good)])

    assert_unauthenticated(answer)


async def test_a_bad_cookie_is_refused(client: httpx.AsyncClient) -> None:
    for cookie in (b"", b"x", b"\xff\xfe", b"x" * 8000, "é".encode(), b'"', b";;=,"):
        for method, path in (("GET", ME), ("POST", LOGOUT)):
            assert_unauthenticated(await client.request(method, path, headers={b"Cookie": b"lobby_auth=" + cookie}))
