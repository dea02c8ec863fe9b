"""Whether this process lives, and whether it should be given work."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.api.deps import ServicesDep
from app.core.errors import Unavailable

router = APIRouter(prefix="/health", tags=["Health"])


class Live(BaseModel):
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """``bus`` may be away: live delivery then comes a second late, from the log. Only ``database`` decides."""

    status: Literal["ready", "not ready"]
    database: bool
    bus: bool
    draining: bool


@router.get("/live/")
async def live() -> Live:
    """200 as long as the process answers."""
    return Live()


@router.get("/ready/", responses={503: {"model": Ready}})
async def ready(services: ServicesDep, response: Response) -> Ready:
    """200 where requests can be served, 503 while the database is away or the process is shutting down."""
    try:
        await services.check_database()
        database = True
    except Unavailable:
        database = False
    fit = database and not services.sockets.draining
    response.status_code = 200 if fit else 503
    return Ready(
        status="ready" if fit else "not ready",
        database=database,
        bus=services.bus_is_healthy(),
        draining=services.sockets.draining,
    )
