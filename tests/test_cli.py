"""The commands: what they do, and that what goes wrong is a sentence on stderr and an exit code of 1."""

import asyncio
import hashlib
import io
import logging
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest
from sqlalchemy import make_url

from app.cli import main
from app.core.passwords import verify_password
from app.dev.listening import free_port
from tests.bare import create_bare_database
from tests.fake_telegram import BOT_ID, BOT_TOKEN, OTHER_TOKEN, SECRET, serve_fake_telegram
from tests.hotel_files import FULL, hotel

Run = Callable[..., int]
Said = Callable[[], "Output"]
Patch = pytest.MonkeyPatch


class Output(NamedTuple):
    out: str
    err: str


PASSWORD = "a-long-password"


@pytest.fixture
def run(empty_database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command in an empty folder, on an empty database; answers its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOBBY_ENV", "test")
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("REDIS_URL", redis_url)
    handlers, level = logging.root.handlers[:], logging.root.level

    def run(*args: str, stdin: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as end:
            main(list(args))
        assert isinstance(end.value.code, int)
        return end.value.code

    yield run
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """What has been printed since it was last asked for."""

    def said() -> Output:
        captured = capsys.readouterr()
        return Output(captured.out, captured.err)

    return said


@pytest.fixture
def bare_database() -> Iterator[str]:
    with create_bare_database() as url:
        yield url


def user_row(database_url: str, username: str) -> asyncpg.Record:
    """A user with the slug and name of their hotel."""

    async def read() -> asyncpg.Record:
        url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchrow(
                "SELECT users.*, slug, name AS hotel FROM users JOIN hotels ON hotels.id = hotel_id "
                "WHERE username = $1",
                username,
            )
        finally:
            await connection.close()

    return asyncio.run(read())


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "hotel.yaml"
    path.write_text(text)
    return str(path)


def test_import_says_what_it_made_and_then_that_nothing_changed(run: Run, tmp_path: Path, said: Said) -> None:
    file = write(tmp_path, FULL)
    assert run("import", file) == 0
    assert said().out.splitlines() == [
        "hotels    1 created",
        "channels  2 created",
        "staff     1 created",
        "guests    1 created",
        "stays     1 created",
        "templates 1 created",
    ]
    assert run("import", file) == 0
    assert {line.split()[-1] for line in said().out.splitlines()} == {"unchanged"}


async def test_telegram_is_told_where_each_bots_updates_go_and_that_they_are_the_bots(
    run: Run, tmp_path: Path, said: Said, monkeypatch: Patch
) -> None:
    bots = f"{{platform: Telegram, name: Bot, bot_token: '{BOT_TOKEN}', secret: {SECRET}}}"
    file = write(tmp_path, hotel(f"channels: [{bots}]"))
    async with serve_fake_telegram() as telegram:
        monkeypatch.setenv("TELEGRAM_API_URL", telegram.url)
        monkeypatch.setenv("PUBLIC_URL", "https://lobby.example")
        assert await asyncio.to_thread(run, "import", file) == 0
        said()

        assert await asyncio.to_thread(run, "telegram", "set-webhook") == 0

        url = f"https://lobby.example/api/webhooks/telegram/{BOT_ID}/"
        kinds = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
        wanted = {"url": url, "secret_token": SECRET, "allowed_updates": kinds}
        assert await telegram.wait_for("setWebhook") == [wanted]
        assert said() == (f"Sea View: what is written to the bot {BOT_ID} comes to {url}\n", "")

        await telegram.fail(code=400, description="Bad Request: bad webhook: An HTTPS URL must be provided")
        assert await asyncio.to_thread(run, "telegram", "set-webhook") == 1
        assert said().err == (
            f"Sea View: the bot {BOT_ID}: Telegram does not take {url}. "
            "(Telegram: Bad Request: bad webhook: An HTTPS URL must be provided)\n"
        )


async def test_a_bot_that_cannot_be_set_is_named_and_is_in_no_others_way(
    run: Run, tmp_path: Path, said: Said, monkeypatch: Patch
) -> None:
    bots = [
        "{platform: Telegram, name: One, bot_token: '1:unknown', secret: one}",
        f"{{platform: Telegram, name: Two, bot_token: '{OTHER_TOKEN}'}}",
        f"{{platform: Telegram, name: Bot, bot_token: '{BOT_TOKEN}', secret: {SECRET}}}",
    ]
    file = write(tmp_path, hotel(f"channels: [{', '.join(bots)}]"))
    async with serve_fake_telegram() as telegram:
        monkeypatch.setenv("TELEGRAM_API_URL", telegram.url)
        await asyncio.to_thread(run, "import", file)
        said()

        assert await asyncio.to_thread(run, "telegram", "set-webhook") == 1

        output = said()
        assert len(output.out.splitlines()) == 1
        assert BOT_ID in output.out
        first, second = output.err.splitlines()
        assert first.startswith("Sea View: the bot 1: Telegram refuses the bot's token.")
        assert "has no secret" in second
        assert "unknown" not in output.err


def test_where_there_is_no_bot_there_is_nothing_to_set(run: Run, tmp_path: Path, said: Said) -> None:
    run("import", write(tmp_path, FULL))
    said()
    assert run("telegram", "set-webhook") == 0
    assert said().out == "No hotel has a Telegram bot in use.\n"


def test_import_names_file_and_line_of_each_fault_and_no_secret(run: Run, tmp_path: Path, said: Said) -> None:
    staff = "staff: [{username: rita, password: hunter2, user_type: boss}]"
    file = write(tmp_path, hotel(staff, "nmae: Sea View"))
    assert run("import", file) == 1
    assert said().err.splitlines() == [
        f"{file}:4: hotels.0.staff.0.password: must have at least 8 characters",
        f"{file}:4: hotels.0.staff.0.user_type: must be 'department_staff', 'receptionist', 'manager' or 'hotel_admin'",
        f"{file}:5: hotels.0.nmae: is no known key; did you mean name?",
    ]


def test_import_names_a_file_that_is_not_there(run: Run, said: Said) -> None:
    assert run("import", "nowhere.yaml") == 1
    assert said().err == "nowhere.yaml: No such file or directory.\n"


# The database


def test_a_new_database_is_migrated_once(run: Run, bare_database: str, monkeypatch: Patch, said: Said) -> None:
    monkeypatch.setenv("DATABASE_URL", bare_database)
    assert run("migrate") == 0
    assert said().out.startswith("Migrated: 0001")
    assert run("migrate") == 0
    assert said().out == "The database is up to date.\n"


def test_a_database_without_tables_is_told_apart(
    run: Run, bare_database: str, tmp_path: Path, monkeypatch: Patch, said: Said
) -> None:
    monkeypatch.setenv("DATABASE_URL", bare_database)
    assert run("import", write(tmp_path, FULL)) == 1
    assert said().err == "The database has no tables of Lobby's yet: run `lobby migrate` first.\n"


def test_models_and_migrations_agree(run: Run, said: Said) -> None:
    assert run("check-migrations") == 0, said().err


@pytest.mark.parametrize("command", [["migrate"], ["check-migrations"], ["import", "hotel.yaml"]])
def test_a_database_that_refuses_is_one_sentence(
    command: list[str], run: Run, tmp_path: Path, monkeypatch: Patch, said: Said
) -> None:
    write(tmp_path, FULL)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://127.0.0.1:{free_port('127.0.0.1')}/lobby")
    assert run(*command) == 1
    sentence = "The database cannot be reached (nobody listens there). Is it running, and is DATABASE_URL right?"
    assert said().err.splitlines()[-1] == sentence


def test_a_database_that_is_not_there_is_one_sentence(
    run: Run, empty_database: str, monkeypatch: Patch, said: Said
) -> None:
    nowhere = make_url(empty_database).set(database="nowhere").render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", nowhere)
    assert run("migrate") == 1
    assert said().err == 'The database refuses: database "nowhere" does not exist. Is DATABASE_URL right?\n'


def test_settings_that_make_no_server_are_named(run: Run, monkeypatch: Patch, said: Said) -> None:
    monkeypatch.setenv("PORT", "many")
    assert run("migrate") == 1
    assert said().err.startswith("PORT: ")


# The first admin

ADMIN = ("create-admin", "--hotel", "sea-view", "--username", "ada")


def test_the_first_admin_of_a_new_hotel_may_sign_in(run: Run, empty_database: str) -> None:
    assert run(*ADMIN, "--hotel-name", "Sea View", stdin=f"{PASSWORD}\n") == 0
    user = user_row(empty_database, "ada")
    assert verify_password(user["password_hash"], PASSWORD)
    assert (user["user_type"], user["slug"], user["hotel"]) == ("hotel_admin", "sea-view", "Sea View")


@pytest.mark.parametrize(
    ("args", "stdin", "sentence"),
    [
        pytest.param([], "too-short\n", "The password must have at least 10 characters.", id="a weak password"),
        pytest.param([], "", "The password must not be empty.", id="no password"),
        pytest.param(
            [], f"{PASSWORD}\n", "There is no hotel sea-view; with --hotel-name it would be made.", id="no hotel"
        ),
        pytest.param(
            ["--username", "a d a", "--hotel-name", "Sea View"],
            f"{PASSWORD}\n",
            "This cannot be: username must be written as rita or rita.reis is.",
            id="no user name",
        ),
    ],
)
def test_an_admin_who_cannot_be_is_refused(args: list[str], stdin: str, sentence: str, run: Run, said: Said) -> None:
    assert run(*ADMIN, *args, stdin=stdin) == 1
    assert said().err == f"{sentence}\n"


def test_nobody_is_made_admin_twice(run: Run, said: Said) -> None:
    assert run(*ADMIN, "--hotel-name", "Sea View", stdin=f"{PASSWORD}\n") == 0
    assert run(*ADMIN, stdin="another-long-password\n") == 1
    assert said().err == "There is a user ada already.\n"


# API keys

KEY = ("--hotel", "sea-view", "--name", "property system")


@pytest.fixture
def sea_view(run: Run, tmp_path: Path, said: Said) -> None:
    assert run("import", write(tmp_path, FULL)) == 0
    said()


def kept_keys(database_url: str) -> list[asyncpg.Record]:
    async def read() -> list[asyncpg.Record]:
        url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch("SELECT key_hash, revoked_at, action FROM api_keys, audit_log"))
        finally:
            await connection.close()

    return asyncio.run(read())


@pytest.mark.usefixtures("sea_view")
def test_an_api_key_is_printed_once_and_only_its_hash_is_kept(run: Run, empty_database: str, said: Said) -> None:
    assert run("create-api-key", *KEY) == 0
    (key,) = said().out.splitlines()
    assert re.fullmatch("lobby_[A-Za-z0-9_-]{43}", key)

    (kept,) = kept_keys(empty_database)
    assert (kept["key_hash"], kept["action"]) == (hashlib.sha256(key.encode()).digest(), "api_key.created")
    assert run("api-keys", "--hotel", "sea-view") == 0
    listed = said().out
    assert re.fullmatch(r"property system +created \d{4}-\d\d-\d\d \d\d:\d\d  in use\n", listed)
    assert key not in listed


@pytest.mark.usefixtures("sea_view")
def test_a_revoked_api_key_is_listed_as_such_and_its_name_is_not_given_again(
    run: Run, empty_database: str, said: Said
) -> None:
    assert run("create-api-key", *KEY) == 0
    assert run("revoke-api-key", *KEY) == 0
    assert said().out.splitlines()[-1] == "The key property system of sea-view is revoked."

    assert {each["action"] for each in kept_keys(empty_database)} == {"api_key.created", "api_key.revoked"}
    assert all(each["revoked_at"] for each in kept_keys(empty_database))
    assert run("api-keys", "--hotel", "sea-view") == 0
    assert "revoked 20" in said().out
    assert run("revoke-api-key", *KEY) == 1
    assert said().err == "The key property system is revoked already.\n"
    assert run("create-api-key", *KEY) == 1
    assert said().err.startswith("sea-view has had a key named property system: ")


@pytest.mark.usefixtures("sea_view")
@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["create-api-key", "--hotel", "sea", "--name", "x"], "There is no hotel sea."),
        (["revoke-api-key", "--hotel", "sea", "--name", "x"], "There is no hotel sea."),
        (["api-keys", "--hotel", "sea"], "There is no hotel sea."),
        (["revoke-api-key", *KEY], "sea-view has no key named property system."),
        *(
            (
                ["create-api-key", "--hotel", "sea-view", "--name", name],
                "The name of a key is one line of 1 to 128 characters, such as: property system.",
            )
            for name in (" ", "a\nb", "x" * 129)
        ),
    ],
)
def test_a_key_that_cannot_be_is_one_sentence(args: list[str], sentence: str, run: Run, said: Said) -> None:
    assert run(*args) == 1
    assert said() == ("", f"{sentence}\n")


