"""The embedded servers keep their promises: found by all, gone with the last, safe from a kill, clear when broken."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from app.dev.embedded import EmbeddedError, Services, ensure
from app.dev.embedded.errors import from_os
from app.dev.embedded.processes import is_running, until

CHECKOUT = Path(__file__).resolve().parents[2]
USER = """
import sys
from pathlib import Path
from app.dev.embedded import EmbeddedError, ensure
try:
    services = ensure(Path(sys.argv[1]))
except EmbeddedError as error:
    print("sentence", error, sep="\\t", flush=True)
else:
    print(services.database_url, services.redis_url, sep="\\t", flush=True)
    sys.stdin.read()
"""


class User:
    """A process that uses the servers of a folder until its input is closed or it is killed."""

    def __init__(self, root: Path, python: str = sys.executable) -> None:
        self.process = subprocess.Popen(
            [python, "-c", USER, str(root)], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def said(self) -> tuple[str, str]:
        """The two addresses; or the word "sentence" and the sentence."""
        assert self.process.stdout is not None
        first, second = self.process.stdout.readline().rstrip("\n").split("\t")
        return first, second

    def leave(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose servers were started once and have ended: the tests begin with copies of its data."""
    root = tmp_path_factory.mktemp("made") / ".lobby"
    services = ensure(root)
    pids = running(root)
    query(services.database_url, "CREATE TABLE guests AS SELECT 'John Doe' AS name")
    services.release()
    wait_for(lambda: none_alive(pids))
    return root


