"""``lobby dev``: everything that a look at Lobby needs, started in order, and ended together.

Servers, migrations, the demo's hotels, the simulated WhatsApp, then Lobby itself. What this process starts ends with
it, however it ends.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from app.core.settings import Settings
from app.dev.child import FakeGraphProcess
from app.dev.demo import demo_file, load_demo, numbers, phones
from app.dev.fake_graph import FakeGraphConfig
from app.dev.listening import free_port, in_url, is_listening
from app.dev.pages import DevPages, SignIn, web_chat
from app.dev.servers import note_fake_graph, with_servers
from app.logs import configure_logging
from app.server import bind
from app.services.hotel_format import HotelFile
from app.store.migrations import migrate
from app.supervisor import serve

Say = Callable[[str], None]

WEBHOOK_PATH: Final = "/api/message_manager/webhook/whatsapp/"


class NotForProduction(Exception):
    """``lobby dev`` was called where guests are real; the sentence says what to do."""


def run(settings: Settings, say: Say) -> None:
    """Serve the demo until Ctrl-C or SIGTERM, then return.

    Raises NotForProduction, PortInUse, EmbeddedError, ChildFailed, and whatever the database refuses.
    """
    if settings.is_production:
        raise NotForProduction("`lobby dev` loads a demo with public passwords. In production use `lobby serve`.")
    settings = _with_port(settings)
    configure_logging(settings.model_copy(update={"log_level": "WARNING"}))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(settings, say)
    except KeyboardInterrupt:
        say("\nLobby has ended.")


def _with_port(settings: Settings) -> Settings:
    """The settings with a port that can be listened on. Raises PortInUse before anything else is started."""
    bind(settings.host, settings.port).close()
    return settings.model_copy(update={"port": settings.port or free_port(settings.host)})


def _run(settings: Settings, say: Say) -> None:
    address = f"http://{in_url(settings.host)}:{settings.port}"
    file = demo_file(datetime.now(UTC).date())
    config = FakeGraphConfig(
        webhook_url=address + WEBHOOK_PATH,
        numbers=tuple(numbers(file).values()),
        guests=tuple(phones(file)),
        window="refuse",
        unheard="open",  # the told stories came by another way
    )
    say("Starting the database and the bus …")
    settings = with_servers(settings)
    migrate(settings.database_url)
    with FakeGraphProcess(config, settings.host) as graph:
        graph_url = f"http://{in_url(graph.host)}:{graph.port}"
        note_fake_graph(graph_url)
        settings = settings.model_copy(
            update={"whatsapp_api_url": graph_url, "instagram_api_url": graph_url, "public_url": address}
        )
        say("Loading the demo …")
        asyncio.run(load_demo(settings))
        graph.wait()
        threading.Thread(target=_say_when_up, args=(settings, address, file, say), daemon=True).start()
        serve(settings, DevPages(address, graph.port, _passwords(file), _sign_ins(file)))


def _sign_ins(file: HotelFile) -> tuple[SignIn, ...]:
    return tuple(
        SignIn(hotel.name, user.username, user.user_type, ", ".join(user.department))
        for hotel in file.hotels
        for user in hotel.staff
    )


def _passwords(file: HotelFile) -> str:
    """The one password of them all, unless somebody gave the demo several."""
    given = {user.password.get_secret_value() for hotel in file.hotels for user in hotel.staff if user.password}
    return " or ".join(sorted(given))


def _say_when_up(settings: Settings, address: str, file: HotelFile, say: Say) -> None:
    while not is_listening(settings.host, settings.port):
        time.sleep(0.05)
    say(f"\nWho may sign in, with the password {_passwords(file)}:\n\n{_table(_sign_ins(file))}\n")
    say(f"To write in the web chat of {file.hotels[0].name}:\n\n{web_chat(address)}\n\n{_pages(address)}\n")


def _table(sign_ins: tuple[SignIn, ...]) -> str:
    rows = [("hotel", "user name", "role", "departments")]
    rows += [(each.hotel, each.username, each.role, each.departments) for each in sign_ins]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def _pages(address: str) -> str:
    pages = (
        ("a guest's phone", "/dev/phone"),
        ("the API", "/docs"),
        ("all of it", "/dev/"),
    )
    return "\n".join(f"{name:<16} {address}{path}" for name, path in pages)
