"""The commands of Lobby. Each calls one function of another layer; what goes wrong is a sentence on stderr."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.bootstrap import open_database, open_telegram
from app.core import yaml_source
from app.core.clock import utc_now
from app.core.errors import NotFound
from app.core.settings import Settings, load_settings
from app.core.types import ConversationStatus
from app.core.vault import Vault
from app.dev import runner
from app.dev.servers import with_servers
from app.explain import explain
from app.flows.definition import Flow, FlowBook
from app.flows.drawing import draw
from app.flows.loader import load_book
from app.flows.player import Player
from app.flows.types import Facts, FlowState
from app.logs import configure_logging
from app.server import run_outbox
from app.services.api_keys import create_key, list_keys, revoke_key
from app.services.first_admin import check_admin_password, create_admin, new_admin
from app.services.hotel_file import HotelFileService, Summary
from app.services.hotel_format import read_hotels
from app.services.telegram_bots import BotWebhook, set_webhooks
from app.store import migrations
from app.store.database import Database
from app.supervisor import serve as serve_lobby

T = TypeVar("T")

app = typer.Typer(
    help="The messaging desk of a hotel.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
flow_app = typer.Typer(help="Look at the flows, and play them.", no_args_is_help=True)
app.add_typer(flow_app, name="flow")
telegram_app = typer.Typer(help="Set up the hotels' Telegram bots.", no_args_is_help=True)
app.add_typer(telegram_app, name="telegram")


@telegram_app.callback()
def telegram() -> None:
    """Set up the hotels' Telegram bots."""


def main(args: list[str] | None = None) -> None:
    """The entry point: raises SystemExit, with 1 after a sentence on stderr."""
    try:
        app(args=args, prog_name="lobby")
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        raise SystemExit(1) from None


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, instead of PORT.", min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes, instead of WORKERS.", min=1, max=64)] = None,
) -> None:
    """Serve the API and the sockets, and send what is in the outbox."""
    given = {"host": host, "port": port, "workers": workers}
    overrides = {name: value for name, value in given.items() if value is not None}
    serve_lobby(with_servers(load_settings().model_copy(update=overrides)))


@app.command()
def worker() -> None:
    """Send what is in the outbox, and nothing else (where RUN_OUTBOX=false keeps `lobby serve` from it)."""
    run_outbox(with_servers(load_settings()))


@app.command()
def dev() -> None:
    """Serve a demo with all that it needs, on this machine alone."""
    runner.run(load_settings(), typer.echo)


@app.command(name="import")
def import_file(file: Annotated[Path, typer.Argument(help="The hotels, as YAML.")]) -> None:
    """Set up hotels from a file, or bring them up to date with it. Running it twice changes nothing."""
    source = yaml_source.read(file)
    read_hotels(source, today=utc_now().date())  # a file that cannot be meant needs no database to be refused
    settings = _with_quiet_servers()

    async def load(database: Database) -> Summary:
        return await HotelFileService(database, Vault(settings.secret_key.get_secret_value())).load(source)

    for kind, counts in _with_database(settings, load).counts.items():
        print(f"{kind:<10}" + ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items())))


@app.command()
def migrate() -> None:
    """Bring the database to the newest migration."""
    done = migrations.migrate(_with_quiet_servers().database_url)
    print(f"Migrated: {', '.join(done)}." if done else "The database is up to date.")


@app.command()
def check_migrations() -> None:
    """Say whether the migrations make what the models describe."""
    missing = migrations.differences(_with_quiet_servers().database_url)
    if missing:
        print(f"The migrations lack:\n\n{missing}\n\nWrite them with `lobby draft-migration`.", file=sys.stderr)
        raise SystemExit(1)
    print("Models and migrations agree.")


@app.command()
def draft_migration(message: Annotated[str, typer.Argument(help="What changes, in a few words.")]) -> None:
    """Write the next migration from what the models have and the migrations lack; read it before you keep it."""
    print(migrations.draft(_with_quiet_servers().database_url, message))


