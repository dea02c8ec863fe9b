"""The fake Telegram as an application.

…     /bot{token}/{method}        the Bot API
GET   /file/bot{token}/{path}     files
POST  /_fake/{bot_id}/faults      a Fault; DELETE forgets all
GET   /_fake/{bot_id}/calls       what was called: [{method, fields, files, ok, result, code}]
POST  /_fake/{bot_id}/files       a guest's file, the body as it is; ?name=…&field=… → {file_id}
POST  /_fake/{bot_id}/updates     an update without its id, posted to the bot's webhook → {status, update_id}
POST  /_fake/{bot_id}/blocks      {chat_id, is_blocked}
"""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.dev.fake_telegram.bots import ApiError, Bot, Fault, Json
from app.dev.fake_telegram.methods import Upload, answer


class _Dropped(Exception):
    """The connection is to close without an answer."""


class FakeTelegram:
    def __init__(self, bots: Iterable[Bot], client: httpx.AsyncClient) -> None:
        self._by_token = {bot.token: bot for bot in bots}
        self._by_id = {str(bot.id): bot for bot in bots}
        self._client = client

    async def call(self, request: Request) -> Response:
        bot = self._by_token.get(request.path_params["token"])
        if bot is None:
            return _error(ApiError(401, "Unauthorized"))
        method = request.path_params["method"]
        fields, uploads = await _read(request)
        kept: Json = {"method": method, "fields": fields, "files": sorted(uploads), "ok": False}
        bot.calls.append(kept)
        fault = bot.fault(method)
        if fault is not None and fault.status is not None:
            return Response("<html>Bad gateway</html>", status_code=fault.status, media_type="text/html")
        try:
            if fault is not None and fault.code is not None:
                raise ApiError(fault.code, fault.description, **fault.parameters)
            result = answer(bot, method, fields, uploads)
        except ApiError as error:
            kept["code"] = error.code
            return _error(error)
        kept |= {"ok": True, "result": result}
        if fault is not None and fault.drop:
            return _Broken()
        return JSONResponse({"ok": True, "result": result})

    async def download(self, request: Request) -> Response:
        bot = self._by_token.get(request.path_params["token"])
        held = bot.files.values() if bot is not None else ()
        found = next((each for each in held if each.path == request.path_params["path"]), None)
        if found is None:
            return _error(ApiError(404, "Not Found"))
        return Response(found.data, media_type="application/octet-stream")

    async def faults(self, request: Request) -> Response:
        bot = self._bot(request)
        if request.method == "DELETE":
            bot.faults.clear()
        else:
            bot.faults.append(msgspec.json.decode(await request.body(), type=Fault))
        return Response(status_code=204)

    async def calls(self, request: Request) -> Response:
        return JSONResponse(self._bot(request).calls)

    async def keep(self, request: Request) -> Response:
        query = request.query_params
        file_id = self._bot(request).keep(
            await request.body(), query.get("name", "file.jpg"), query.get("field", "photo")
        )
        return JSONResponse({"file_id": file_id})

    async def update(self, request: Request) -> Response:
        """As Telegram does: with the secret that the webhook was set with."""
        bot = self._bot(request)
        update = await request.json()
        bot.updates += 1
        update = {"update_id": bot.updates, **update}
        if isinstance(query := update.get("callback_query"), dict):
            bot.queries.add(str(query.get("id")))
        told = await self._client.post(
            bot.url, json=update, headers={"X-Telegram-Bot-Api-Secret-Token": bot.secret} if bot.secret else {}
        )
        return JSONResponse({"status": told.status_code, "update_id": update["update_id"]})

    async def block(self, request: Request) -> Response:
        wish = await request.json()
        blocked = self._bot(request).blocked_by
        (blocked.add if wish["is_blocked"] else blocked.discard)(wish["chat_id"])
        return Response(status_code=204)

    def _bot(self, request: Request) -> Bot:
        return self._by_id[request.path_params["bot_id"]]


class _Broken(Response):
    """Begins an answer, and closes the connection."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        raise _Dropped


async def _read(request: Request) -> tuple[Json, dict[str, Upload]]:
    """The fields of a call, by JSON or by a form, in which what is no text is JSON again; and its files."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(await request.json()), {}
    fields: Json = {}
    uploads: dict[str, Upload] = {}
    async with request.form() as form:
        for name, value in form.items():
            if isinstance(value, UploadFile):
                uploads[name] = (value.filename or "", await value.read())
            elif name in {"reply_markup", "reply_parameters", "reaction"}:
                fields[name] = json.loads(value)
            else:
                fields[name] = value
    return fields, uploads


def _error(error: ApiError) -> Response:
    body: Json = {"ok": False, "error_code": error.code, "description": error.description}
    return JSONResponse(body | ({"parameters": error.parameters} if error.parameters else {}), status_code=error.code)


def create_fake_telegram(bots: Iterable[Bot]) -> Starlette:
    """The application, for these bots."""
    client = httpx.AsyncClient(timeout=20, trust_env=False)
    fake = FakeTelegram(tuple(bots), client)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await client.aclose()

    routes = [
        Route("/bot{token}/{method}", fake.call, methods=["POST"]),
        Route("/file/bot{token}/{path:path}", fake.download),
        Route("/_fake/{bot_id}/faults", fake.faults, methods=["POST", "DELETE"]),
        Route("/_fake/{bot_id}/calls", fake.calls),
        Route("/_fake/{bot_id}/files", fake.keep, methods=["POST"]),
        Route("/_fake/{bot_id}/updates", fake.update, methods=["POST"]),
        Route("/_fake/{bot_id}/blocks", fake.block, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
