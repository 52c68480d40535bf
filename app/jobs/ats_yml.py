"""`.ats.yml` in a repository: what its tests want of the agent."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from app.errors import AgentError, ConfigError
from app.host.desktop_state import NO_NEEDS, Needs
from app.i18n import _
from app.jobs.needs import EXAMPLE as NEEDS_EXAMPLE
from app.jobs.needs import NeedError, read_needs
from app.jobs.patterns import MAX_PATTERNS, PatternError, parse_pattern, regular_stat
from app.small_file import decode, read_bounded

NAME = ".ats.yml"
_OTHER_NAME = ".ats.yaml"
_KEYS = ("results", "needs")
_EXAMPLE = 'results: ["reports/*.xml"]'
_TEXT_TAG = "tag:yaml.org,2002:str"


class AtsYmlError(AgentError):
    """The file is wrong: file, line, key, what was expected and an example in one line."""


@dataclass(frozen=True, slots=True)
class AtsYml:
    """What one file says; empty where it is missing."""

    results: tuple[str, ...] = ()  # checked patterns (app.jobs.patterns)
    warnings: tuple[str, ...] = ()
    needs: Needs = NO_NEEDS


def read_ats_yml(folder: Path) -> AtsYml:
    """Read the file in `folder`; blocking. Raises AtsYmlError for the first thing wrong."""
    path = folder / NAME
    if regular_stat(path) is None:
        return AtsYml(warnings=tuple(_missing(folder)))
    try:
        text = decode(read_bounded(path), path)
    except ConfigError as why:
        raise AtsYmlError(why.cause) from why
    return _File(path, text).read()


def _missing(folder: Path) -> Iterator[str]:
    if regular_stat(folder / _OTHER_NAME) is not None:
        yield _("{path} is not read: its name must be {name}.").format(
            path=folder / _OTHER_NAME, name=NAME
        )


class _File:
    """One file while it is being read."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._results: tuple[str, ...] = ()
        self._needs = NO_NEEDS
        self._warnings: list[str] = []

    def read(self) -> AtsYml:
        node = self._compose()
        if node is not None and not node.tag.endswith(":null"):
            self._read_keys(node)
        return AtsYml(self._results, tuple(self._warnings), self._needs)

    def _compose(self) -> Node | None:
        """Parse without building values: aliases stay shared nodes, so no bomb can go off."""
        try:
            return yaml.compose(self._text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as why:
            mark = getattr(why, "problem_mark", None)
            line = mark.line + 1 if mark else self._text.count("\n", 0, _position(why)) + 1
            raise self._syntax_error(why, line) from why
        except RecursionError as why:
            raise self._error(1, "", _("nested too deeply")) from why

    def _syntax_error(self, why: yaml.YAMLError, line: int) -> AtsYmlError:
        words = "".join(self._text.split("\n")[line - 1 : line]).split()
        if any(word.lstrip("[,").startswith("*") for word in words):
            return self._error(line, "", _("a pattern that begins with * must stand in quotes"))
        if any(word.startswith(">") for word in words):
            return self._error(line, "needs", _("a value with > must stand in quotes"))
        problem = getattr(why, "problem", None) or _("a character that YAML does not allow")
        if "\\t" in problem:
            problem = _("a tab, where only spaces may indent")
        return self._error(line, "", str(problem))

    def _read_keys(self, node: Node) -> None:
        if not isinstance(node, MappingNode):
            raise self._error(_line(node), "", _("not a file of keys and values"))
        first: dict[str, int] = {}
        for key_node, value in node.value:
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            if key in first:
                what = _("given twice, first on line {line}").format(line=first[key])
                raise self._error(_line(key_node), key, what)
            first[key] = _line(key_node)
            self._read_key(key, first[key], value)

    def _read_key(self, key: str, line: int, value: Node) -> None:
        if key == "results":
            self._results = tuple(self._read_results(value))
        elif key == "needs":
            self._needs = self._read_needs(value)
        else:
            self._warn(key, line)

    def _read_needs(self, node: Node) -> Needs:
        try:
            return read_needs(node)
        except NeedError as why:
            raise self._error(_line(why.node), "needs", str(why)) from why

    def _read_results(self, node: Node) -> Iterator[str]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        if len(nodes) > MAX_PATTERNS:
            what = _("more than {count} patterns").format(count=MAX_PATTERNS)
            raise self._error(_line(node), "results", what)
        for each in nodes:
            if not isinstance(each, ScalarNode) or each.tag != _TEXT_TAG:
                raise self._error(_line(each), "results", _("not a file pattern"))
            try:
                yield parse_pattern(each.value).text
            except PatternError as why:
                what = f"{each.value[:80]!r}: {why}"
                raise self._error(_line(each), "results", what) from why

    def _warn(self, key: str, line: int) -> None:
        where = f"{self._path}:{line}: {key[:80]}"
        text = _("{where}: unknown key, ignored.").format(where=where)
        near = difflib.get_close_matches(key, _KEYS, n=1)
        hint = _("Did you mean {name}?").format(name=near[0]) if near else ""
        self._warnings.append(f"{text} {hint}".rstrip())

    def _error(self, line: int, key: str, what: str) -> AtsYmlError:
        where = f"{self._path}:{line}: {key}" if key else f"{self._path}:{line}"
        text, example = (
            _("{where}: {what}, expected a list of file patterns, such as {example}."),
            _EXAMPLE,
        )
        if key == "needs":
            text = _("{where}: {what}, expected a list of needs, such as {example}.")
            example = NEEDS_EXAMPLE
        return AtsYmlError(text.format(where=where, what=what, example=example))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _position(error: yaml.YAMLError) -> int:
    return int(getattr(error, "position", 0))
