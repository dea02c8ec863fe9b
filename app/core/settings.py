"""Settings: the only reader of the environment. ``.env.example`` explains every one."""

import re
from enum import StrEnum
from pathlib import PurePath
from typing import Annotated, Final, Self
from urllib.parse import parse_qsl, urlencode

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEVELOPMENT_SECRET = "lobby-development-only-secret-key-0000"  # noqa: S105 -- refused in production, below


# What may stand in DATABASE_URL, and the driver's name for it; None for what is libpq's own and does without.
DATABASE_PARAMETERS: Final[dict[str, str | None]] = {
    "host": "host",
    "port": "port",
    "ssl": "ssl",
    "sslmode": "ssl",
    "channel_binding": None,
    "prepared_statement_cache_size": "prepared_statement_cache_size",
}


_APIS: Final = ("whatsapp_api_url", "instagram_api_url", "telegram_api_url")


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class GuestSocketMode(StrEnum):
    """What a guest's own socket asks for: OPEN only the number of a guest who stays, TOKEN a guest session's token."""

    OPEN = "open"
    TOKEN = "token"  # noqa: S105 -- a word, and no secret


class SettingsError(Exception):
    """The settings do not make a server; the sentences say which and why."""


class Settings(BaseSettings):
    """One value per line of ``.env.example``; the environment wins over the file ``.env``."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    environment: Environment = Field(default=Environment.DEVELOPMENT, validation_alias="LOBBY_ENV")
    database_url: str = ""
    redis_url: str = ""
    redis_prefix: str = "lobby"
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    public_url: str = "http://127.0.0.1:8000"
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    whatsapp_api_url: str = "https://graph.facebook.com"
    whatsapp_api_version: str = "v23.0"
    instagram_api_url: str = "https://graph.instagram.com"
    instagram_api_version: str = "v23.0"
    telegram_api_url: str = "https://api.telegram.org"
    guest_socket: GuestSocketMode | None = None
    media_dir: str = ".lobby/media"
    media_url: str = ""
    media_endpoint: str = ""
    media_region: str = ""
    media_access_key_id: str = ""
    media_secret_access_key: SecretStr = SecretStr("")
    document_days: int = Field(default=30, ge=0, le=3650)
    delivery_days: int = Field(default=90, ge=8, le=3650)
    inbound_days: int = Field(default=30, ge=8, le=3650)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    run_outbox: bool = True
    log_format: LogFormat = LogFormat.CONSOLE
    log_level: str = "INFO"
    trusted_proxies: str = "127.0.0.1"

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def _use_asyncpg(cls, url: str) -> str:
        """Take the URL as hosting services print it: name the driver, and say ``sslmode`` in its words."""
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                url = "postgresql+asyncpg://" + url.removeprefix(scheme)
        if url and not url.startswith("postgresql+asyncpg://"):
            raise ValueError(
                "is not the address of a PostgreSQL database, such as postgresql://user:password@host/lobby"
            )
        base, mark, query = url.partition("?")
        parameters = parse_qsl(query, keep_blank_values=True)
        unknown = sorted({name for name, _ in parameters} - DATABASE_PARAMETERS.keys())
        if unknown:
            raise ValueError(f"has parameters that the database driver does not know: {', '.join(unknown)}")
        known = [(ours, value) for name, value in parameters if (ours := DATABASE_PARAMETERS[name]) is not None]
        return base + (mark + urlencode(known) if known else "")

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("is not the address of a Redis, such as redis://host:6379/0")
        return url

    @field_validator("media_url")
    @classmethod
    def _is_bucket(cls, url: str) -> str:
        if url and re.fullmatch("s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?", url) is None:
            raise ValueError("is not the address of a bucket, such as s3://bucket/prefix")
        return url.rstrip("/")

    @field_validator("media_endpoint")
    @classmethod
    def _is_endpoint(cls, url: str) -> str:
        if url and not url.startswith(("https://", "http://")):
            raise ValueError("begins with https:// (or http://, inside one's own network)")
        return url.rstrip("/")

    @field_validator(*_APIS)
    @classmethod
    def _is_api(cls, url: str) -> str:
        if re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?", url) is None:
            raise ValueError("is not the address of an API, such as https://graph.facebook.com")
        return url

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("is one of DEBUG, INFO, WARNING, ERROR")
        return level.upper()

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if len(self.secret_key.get_secret_value().encode()) < 32:
            raise ValueError("SECRET_KEY must have at least 32 bytes.")
        if not self.is_production:
            return self
        if self.secret_key.get_secret_value() == DEVELOPMENT_SECRET:
            raise ValueError("SECRET_KEY must be set in production.")
        if not self.database_url or not self.redis_url:
            raise ValueError("DATABASE_URL and REDIS_URL must be set in production.")
        if not self.public_url.startswith("https://"):
            raise ValueError("PUBLIC_URL must begin with https:// in production.")
        for name in _APIS:  # each request carries an access token
            if not getattr(self, name).startswith("https://"):
                raise ValueError(f"{name.upper()} must begin with https:// in production.")
        if self.guest_socket is GuestSocketMode.OPEN:
            raise ValueError("GUEST_SOCKET must not be open in production: a number proves nothing about who asks.")
        if not self.media_url and not PurePath(self.media_dir).is_absolute():  # else it depends on where one stood
            raise ValueError("MEDIA_DIR must be a whole path in production, or MEDIA_URL a bucket.")
        return self

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def guests_need_tokens(self) -> bool:
        """Whether a guest's own socket wants a token; where it does not, the number of a guest who stays is enough."""
        if self.guest_socket is None:
            return self.is_production
        return self.guest_socket is GuestSocketMode.TOKEN

    @property
    def origins(self) -> frozenset[str]:
        """The origins whose pages may use a session cookie: our own and the allowed ones."""
        return frozenset({self.public_url.rstrip("/"), *self.allowed_origins})

    def is_own_page(self, origin: str | None, host: str | None) -> bool:
        """Whether a request with these Origin and Host headers is from a page that may use the session's cookie.

        Programs send no Origin. A page that was loaded from the very host it calls is ours by whatever name.
        """
        if origin is None or origin.rstrip("/") in self.origins:
            return True
        return host is not None and origin.partition("://")[2] == host


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError with one sentence per fault, never with a secret's value."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(fault) for fault in error.errors(include_input=False))) from None


def _sentence(fault: "object") -> str:
    assert isinstance(fault, dict)
    name = ".".join(str(part) for part in fault["loc"]).upper()
    text = str(fault["msg"]).removeprefix("Value error, ")
    return f"{name}: {text}" if name else text
