"""Golden files: what was once looked at and found good, kept under ``tests/golden/``.

``LOBBY_PIN=1 .venv/bin/pytest PATH`` writes them anew; look at the difference before you keep it.
"""

import difflib
import json
import os
import re
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"
IDS = frozenset({"id", "guest", "hotel", "conversation", "sender"})
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


def assert_pinned(name: str, text: str) -> None:
    """Fails, showing the difference, where ``text`` is not what the golden file ``name`` holds."""
    path = GOLDEN / name
    if os.environ.get("LOBBY_PIN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    difference = "\n".join(difflib.unified_diff(kept.splitlines(), text.splitlines(), name, "now", lineterm=""))
    assert text == kept, f"{difference}\n\nIf this is meant: LOBBY_PIN=1 .venv/bin/pytest …"


def assert_json_pinned(name: str, value: Any) -> None:
    """The same for JSON, whose ids and moments differ from run to run."""
    assert_pinned(name, json.dumps(without_ids_and_times(value), indent=2, ensure_ascii=False) + "\n")


def without_ids_and_times(value: Any) -> Any:
    """A copy in which every id is ``<id>``, every number of an event ``<seq>``, and every moment, if it is UTC and ends
    in Z, ``<time>``."""
    if isinstance(value, dict):
        return {key: _id_or(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_ids_and_times(each) for each in value]
    if isinstance(value, str):
        return TIMESTAMP.sub("<time>", value)
    return value


def _id_or(key: str, value: Any) -> Any:
    if key in {"seq", "since"}:
        return "<seq>"
    if key.endswith("_ids") and isinstance(value, list):
        return [_id_or("id", each) for each in value]
    is_id = (key in IDS or key.endswith("_id")) and isinstance(value, int)
    is_id |= (key == "id" or key.endswith("_id")) and isinstance(value, str) and value.isdecimal()
    return "<id>" if is_id else without_ids_and_times(value)
