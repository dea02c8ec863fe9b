"""The fake Meta as an application: the Graph API, the phones, and what tests ask of it.

POST   /{version}/{phone_number_id}/messages        messages.py
…      /{version}/{phone_number_id}/media and files media_routes.py
GET    /{version}/{account}/message_templates       template_routes.py
…      /dev/phone, /_fake/phone/…, /_fake/media/…   phone_routes.py
…      /_fake/instagram/…                           instagram.py
…      /_fake/…                                     control.py
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from app.dev.fake_graph import control, instagram, media_routes, phone_routes, webhooks
from app.dev.fake_graph.config import FakeGraphConfig
from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.guard import Guard
from app.dev.fake_graph.messages import post_message
from app.dev.fake_graph.routing import on
from app.dev.fake_graph.state import FakeGraph
from app.dev.fake_graph.template_routes import list_templates


def create_fake_graph(config: FakeGraphConfig) -> Starlette:
    """The application. Its state is ``app.state.fake`` (a FakeGraph) while it runs."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # Waiting for a free connection is not waiting for the hotel: a drill has thousands of statuses to report.
        timeout = httpx.Timeout(webhooks.TIMEOUT_SECONDS, pool=None)
        client = httpx.AsyncClient(timeout=timeout, trust_env=False)
        app.state.fake = FakeGraph(config, client)
        yield
        await app.state.fake.close()

    def hosts() -> tuple[str, ...]:
        fake: FakeGraph = app.state.fake
        return fake.config.hosts

    routes = [
        *phone_routes.routes(),
        *control.routes(),
        *instagram.routes(),
        *on("/{version}/{phone_number_id}/messages", POST=post_message),
        *on("/{version}/{phone_number_id}/media", POST=media_routes.upload),
        *on("/{version}/{account}/message_templates", GET=list_templates),
        *on(media_routes.ATTACHMENTS, GET=media_routes.download),
        *on("/{version}/{media_id}", GET=media_routes.look_up, DELETE=media_routes.delete),
    ]
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Guard, hosts=hosts, takes_files=phone_routes.takes_files)],
        exception_handlers={GraphError: _graph_error},
    )
    return app


async def _graph_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GraphError)
    return error.response()