@pytest.fixture(scope="module")
def served(made: Path) -> Iterator[Services]:
    """Servers for the tests that only look at them; with spaces in their path, longer than a socket's may be."""
    services = ensure(made.with_name(("a long name " * 10).strip()))
    yield services
    services.release()


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with data, for a test that starts and ends servers."""
    root = tmp_path / ".lobby"
    shutil.copytree(made / "postgres", root / "postgres")
    yield root
    if (root / "run.json").exists():
        pids = running(root)
        wait_for(lambda: none_alive(pids))


@pytest.fixture
def users(root: Path) -> Iterator[Callable[[], User]]:
    """Starts processes that use ``root``, and ends those that are left."""
    started: list[User] = []

    def start() -> User:
        started.append(User(root))
        return started[-1]

    yield start
    for user in started:
        user.kill()


def running(root: Path) -> dict[int, str]:
    pids = json.loads((root / "run.json").read_text())["pids"]
    return {int(pid): mark for pid, mark in pids.items()}


def pid_of(root: Path, mark: Path) -> int:
    return next(pid for pid, its_mark in running(root).items() if its_mark == str(mark))


def none_alive(pids: dict[int, str]) -> bool:
    return not any(is_running(pid, mark) for pid, mark in pids.items())


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in until(30):
        if condition():
            return
    pytest.fail("it did not come true in 30 s")


def query(database_url: str, sql: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def ping(redis_url: str) -> bytes:
    password, address = redis_url.removeprefix("redis://:").removesuffix("/0").split("@")
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        received = b""
        while received.count(b"\n") < 2:
            received += connection.recv(64) or b"\n\n"
        return received


def socket_folder(database_url: str) -> Path:
    return Path(database_url.split("host=")[1])


def test_a_start_on_a_long_path_with_spaces_gives_a_database_and_a_bus(served: Services) -> None:
    assert "a long name a long name" in str(query(served.database_url, "SELECT current_setting('data_directory')"))
    assert ping(served.redis_url) == b"+OK\r\n+PONG\r\n"


def test_the_database_is_postgresql_18_in_utf8_with_the_builtin_locale(served: Services) -> None:
    assert query(
        served.database_url,
        "SELECT array[current_setting('server_version_num')::int / 10000 || '', current_setting('server_encoding'),"
        " datlocprovider::text, datlocale] FROM pg_database WHERE datname = current_database()",
    ) == ["18", "UTF8", "b", "C.UTF-8"]


def test_the_bus_lets_nobody_in_without_its_password(served: Services) -> None:
    password = served.redis_url.removeprefix("redis://:").split("@")[0]

    assert ping(served.redis_url.replace(password, "guess")).startswith(b"-WRONGPASS")


def test_a_second_command_finds_the_servers_of_the_first(users: Callable[[], User], root: Path) -> None:
    first = users().said()
    pids = running(root)

    assert users().said() == first
    assert running(root) == pids


def test_commands_that_start_at_once_share_one_set_of_servers(users: Callable[[], User]) -> None:
    together = [users() for _ in range(4)]

    assert len({user.said() for user in together}) == 1


def test_the_servers_stay_until_the_last_user_has_gone(users: Callable[[], User], root: Path) -> None:
    first, second = users(), users()
    database_url, _ = first.said()
    second.said()
    pids = running(root)

    first.leave()
    assert query(database_url, "SELECT name FROM guests") == "John Doe"
    second.leave()
    wait_for(lambda: none_alive(pids))
    assert not (root / "run.json").exists()


def test_the_servers_end_when_their_only_user_is_killed(users: Callable[[], User], root: Path) -> None:
    user = users()
    database_url, _ = user.said()
    pids = running(root)

    user.kill()
    wait_for(lambda: none_alive(pids))
    assert not socket_folder(database_url).exists()


def test_the_servers_are_out_of_reach_of_the_terminal(users: Callable[[], User], root: Path) -> None:
    user = users()
    user.said()

    assert os.getsid(user.process.pid) not in {os.getsid(pid) for pid in running(root)}


def test_after_the_keeper_was_killed_the_next_start_takes_the_servers_over(
    users: Callable[[], User], root: Path
) -> None:
    user = users()
    before = user.said()
    pids = running(root)
    keeper = pid_of(root, root)

    os.kill(keeper, signal.SIGKILL)
    wait_for(lambda: not is_running(keeper, str(root)))
    assert users().said() == before
    assert running(root).keys() - pids.keys() == {pid_of(root, root)}


def test_after_everything_was_killed_the_next_start_has_what_was_committed(
    users: Callable[[], User], root: Path
) -> None:
    user = users()
    database_url, _ = user.said()
    query(database_url, "INSERT INTO guests VALUES ('Jane Roe')")
    pids = running(root)
    user.kill()
    for pid in (pid_of(root, root), *pids):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: none_alive(pids))

    again, _ = users().said()

    assert query(again, "SELECT count(*) FROM guests") == 2
    assert not socket_folder(database_url).exists()


@pytest.mark.parametrize("server", ["postgres", "valkey/valkey.conf"])
def test_a_server_that_was_killed_comes_back_at_the_same_address(
    users: Callable[[], User], root: Path, server: str
) -> None:
    database_url, redis_url = users().said()
    killed = pid_of(root, root / server)

    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: killed not in running(root))
    assert query(database_url, "SELECT name FROM guests") == "John Doe"
    assert ping(redis_url) == b"+OK\r\n+PONG\r\n"


def test_a_stranger_that_got_the_pid_of_a_dead_server_is_let_alone(users: Callable[[], User], root: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lines = [str(stranger.pid), str(root / "postgres"), "0", "5432", "", "", "0 0", "ready"]
    (root / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")

    database_url, _ = users().said()

    assert query(database_url, "SELECT name FROM guests") == "John Doe"
    assert stranger.poll() is None
    stranger.communicate(b"\n")


def test_an_interrupted_first_start_is_made_anew(users: Callable[[], User], root: Path) -> None:
    (root / "postgres").rename(root / "postgres.new-abc")
    (root / "postgres.new-abc" / "global" / "pg_control").unlink()

    database_url, _ = users().said()

    assert query(database_url, "SELECT to_regclass('guests')") is None
    assert not (root / "postgres.new-abc").exists()


def test_throwaway_data_begins_empty(root: Path) -> None:
    services = ensure(root, throwaway=True)

    assert query(services.database_url, "SELECT to_regclass('guests') || current_setting('fsync')") is None
    assert query(services.database_url, "SELECT current_setting('fsync')") == "off"
    services.release()


def remove_version(data: Path) -> None:
    (data / "PG_VERSION").unlink()


def other_version(data: Path) -> None:
    (data / "PG_VERSION").write_text("16\n")


def corrupt_control(data: Path) -> None:
    (data / "global" / "pg_control").write_bytes(b"\0" * 8192)


def remove_control(data: Path) -> None:
    (data / "global" / "pg_control").unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (remove_version, "is not complete"),
        (other_version, "was made by PostgreSQL 16"),
        (corrupt_control, "incompatible with server"),
        (remove_control, "pg_control"),
    ],
)
def test_a_broken_data_directory_is_named_with_what_to_do(
    root: Path, damage: Callable[[Path], None], reason: str
) -> None:
    damage(root / "postgres")

    with pytest.raises(EmbeddedError) as raised:
        ensure(root)

    sentence = str(raised.value)
    assert str(root / "postgres") in sentence
    assert reason in sentence
    assert "remove it to start with an empty database" in sentence
    assert "\n" not in sentence


def test_a_failed_start_leaves_nothing_running(root: Path) -> None:
    corrupt_control(root / "postgres")
    with pytest.raises(EmbeddedError):
        ensure(root)

    shutil.rmtree(root / "postgres")
    services = ensure(root)

    assert query(services.database_url, "SELECT 1") == 1
    services.release()


def test_without_the_wheels_a_sentence_says_how_to_get_them(root: Path) -> None:
    bare_python = sys._base_executable  # type: ignore[attr-defined]  # the interpreter outside of the environment
    user = User(root, python=bare_python)

    kind, sentence = user.said()
    user.leave()

    assert kind == "sentence"
    assert "pip install 'lobby[embedded]'" in sentence


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(EmbeddedError, match="file"):
        ensure(tmp_path / "file" / ".lobby")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied", "/srv/.lobby"), "not allowed to use /srv/.lobby"),
        (OSError(30, "Read-only file system", "/srv/.lobby"), "not allowed to use /srv/.lobby"),
        (OSError(28, "No space left on device", "/srv/.lobby/run.new"), "disk that holds /srv/.lobby is full"),
    ],
)
def test_a_refusal_of_the_system_becomes_a_sentence(error: OSError, sentence: str) -> None:
    assert sentence in str(from_os(error, Path("/srv/.lobby")))


def test_given_addresses_have_nothing_to_release() -> None:
    Services("postgresql+asyncpg://db/lobby", "redis://bus").release()
