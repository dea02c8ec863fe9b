"""YAML whose every value knows the line it stands on. Owns parsing and error places; knows no schema.

A file that people write (a flow, a hotel's import) is refused as a whole, and the refusal names each fault as
``file:line: where: what``. Stricter than plain YAML in two ways: a key given twice is an error, and only ``true`` and
``false`` are booleans, so that ``no`` stays the Norwegian language and ``on`` a word.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]

BOOL_TAG = "tag:yaml.org,2002:bool"


class Problem(NamedTuple):
    """One fault: its line (from 1), where it is in the tree of values (``steps.start.text``, or empty), what it is."""

    line: int
    where: str
    message: str


class SourceError(Exception):
    """The file cannot be used. ``problems`` in the order of their lines; the text has one line for each."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(problems))
        lines = ((f"{name}:{line}", where, message) for line, where, message in self.problems)
        super().__init__("\n".join(": ".join(filter(None, parts)) for parts in lines))


class YamlSource:
    """A parsed file: ``value`` is its tree of dicts, lists and scalars, ``name`` what errors call it."""

    def __init__(self, name: str, value: Any, root: yaml.Node | None) -> None:
        self.name = name
        self.value = value
        self._root = root

    def line(self, location: Location) -> int:
        """The line of the value at a location such as Pydantic reports. Parts that the file does not have (a missing
        field, the name of a union's branch) are passed over, so the nearest value that is there answers."""
        node, line = self._root, 1
        for part in location:
            found = _child(node, part)
            if found:
                node, line = found
        return line

    def problem(self, location: Location, message: str) -> Problem:
        return Problem(self.line(location), ".".join(map(str, location)), message)

    def error(self, *faults: tuple[Location, str]) -> SourceError:
        return SourceError(self.name, [self.problem(location, message) for location, message in faults])

    def validate(self, model: type[Model]) -> Model:
        """The value as ``model``; raises SourceError with every fault. Values are not repeated: they may be secrets."""
        try:
            return model.model_validate(self.value)
        except ValidationError as error:
            faults = [(fault["loc"], fault["msg"].removeprefix("Value error, ")) for fault in error.errors()]
            raise self.error(*faults) from None


def read(path: Path) -> YamlSource:
    """Parse a file. Raises SourceError, and OSError where it cannot be read."""
    return parse(path.read_bytes(), str(path))


def parse(content: str | bytes, name: str) -> YamlSource:
    """Parse one YAML document, bytes as UTF-8; ``name`` is what errors call it. Raises SourceError naming the line."""
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise SourceError(name, [Problem(error.object.count(b"\n", 0, error.start) + 1, "", "not UTF-8")]) from None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        value = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise SourceError(name, [Problem(mark.line + 1 if mark else 1, "", what)]) from None
    except ReaderError as error:
        raise SourceError(name, [Problem(text.count("\n", 0, error.position) + 1, "", error.reason)]) from None
    except RecursionError:
        raise SourceError(name, [Problem(1, "", "nested too deeply")]) from None
    return YamlSource(name, value, root)


def _child(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, int] | None:
    """The value under a key or index, with the line of the key, or of the item."""
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):  # what a merge (<<) brought in stands first, and loses
            if key.value == str(part):
                return value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item, item.start_mark.line + 1
    return None


class _Loader(yaml.SafeLoader):
    """Plain data only, no key twice, and a scalar that cannot be built (a 13th month) is an error with a line."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        first: dict[tuple[str, str], yaml.Node] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and (other := first.setdefault((key.tag, key.value), key)) is not key:
                problem = f"the key {key.value!r} is given twice, first on line {other.start_mark.line + 1}"
                raise ConstructorError(None, None, problem, key.start_mark)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from None


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != BOOL_TAG]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(BOOL_TAG, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
