"""``python -m app.dev.fake_graph --config FILE --port PORT``: the fake Meta as a process of its own."""

import argparse
from pathlib import Path

from app.dev.fake_graph.config import read_config
from app.dev.fake_graph.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.dev.fake_graph", description="A stand-in for Meta.")
    parser.add_argument("--config", type=Path, required=True, help="YAML or JSON, see app/dev/fake_graph/config.py")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    serve(read_config(arguments.config), arguments.host, arguments.port)


if __name__ == "__main__":
    main()
