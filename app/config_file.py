"""The YAML file → checked values and their lines; an error names file:line, key and remedy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from app import portable
from app.errors import ConfigError
from app.i18n import _, marked
from app.setting import Kind, Setting, Value, complaint, complaint_about
from app.settings import SETTINGS
from app.small_file import decode, read_bounded
from app.yaml_file import compose

_FILE_SETTINGS = {setting.key: setting for setting in SETTINGS if setting.in_file}
_PORTABLE_SETTINGS = _FILE_SETTINGS | {setting.key: setting for setting in portable.SETTINGS}
_SECTIONS = frozenset(
    key.rsplit(".", depth)[0] for key in _FILE_SETTINGS for depth in range(1, key.count(".") + 1)
)
# What YAML makes of an unquoted word; a quoted one is always text.
_TAGS = {
    Kind.WHOLE: ("int",),
    Kind.NUMBER: ("int", "float", "str"),  # YAML 1.1 takes 1e3 for text
    Kind.SWITCH: ("bool", "str"),
    Kind.TOKEN: ("str", "int", "float", "bool", "timestamp"),  # chance made it look like one
}
_EXAMPLE = "server: {url: ws://host:8000/ws/agent}"
_NUMBERS = {Kind.WHOLE, Kind.NUMBER}
_TAG_NAMES = {
    "bool": marked("a yes/no value"),
    "float": marked("a number with a fraction"),
    "int": marked("a number"),
    "null": marked("nothing"),
    "timestamp": marked("a date"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A checked value of the file and where it stands."""

    value: Value = field(repr=False)  # it may be the token
    line: int


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What one file says."""

    path: Path
    values: Mapping[str, Found]
    warnings: tuple[str, ...]


def read(path: Path, *, beside_program: bool = False) -> FileSettings:
    """Read and check the configuration file; ConfigError names the first thing that is wrong.

    The file `beside_program` may hold the token and `state` as well (app/portable.py).
    """
    return parse(decode(read_bounded(path), path), path, beside_program=beside_program)


def parse(text: str, path: Path, *, beside_program: bool = False) -> FileSettings:
    """Check the text of the configuration file `path`, as `read` does."""
    node = compose(text, str(path), _EXAMPLE)
    reader = _Reader(path, _PORTABLE_SETTINGS if beside_program else _FILE_SETTINGS)
    if node is not None:
        reader.walk(node, "")
    return FileSettings(path, reader.values, tuple(reader.warnings))


class _Reader:
    """Walks the nodes of one file and collects what it finds."""

    def __init__(self, path: Path, known: Mapping[str, Setting]) -> None:
        self._path = path
        self._known = known
        self._first: dict[str, int] = {}
        self.values: dict[str, Found] = {}
        self.warnings: list[str] = []

    def walk(self, node: Node, section: str) -> None:
        """Read one section; the empty name is the whole file."""
        if not isinstance(node, MappingNode):
            if section and node.tag.endswith(":null"):
                return  # a section whose keys are all commented out
            what = _("not a section with keys")
            where = self._where(node, section)
            example = _section_example(section)
            raise ConfigError(complaint_about(where, what, _("keys with values"), example))
        for key, value in self._pairs(node, section):
            self._take(key, value, node)

    def _pairs(self, node: MappingNode, section: str) -> Iterator[tuple[str, Node]]:
        for key_node, value in node.value:
            name = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            key = f"{section}.{name}" if section else name
            line = key_node.start_mark.line + 1
            if key in self._first:
                raise ConfigError(
                    _("{path}:{line}: {key}: given twice, first on line {first};"
                      " expected once, so remove one of the two lines.")
                    .format(path=self._path, line=line, key=key, first=self._first[key])
                )  # fmt: skip
            self._first[key] = line
            yield key, value

    def _take(self, key: str, value: Node, parent: Node) -> None:
        if key in _SECTIONS:
            self.walk(value, key)
        elif key in self._known:
            setting = self._known[key]
            self.values[key] = Found(self._check(setting, value), value.start_mark.line + 1)
        else:
            self._warn_unknown(key)

    def _check(self, setting: Setting, node: Node) -> Value:
        if setting.kind is Kind.LIST and isinstance(node, SequenceNode):
            return tuple(text for item in node.value for text in self._texts(setting, item))
        if not isinstance(node, ScalarNode):
            raise self._wrong(node, setting, _("a list or section, not one value"))
        text, tag = str(node.value), node.tag.rpartition(":")[2]
        if setting.kind in _NUMBERS and node.style is not None:
            what = _("{value} in quotes is text").format(value=repr(text[:40]))
            raise self._wrong(node, setting, what)
        if tag not in _TAGS.get(setting.kind, ("str",)):
            what = _("this is {kind}").format(kind=_(_TAG_NAMES.get(tag, marked("something else"))))
            if tag == "str":
                what = _("{value} is text").format(value=repr(text[:40]))
            raise self._wrong(node, setting, what)
        try:
            return setting.read(text)
        except ValueError as what:
            raise self._wrong(node, setting, str(what)) from what

    def _texts(self, setting: Setting, node: Node) -> tuple[str, ...]:
        """Return an element of a list, which may itself be written as several."""
        if not isinstance(node, ScalarNode):
            raise self._wrong(node, setting, _("a list or section inside the list"))
        return cast("tuple[str, ...]", self._check(setting, node))

    def _wrong(self, node: Node, setting: Setting, what: str) -> ConfigError:
        return ConfigError(complaint(self._where(node, setting.key), what, setting))

    def _where(self, node: Node, key: str) -> str:
        place = f"{self._path}:{node.start_mark.line + 1}"
        return f"{place}: {key}" if key else place

    def _warn_unknown(self, key: str) -> None:
        where = f"{self._path}:{self._first[key]}"
        nearest = self._nearest(key)
        text = _("{where}: {key}: unknown key, ignored.").format(where=where, key=key[:80])
        hint = _("Did you mean {name}?").format(name=nearest) if nearest else ""
        word = key.rpartition(".")[2]
        if word in {"token", "token_file"} and word not in self._known:
            hint = _("The token is not in this file: use --token-file or ATS_AGENT_TOKEN.")
        self.warnings.append(f"{text} {hint}".rstrip())

    def _nearest(self, key: str) -> str | None:
        """Return the known key most like `key`, or like its last word in the wrong section."""
        import difflib  # noqa: PLC0415 (only for a mistake)

        known = [*self._known, *_SECTIONS]
        by_word = {name.rpartition(".")[2]: name for name in known}
        for name in difflib.get_close_matches(key, known, n=1):
            return name
        for word in difflib.get_close_matches(key.rpartition(".")[2], by_word, n=1):
            return by_word[word]
        return None


def _section_example(section: str) -> str:
    inside = next(s for s in _FILE_SETTINGS.values() if s.key.startswith(section))
    outer, _dot, rest = inside.key.partition(".")
    return f"{outer}: {{{rest}: {inside.example}}}"
