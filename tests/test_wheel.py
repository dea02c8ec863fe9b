"""The wheel by itself, as production installs it: it has all that it needs beside its dependencies."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bare import create_bare_database

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the contents of the wheel that this checkout builds, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


@pytest.fixture
def bare_database() -> Iterator[str]:
    with create_bare_database() as url:
        yield url


def run(unpacked: Path, code: str) -> str:
    """What ``code`` prints where only the wheel's ``app`` can be imported."""
    program = f"import sys; sys.path.insert(0, {str(unpacked)!r}); {code}"
    return subprocess.run(
        [sys.executable, "-P", "-c", program], check=True, capture_output=True, text=True, cwd=unpacked.parent
    ).stdout.strip()


def test_it_has_the_migrations_and_the_flows(unpacked: Path) -> None:
    assert list((unpacked / "app" / "migrations" / "versions").glob("0001_*.py"))
    assert "demo" in run(unpacked, "from app.flows.loader import load_book; print(sorted(load_book().flows))")


def test_it_migrates_an_empty_database(unpacked: Path, bare_database: str) -> None:
    code = f"import app; from app.store.migrations import migrate; print(app.__file__, migrate({bare_database!r}))"

    said = run(unpacked, code)

    assert str(unpacked) in said
    assert "0001" in said


def test_it_makes_the_application(unpacked: Path) -> None:
    assert run(unpacked, "from app.main import create_app; print(create_app().title)") == "Lobby"