# Serving


@pytest.mark.parametrize("command", ["serve", "dev"])
def test_a_port_in_use_is_named_with_the_way_out_before_anything_starts(
    command: str, run: Run, tmp_path: Path, monkeypatch: Patch, said: Said
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        assert run(command) == 1
    (sentence,) = said().err.splitlines()
    assert str(port) in sentence
    assert f"PORT={port + 1}" in sentence
    assert list(tmp_path.iterdir()) == []


def test_the_demo_is_not_for_production(run: Run, monkeypatch: Patch, said: Said) -> None:
    monkeypatch.setenv("LOBBY_ENV", "production")
    monkeypatch.setenv("SECRET_KEY", "a-secret-of-the-tests-with-32-bytes-or-more")
    monkeypatch.setenv("PUBLIC_URL", "https://lobby.example")
    monkeypatch.setenv("MEDIA_DIR", "/var/lib/lobby/media")
    assert run("dev") == 1
    assert said().err == "`lobby dev` loads a demo with public passwords. In production use `lobby serve`.\n"


# Flows


def test_a_flow_is_drawn(run: Run, said: Said) -> None:
    assert run("flow", "show", "checkin") == 0
    assert "■ collect_documents" in said().out


def test_a_flow_is_played_until_nothing_is_typed(run: Run, said: Said) -> None:
    assert run("flow", "try", "checkin", stdin="hello\nJohn Doe\n/photo\n") == 0
    out = said().out
    assert "Please upload a photo of your ID document." in out
    assert "[active" in out.splitlines()[-2]


def test_an_unknown_flow_is_told_with_those_there_are(run: Run, said: Said) -> None:
    assert run("flow", "show", "spa") == 1
    assert said().err == "There is no flow spa; there are checkin, demo, services.\n"
