"""Reads YAML as plain text values with their lines: 19:00 is a time here, not the number 1140.

Aliases and names that stand twice are refused where they stand: a file that a person wrote needs none of them, and a
small file cannot grow into a large one. Tags mean nothing.
"""

from pathlib import Path

import yaml

from surety.replay.errors import InputError

Where = tuple[str | int, ...]  # ("conditions", 0, "places", 1, "name")


class Text:
    """The values of a file (dicts, lists and texts), and at which line each stands."""

    def __init__(self, file: Path, values: object, lines: dict[Where, int]) -> None:
        self.file, self.values, self._lines = file, values, lines

    def value(self, where: Where) -> object:
        """The value at a place; None where there is none."""
        found = self.values
        for part in where:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                return None
        return found

    def as_part(self, where: Where, around: object) -> "Text":
        """The same file read as if it stood at a place in something larger; errors keep their lines."""
        return Text(self.file, around, {(*where, *inner): line for inner, line in self._lines.items()})

    def error(self, where: Where, sentence: str) -> InputError:
        """An error at a place, or at the nearest thing around it that stands in the file."""
        while where and where not in self._lines:
            where = where[:-1]
        return InputError(self.file, self._lines.get(where), sentence)


class _Loader(yaml.BaseLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # types-PyYAML leaves it untyped
            problem = "aliases (*name) are not used here; write the value out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        return super().compose_node(parent, index)


def load(file: Path, content: bytes) -> Text:
    """The text of a YAML file. Raises InputError with the line where it is not what it should be."""
    lines: dict[Where, int] = {}
    try:
        node = yaml.compose(content.decode("utf-8-sig"), _Loader)
        return Text(file, _plain(file, node, (), lines), lines)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(file, line, "this is not UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(file, mark.line + 1 if mark else None, f"this is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise InputError(file, None, f"this is not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise InputError(file, None, "lists lie too deep in one another") from None


def _plain(file: Path, node: yaml.Node | None, where: Where, lines: dict[Where, int]) -> object:
    if node is None:
        raise InputError(file, 1, "the file is empty; `time_zone` and `conditions` were expected")
    lines.setdefault(where, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(file, node, where, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(file, item, (*where, i), lines) for i, item in enumerate(node.value)]
    return node.value


def _mapping(file: Path, node: yaml.MappingNode, where: Where, lines: dict[Where, int]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise InputError(file, line, "a name was expected before the colon")
        if key.value in found:
            raise InputError(file, line, f"`{key.value}` stands twice here")
        lines[(*where, key.value)] = line
        found[key.value] = _plain(file, value, (*where, key.value), lines)
    return found