@app.command(name="create-admin")
def create_first_admin(
    hotel: Annotated[str, typer.Option(prompt="Hotel (slug)", help="The hotel's slug, such as sea-view.")],
    username: Annotated[str, typer.Option(prompt="User name", help="By which they sign in.")],
    hotel_name: Annotated[str | None, typer.Option(help="Makes the hotel, where it is not there yet.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of a hotel that is made, such as Europe/Lisbon.")] = None,
    user_type: Annotated[str, typer.Option(help="hotel_admin or manager.")] = "hotel_admin",
    first_name: Annotated[str, typer.Option()] = "",
    last_name: Annotated[str, typer.Option()] = "",
    email: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Make the first user of a hotel. The password is asked for, or read from stdin: never an argument."""
    admin = new_admin(
        hotel=hotel,
        hotel_name=hotel_name,
        timezone=timezone,
        username=username,
        user_type=user_type,
        first_name=first_name,
        last_name=last_name,
        email=email,
    )
    password = _ask_password()
    check_admin_password(password)
    settings = _with_quiet_servers()

    _with_database(settings, lambda database: create_admin(database, admin, password))
    print(f"{admin.username} may now sign in to {admin.hotel}.")


_Hotel = Annotated[str, typer.Option("--hotel", help="The hotel's slug, such as sea-view.")]
_KeyName = Annotated[str, typer.Option("--name", help="Which program it is for, such as: property system.")]


@app.command(name="create-api-key")
def create_api_key(hotel: _Hotel, name: _KeyName) -> None:
    """Make a key for a program of the hotel's own, and print it: this once, for it is not kept."""
    print(_with_database(_with_quiet_servers(), lambda database: create_key(database, hotel, name)))


@app.command(name="revoke-api-key")
def revoke_api_key(hotel: _Hotel, name: _KeyName) -> None:
    """From now on this key opens nothing."""
    _with_database(_with_quiet_servers(), lambda database: revoke_key(database, hotel, name))
    print(f"The key {name} of {hotel} is revoked.")


@app.command(name="api-keys")
def show_api_keys(hotel: _Hotel) -> None:
    """List the hotel's keys: what each is called, and when it was made and revoked. What they are is not kept."""
    for key in _with_database(_with_quiet_servers(), lambda database: list_keys(database, hotel)):
        revoked = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "in use"
        print(f"{key.name:<24}  created {key.created_at:%Y-%m-%d %H:%M}  {revoked}")


@telegram_app.command(name="set-webhook")
def set_telegram_webhook() -> None:
    """Have Telegram send here what guests write to the hotels' bots. To be run once, and when PUBLIC_URL, a token or a
    secret has changed."""
    settings = _with_quiet_servers()

    async def set_all(database: Database) -> list[BotWebhook]:
        async with open_telegram(settings) as telegram:
            vault = Vault(settings.secret_key.get_secret_value())
            return await set_webhooks(database, vault, telegram, settings.public_url)

    done = _with_database(settings, set_all)
    for each in done:
        if each.fault is None:
            print(f"{each.hotel}: what is written to the bot {each.bot} comes to {each.url}")
        else:
            print(f"{each.hotel}: the bot {each.bot}: {each.fault}", file=sys.stderr)
    if not done:
        print("No hotel has a Telegram bot in use.")
    if any(each.fault is not None for each in done):
        raise SystemExit(1)


@flow_app.command()
def show(name: Annotated[str, typer.Argument(help="The flow's name.")]) -> None:
    """Draw a flow, step by step."""
    print(draw(_flow(load_book(), name)))


@flow_app.command(name="try")
def try_flow(
    name: Annotated[str, typer.Argument(help="The flow's name.")],
    language: Annotated[str, typer.Option(help="The guest's language, such as pt.")] = "en",
) -> None:
    """Play a flow as its guest would: type what they write, `/photo` for a picture, nothing to end."""
    book = load_book()
    player = _player(book, _flow(book, name), language)
    print(f"You are {player.facts.booking_name or 'somebody without a booking'}. Write something.")
    while said := _line():
        print(*(player.send_photo() if said == "/photo" else player.say(said)), sep="\n")
        print(f"  [{player.state.status}, {player.state.flow} {player.state.step or ''}]".rstrip())


def _with_quiet_servers() -> Settings:
    """The settings for a command that answers and ends: with servers, and with no log but of what goes wrong."""
    settings = load_settings()
    configure_logging(settings.model_copy(update={"log_level": "WARNING"}))
    return with_servers(settings)


def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Sockets that are open elsewhere hear of what ``work`` changes at once, or without Redis when their process next
    polls the event log."""

    async def run() -> T:
        async with open_database(settings) as database:
            return await work(database)

    return asyncio.run(run())


def _ask_password() -> str:
    """From whoever sits at the terminal, unseen and twice; else the first line of stdin."""
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\r\n")


def _line() -> str:
    """What is typed next; empty at the end."""
    try:
        return input("> ").strip()
    except EOFError:
        return ""


def _flow(book: FlowBook, name: str) -> Flow:
    try:
        return book.flows[name]
    except KeyError:
        raise NotFound(f"There is no flow {name}; there are {', '.join(book.flows)}.") from None


def _player(book: FlowBook, flow: Flow, language: str) -> Player:
    """Somebody whom this flow is for, at its beginning."""
    status = flow.begins or flow.statuses[0]
    checkin, demo = status is ConversationStatus.CHECKIN, status is ConversationStatus.DEMO
    facts = Facts(
        hotel_name="Sea View",
        guest_name="John",
        booking_name="" if demo else "John Doe",
        room_number="" if demo else "101",
        language=language,
        has_stay=not demo,
        checkin_due=checkin,
    )
    return Player(book, facts, FlowState(status=status, flow=flow.name))


if __name__ == "__main__":
    main()
