"""Document 2's Python, run as it is printed but for the host in its address."""

import asyncio
import runpy
from pathlib import Path
from typing import Any, Final

from tests.browser.page import SAMPLES

HOST: Final = "https://api.lobbybee.com"


async def write_as_document_2(server: str, folder: Path) -> tuple[int, Any]:
    """The guest +1234567890 needs room service: the status and the body of the answer."""
    printed = (SAMPLES / "guest_webhook.py").read_text(encoding="utf-8")
    assert HOST in printed
    program = folder / "guest_webhook.py"
    program.write_text(printed.replace(HOST, server), encoding="utf-8")
    response = (await asyncio.to_thread(runpy.run_path, str(program)))["response"]
    return response.status_code, response.json()
