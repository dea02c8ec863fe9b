"""The application: routers, middleware, lifespan. No logic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import WebSocketRoute

from app import __version__
from app.api import (
    auth,
    channels,
    chat,
    docs,
    documents,
    guest_page,
    guest_sessions,
    guest_webhook,
    health,
    media,
    message_manager,
    requests,
    resend,
    sending,
    stay_claims,
    templates,
    webchat,
    webhooks,
)
from app.api.cors import WebChatOrigins
from app.api.errors import add_error_handlers
from app.api.middleware import Bounds, SettleSlash
from app.api.openapi import describe_errors
from app.bootstrap import media_links, open_services
from app.core.settings import Settings, load_settings
from app.logs import AccessLog
from app.ws.chat import ChatSocket, DepartmentSocket
from app.ws.conversations import ConversationListSocket, ConversationSocket
from app.ws.guest import GuestSocket
from app.ws.session import SocketEndpoint, no_such_socket
from app.ws.staff import StaffSocket
from app.ws.webchat import WebChatSocket


def create_app(settings: Settings | None = None) -> FastAPI:
    """The ASGI application of one process."""
    settings = settings or load_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Lobby",
        summary="The messaging desk of a hotel.",
        description=docs.DESCRIPTION,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    routers = (
        auth,
        message_manager,
        sending,
        resend,
        templates,
        channels,
        requests,
        webhooks,
        health,
        media,
        documents,
    )
    of_guests = (guest_webhook, guest_sessions, guest_page, webchat, stay_claims)
    for router in (*(each.router for each in (*routers, *of_guests)), chat.router, chat.bare, webhooks.later):
        app.include_router(router)
    docs.add_docs(app)
    staff_socket = SocketEndpoint(StaffSocket(media_links(settings)))
    app.router.routes.append(WebSocketRoute("/ws/staff/", staff_socket, name="staff_socket"))
    chat_socket = SocketEndpoint(ChatSocket(media_links(settings)))
    app.router.routes.append(WebSocketRoute("/ws/chat/", chat_socket, name="chat_socket"))
    conversation = WebSocketRoute(
        "/ws/chat/{conversation_id:digits}/",
        SocketEndpoint(ConversationSocket(media_links(settings))),
        name="conversation_socket",
    )
    conversations = WebSocketRoute(
        "/ws/conversations/",
        SocketEndpoint(ConversationListSocket(media_links(settings))),
        name="conversation_list_socket",
    )
    app.router.routes += (conversation, conversations)
    department_socket = SocketEndpoint(DepartmentSocket(media_links(settings)))
    app.router.routes.append(
        WebSocketRoute("/ws/chat/{department_name}/", department_socket, name="department_chat_socket")
    )
    guest_socket = SocketEndpoint(GuestSocket(media_links(settings)))
    app.router.routes.append(WebSocketRoute("/ws/guest/{whatsapp_number}/", guest_socket, name="guest_socket"))
    webchat_socket = SocketEndpoint(WebChatSocket(media_links(settings)))
    app.router.routes.append(WebSocketRoute("/ws/unicom/webchat/{chat_id}/", webchat_socket, name="webchat_socket"))
    app.router.routes.append(WebSocketRoute("/{path:path}", no_such_socket, name="no_such_socket"))
    add_error_handlers(app)
    describe_errors(app)
    app.add_middleware(Bounds)
    app.add_middleware(WebChatOrigins)
    app.add_middleware(SettleSlash)
    app.add_middleware(AccessLog)
    return app
