"""A suite in a YAML file → checked values; an error names file:line, key and remedy."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from app.errors import ConfigError
from app.i18n import _
from app.jobs.git import GitError
from app.jobs.git_address import read_address
from app.jobs.patterns import MAX_PATTERNS, PatternError, parse_pattern
from app.setting import complaint, complaint_about
from app.settings import BY_KEY
from app.small_file import decode, read_bounded
from app.yaml_file import compose

GIT_TOKEN = "ATS_GIT_TOKEN"  # noqa: S105 (the name of a variable, not a secret)
_KEYS = ("command", "cases", "git", "folder", "results", "timeout")
_GIT_KEYS = ("url", "branch")
_CASE_KEYS = ("code", "id")
_SECRETS = frozenset({"token", "git_token", "password"})
_MAX_CASES = 10_000
_EXAMPLES = {
    "": "command: pytest --junitxml=report.xml",
    "command": "pytest --junitxml=report.xml",
    "cases": '["100001", "100002"]',
    "git": "{url: https://host/group/project.git, branch: main}",
    "git.url": "https://host/group/project.git",
    "git.branch": "main",
    "folder": "../project",
    "results": '["reports/*.xml"]',
}
_TEXT = "str"
_PLAIN = frozenset({_TEXT, "int", "float"})  # what an unquoted case code may be to YAML


@dataclass(frozen=True, slots=True)
class Case:
    """One case that the tests are to report."""

    code: str
    case_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFile:
    """What one file says; `folder` is where its command runs without git, and is there."""

    path: Path  # absolute
    folder: Path
    command: str
    cases: tuple[Case, ...] = ()  # empty: every test found is a case
    git_url: str | None = None
    git_branch: str | None = None
    results: tuple[str, ...] = ()  # checked patterns; empty: nothing said
    timeout: float | None = None  # seconds
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the suite is called."""
        return self.path.stem


def read_suite(path: Path) -> SuiteFile:
    """Read and check a suite file; blocking. ConfigError names the first thing that is wrong."""
    path = path.absolute()
    root = compose(decode(read_bounded(path), path), str(path), _EXAMPLES[""])
    return _Reader(path).read(root)


