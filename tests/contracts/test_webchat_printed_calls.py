"""The calls that docs/web-chat.md prints work as they stand."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.files import photo_bytes

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "web-chat.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.usefixtures("site")
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
async def test_the_calls_that_the_document_prints_work(server: str, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(photo_bytes())
    script = "\n".join(BLOCKS).replace("http://localhost:8000", server)

    shell = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", script, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    said = (await shell.communicate())[0].decode()

    assert shell.returncode == 0, said
    assert said.count('"success":true') == 5, said
    assert '"success":false' not in said
    assert "Our view" in said
