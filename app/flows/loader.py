"""The flows that Lobby runs: read from ``definitions/*.yaml``, checked, and from then on read-only."""

from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from app.core.yaml_source import YamlSource, parse
from app.flows.checks import BEGINNINGS, book_faults, flow_faults
from app.flows.definition import Flow, FlowBook


def load_book(directory: Traversable | None = None) -> FlowBook:
    """All definitions of a directory, by default Lobby's own. Raises SourceError, naming file and line, and ValueError
    where no flow begins in a status: Lobby does not start on flows that could fail a guest."""
    directory = directory or files("app.flows") / "definitions"
    paths = sorted((path for path in directory.iterdir() if path.name.endswith(".yaml")), key=lambda path: path.name)
    return bind([parse(path.read_bytes(), str(path)) for path in paths])


def bind(sources: Sequence[YamlSource]) -> FlowBook:
    """The book of these definitions. Raises like ``load_book``."""
    read = [(_flow(source), source) for source in sources]
    for flow, location, fault in book_faults([flow for flow, _ in read]):
        raise next(source for other, source in read if other is flow).error((location, fault))
    for status in BEGINNINGS:
        if not any(flow.begins is status for flow, _ in read):
            raise ValueError(f"no flow begins in {status}")
    return FlowBook(MappingProxyType({flow.name: flow for flow, _ in read}))


def _flow(source: YamlSource) -> Flow:
    flow = source.validate(Flow)
    faults = list(flow_faults(flow))
    if faults:
        raise source.error(*faults)
    return flow