class _Reader:
    """One file while it is being read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._warnings: list[str] = []

    def read(self, root: Node | None) -> SuiteFile:
        found = dict(self._pairs(root, "", _KEYS)) if root is not None else {}
        if "command" not in found:
            what = _("there is no command")
            raise ConfigError(
                complaint_about(str(self._path), what, _("the key command"), _EXAMPLES[""]),
                " ".join(self._warnings[:1]),  # the key may be there, mistyped
            )
        if "git" in found and "folder" in found:
            what = _("with git the command runs in the checkout")
            raise self._wrong(found["folder"], "folder", what, _("git or folder, not both"))
        git = self._git(found["git"]) if "git" in found else {}
        return SuiteFile(
            path=self._path,
            folder=self._folder(found.get("folder")),
            command=self._text(found["command"], "command"),
            cases=tuple(self._cases(found["cases"])) if "cases" in found else (),
            git_url=git.get("url"),
            git_branch=git.get("branch"),
            results=tuple(self._patterns(found["results"])) if "results" in found else (),
            timeout=self._timeout(found["timeout"]) if "timeout" in found else None,
            warnings=tuple(self._warnings),
        )

    # --------------------------------------------------------------------------- keys

    def _pairs(
        self, node: Node, section: str, known: tuple[str, ...]
    ) -> Iterator[tuple[str, Node]]:
        """Yield the known keys of a section; warn of others, refuse secrets and repetitions."""
        if not isinstance(node, MappingNode):
            what = _("not a section with keys")
            raise self._wrong(node, section, what, _("keys with values"))
        first: dict[str, int] = {}
        for key_node, value in node.value:
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            full = f"{section}.{key}" if section else key
            if key in first:
                what = _("given twice, first on line {line}").format(line=first[key])
                raise self._wrong(key_node, full, what, _("each key once"))
            first[key] = _line(key_node)
            if key in known:
                yield key, value
            else:
                self._unknown(key_node, full, known)

    def _unknown(self, node: Node, full: str, known: tuple[str, ...]) -> None:
        key = full.rpartition(".")[2]
        if key.lower() in _SECRETS:
            raise self._secret(node, full)
        text = _("{where}: unknown key, ignored.").format(where=self._where(node, full[:80]))
        near = difflib.get_close_matches(key, known, n=1)
        hint = _("Did you mean {name}?").format(name=near[0]) if near else ""
        self._warnings.append(f"{text} {hint}".rstrip())

    # ------------------------------------------------------------------------- values

    def _text(self, node: Node, key: str, tags: frozenset[str] = frozenset({_TEXT})) -> str:
        """Return a text that is not empty."""
        if not isinstance(node, ScalarNode):
            what = _("a list or section, not one value")
            raise self._wrong(node, key, what, _("a text"))
        tag = node.tag.rpartition(":")[2]
        if tag == "null" or not str(node.value).strip():
            raise self._wrong(node, key, _("there is no value"), _("a text"))
        if tag not in tags:
            what = _("{value} is no text without quotes").format(value=repr(node.value[:40]))
            raise self._wrong(node, key, what, _("a text"))
        return str(node.value)

    def _folder(self, node: Node | None) -> Path:
        """Return the folder that `node` names, seen from the file's own."""
        if node is None:
            return self._path.parent
        text = self._text(node, "folder")
        try:
            folder = self._path.parent / Path(text).expanduser()
            found = folder.is_dir()
        except (OSError, RuntimeError, ValueError):  # "~name" of nobody, NUL, no permission
            folder, found = Path(text), False
        if not found:
            what = _("{path} is no folder").format(path=folder)
            raise self._wrong(node, "folder", what, _("a folder that is there"))
        return folder

    def _cases(self, node: Node) -> Iterator[Case]:
        if not isinstance(node, SequenceNode):
            what = _("not a list")
            raise self._wrong(node, "cases", what, _("a list of case codes"))
        if len(node.value) > _MAX_CASES:
            what = _("more than {count} cases").format(count=_MAX_CASES)
            raise self._wrong(node, "cases", what, _("a list of case codes"))
        seen: dict[str, int] = {}
        for each in node.value:
            case = self._case(each)
            for name in {case.code, case.case_id}:
                if name in seen:
                    what = _("{name} is there twice, first on line {line}")
                    what = what.format(name=repr(name[:40]), line=seen[name])
                    raise self._wrong(each, "cases", what, _("each case once"))
                seen[name] = _line(each)
            yield case

    def _case(self, node: Node) -> Case:
        if not isinstance(node, MappingNode):
            code = self._text(node, "cases", _PLAIN).strip()
            return Case(code, code)
        found = dict(self._pairs(node, "cases", _CASE_KEYS))
        if "code" not in found:
            what = _("a case without a code")
            raise self._wrong(node, "cases", what, _("the key code"))
        code = self._text(found["code"], "cases.code", _PLAIN).strip()
        named = found.get("id")
        return Case(code, code if named is None else self._text(named, "cases.id", _PLAIN).strip())

    def _git(self, node: Node) -> dict[str, str]:
        found = dict(self._pairs(node, "git", _GIT_KEYS))
        if "url" not in found:
            what = _("there is no address")
            raise self._wrong(node, "git", what, _("the key url"))
        texts = {key: self._text(value, f"git.{key}", _PLAIN) for key, value in found.items()}
        try:
            address = read_address(texts["url"])
        except GitError as why:
            raise ConfigError(f"{self._where(found['url'], 'git.url')}: {why}") from why
        if address.password:
            raise self._secret(found["url"], "git.url")
        return texts

    def _patterns(self, node: Node) -> Iterator[str]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        if len(nodes) > MAX_PATTERNS:
            what = _("more than {count} patterns").format(count=MAX_PATTERNS)
            raise self._wrong(node, "results", what, _("a list of file patterns"))
        for each in nodes:
            text = self._text(each, "results")
            try:
                yield parse_pattern(text).text
            except PatternError as why:
                what = f"{text[:80]!r}: {why}"
                raise self._wrong(each, "results", what, _("a list of file patterns")) from why

    def _timeout(self, node: Node) -> float:
        setting = BY_KEY["task.timeout"]
        text = str(node.value) if isinstance(node, ScalarNode) else "?"
        try:
            return cast("float", setting.read(text))
        except ValueError as why:
            where = self._where(node, "timeout")
            raise ConfigError(complaint(where, str(why), setting)) from why

    def _secret(self, node: Node, key: str) -> ConfigError:
        text = _("{where}: a secret does not belong into this file.")
        hint = _("Set the environment variable {name} to the git token.")
        return ConfigError(text.format(where=self._where(node, key)), hint.format(name=GIT_TOKEN))

    def _wrong(self, node: Node, key: str, what: str, expected: str) -> ConfigError:
        example = _EXAMPLES.get(key, _EXAMPLES.get(key.partition(".")[0], _EXAMPLES[""]))
        return ConfigError(complaint_about(self._where(node, key), what, expected, example))

    def _where(self, node: Node, key: str) -> str:
        place = f"{self._path}:{_line(node)}"
        return f"{place}: {key}" if key else place


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
