"""Settings: what production refuses, and that ``.env.example`` has every one."""

import re
from pathlib import Path

import pytest

from app.core.settings import Settings, SettingsError, load_settings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"
GOOD = {
    "LOBBY_ENV": "production",
    "DATABASE_URL": "postgresql://lobby@db.example/lobby",
    "REDIS_URL": "redis://bus.example",
    "SECRET_KEY": "thirty-two-bytes-of-nothing-but-noise-0123",
    "PUBLIC_URL": "https://desk.example",
    "MEDIA_DIR": "/var/lib/lobby/media",
}


BAD_ADDRESSES = [
    ("DATABASE_URL", "foo"),
    ("DATABASE_URL", "mysql://db/x"),
    ("REDIS_URL", "foo"),
    ("REDIS_URL", "http://x"),
    ("WHATSAPP_API_URL", "graph.facebook.com"),
    ("WHATSAPP_API_URL", "https://graph.facebook.com@evil.example"),
    ("INSTAGRAM_API_URL", "graph.instagram.com"),
]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of whoever runs the tests, and no .env file."""
    for field, info in Settings.model_fields.items():
        monkeypatch.delenv(str(info.validation_alias or field).upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def set_environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_the_example_has_every_setting_and_no_other() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))

    assert named == {str(info.validation_alias or field).upper() for field, info in Settings.model_fields.items()}


def test_the_example_read_as_a_file_gives_the_defaults() -> None:
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


def test_production_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, **GOOD)

    assert load_settings().database_url == "postgresql+asyncpg://lobby@db.example/lobby"


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://u:p@db/x?sslmode=require&channel_binding=require", "postgresql+asyncpg://u:p@db/x?ssl=require"),
        ("postgresql+asyncpg://lobby@/x?host=/tmp/a%20b", "postgresql+asyncpg://lobby@/x?host=%2Ftmp%2Fa+b"),
    ],
)
def test_a_database_url_is_taken_as_hosting_services_print_it(
    monkeypatch: pytest.MonkeyPatch, given: str, driver: str
) -> None:
    set_environment(monkeypatch, DATABASE_URL=given)

    assert load_settings().database_url == driver


def test_a_database_parameter_that_the_driver_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, DATABASE_URL="postgresql://db/x?options=-c%20foo")

    with pytest.raises(SettingsError, match=r"DATABASE_URL.*options"):
        load_settings()


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PUBLIC_URL", "MEDIA_DIR"])
def test_production_refuses_to_start_without(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    set_environment(monkeypatch, **GOOD)
    monkeypatch.delenv(missing)

    with pytest.raises(SettingsError, match=missing):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WHATSAPP_API_URL", "http://graph.facebook.com"),
        ("INSTAGRAM_API_URL", "http://graph.instagram.com"),
        ("MEDIA_DIR", "media"),
        ("GUEST_SOCKET", "open"),
    ],
)
def test_production_refuses_what_only_development_may_have(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    set_environment(monkeypatch, **GOOD | {name: value})

    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_a_bucket_wants_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, **GOOD | {"MEDIA_URL": "s3://bucket/prefix"})
    monkeypatch.delenv("MEDIA_DIR")

    assert load_settings().media_url == "s3://bucket/prefix"


def test_a_short_secret_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, SECRET_KEY="too-short")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert "SECRET_KEY" in str(refused.value)
    assert "too-short" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "eighty"), ("LOG_LEVEL", "loud"), ("LOBBY_ENV", "staging"), *BAD_ADDRESSES]
)
def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    set_environment(monkeypatch, **{name: value})

    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_origins_are_ours_and_the_allowed_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(
        monkeypatch, PUBLIC_URL="http://127.0.0.1:8000", ALLOWED_ORIGINS="https://a.example, https://b.example/"
    )

    assert load_settings().origins == {"http://127.0.0.1:8000", "https://a.example", "https://b.example"}


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({}, False),
        ({"LOBBY_ENV": "test"}, False),
        ({"GUEST_SOCKET": "token"}, True),
        (GOOD, True),
        (GOOD | {"GUEST_SOCKET": "token"}, True),
    ],
)
def test_guests_need_tokens_in_production_and_where_they_are_told_to(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], needed: bool
) -> None:
    set_environment(monkeypatch, **given)

    assert load_settings().guests_need_tokens is needed
