"""Texts come out in the language that was chosen, in every corner of the program."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import i18n
from app.i18n import _, marked, ngettext, page_texts, sentences
from app.jobs.case_ending import Ending, Why, reason_of
from app.jobs.closing import COMPLETED_PHRASE, cases_unrun, suite_items, task_items
from app.jobs.job import CANCELLED_TEXT, Outcome
from app.journal.records import OwedItem
from app.settings import BY_KEY
from app.settings_table import markdown_table
from app.state import JobState
from tests.catalogs import ROOT, sources

HEARD = ("info", "warning", "error", "exception", "critical")  # levels that a user reads
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sources(i18n.DOMAIN)
}


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """Whatever a test speaks, the next one begins with English."""
    yield
    i18n.install()


@pytest.fixture
def chinese() -> None:
    """Chinese for one test."""
    i18n.install("zh_CN")


def is_chinese(text: str) -> bool:
    return any("一" <= char <= "鿿" for char in text)


def test_english_needs_no_catalog() -> None:
    """The texts of the source are English."""
    assert i18n.language() == "en"
    assert _("Work folder") == "Work folder"
    assert ngettext("{count} line", "{count} lines", 1) == "{count} line"
    assert ngettext("{count} line", "{count} lines", 2) == "{count} lines"
    assert page_texts() == {}


@pytest.mark.usefixtures("chinese")
def test_chinese() -> None:
    """Every kind of text comes out of the catalog."""
    assert i18n.language() == "zh_CN"
    assert _("Work folder") == "工作目录"
    assert ngettext("{count} line", "{count} lines", 2) == "{count} 行"
    assert page_texts()["Not set up"] == "尚未设置"
    assert _(marked("seconds")) == "秒"


@pytest.mark.usefixtures("chinese")
def test_nothing_stays_nothing() -> None:
    """An empty text is not the header of the catalog."""
    assert _("") == ""


def test_installation_without_catalogs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing leaves English, not an error."""
    monkeypatch.setattr(i18n, "LOCALE_DIR", tmp_path)
    i18n.install("zh_CN")
    assert _("Work folder") == "Work folder"
    assert page_texts() == {}


def test_sentences() -> None:
    """A space between sentences, none behind a Chinese one, and none for a missing one."""
    assert sentences("It broke.", "Mend it.") == "It broke. Mend it."
    assert sentences("坏了。", "请修理。") == "坏了。请修理。"
    assert sentences("", "It broke.", "") == "It broke."


def test_settings_know_the_languages() -> None:
    """--lang takes what the program speaks."""
    assert BY_KEY["language"].choices == i18n.LANGUAGES


# ------------------------------------------------------------------ how the sources use them


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def evaluated_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes whose value is computed while the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Lambda):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (part for default in child.args.defaults for part in ast.walk(default))
            continue
        yield child
        yield from evaluated_on_import(child)


def test_no_text_is_translated_on_import() -> None:
    """No language is chosen yet then: a table holds `marked()` texts."""
    early = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        for node in evaluated_on_import(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "ngettext")
    ]
    assert early == []


def test_texts_are_whole_in_the_source() -> None:
    """What is put together before `_()` sees it is in no catalog; values come in afterwards."""
    built = (ast.JoinedStr, ast.BinOp)
    wrong = [
        f"{name}:{call.lineno}"
        for name, tree in TREES.items()
        for call in calls(tree, "_", "ngettext", "marked")
        for text in call.args[:2]
        if isinstance(text, built)
        or (isinstance(text, ast.Call) and ast.unparse(text.func).endswith(".format"))
    ]
    assert wrong == []


def test_lines_of_the_log_are_translated() -> None:
    """What agent.log says to its user is in the user's language; DEBUG is for us."""
    plain = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr in HEARD or node.func.attr == "log")
        and ast.unparse(node.func.value) == "log"
        and isinstance(text := node.args[node.func.attr == "log"], ast.Constant)
        and str(text.value) != "%s"
    ]
    assert plain == []


# Two words of a sentence; a text that an error or an ending is made with needs one only.
PROSE = re.compile(r"(?<![A-Za-z'])[A-Z]?[a-z']+ [a-z']{2,}")
LETTER = re.compile(r"[A-Za-z]")
SPEAKS = re.compile(r"(\w*Error|Complain|End|Ending|Malformed|Refusal|Shortcoming)$")
# Their arguments are translated, or nobody's business: a pattern, names of tasks, bugs.
SILENT = {
    *("_", "ngettext", "marked", "debug", "match", "fullmatch"),
    *("create_task", "Thread", "RuntimeError", "AssertionError"),
}
PLAIN_PLACES = (
    "app/demo/",  # it plays the platform, whose errors are as they are; its page has its own words
    "app/selftest/",  # English: read by builds, and in reports to us (app/selftest/run.py)
    "app/host/_x_wire.py",  # what goes wrong there is a DEBUG record
    "app/host/_machine.py",  # facts for the platform; what goes wrong is "unknown"
    "app/host/facts.py",  # the same
    "app/control/wire.py",  # who does not keep to it is a DEBUG record
    "app/tray/ico.py",  # damaged files of our own: a traceback
    "app/tray/png.py",
)
PLAIN_TEXTS = {
    *("config show", "ats-agent status --home ", "=0 ats-agent login"),  # what people type
    ": token_file: ",
    "@echo off",  # what programs read
    "positional arguments",  # argparse's own, which is replaced
    "no such method",  # to other programs on the bus, which called one that we do not have
    "too slow",  # why a page is cut off: nobody is there to hear it
    "keep awake",  # names of the agent's parts, told with a traceback
    "start at login",
    " is not a loopback address",  # a bug
}


def literals(node: ast.AST, *, spoken: bool, pattern: re.Pattern[str] = PROSE) -> Iterator[str]:
    """English in the source that no call translates, as "line: text".

    Where a module or class only assigns, it is a table of words; there it counts as `spoken` in
    what is made of it alone: an error, a dataclass.
    """
    match node:
        case ast.Expr(ast.Constant()) | ast.Compare():  # a docstring; somebody else's words
            return
        case ast.Constant(str(text)):
            if spoken and pattern.search(text) and text not in PLAIN_TEXTS and text[0] != "<":
                yield f"{node.lineno}: {text}"
            return
        case ast.Call(function):
            name = ast.unparse(function).rpartition(".")[2]
            if name in SILENT:
                return
            spoken |= name[:1].isupper()
            pattern = LETTER if SPEAKS.match(name) else PROSE
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            spoken = True
        case ast.FormattedValue() | ast.Subscript() | ast.arg():
            pattern = PROSE
    for child in ast.iter_child_nodes(node):
        yield from literals(child, spoken=spoken, pattern=pattern)


def test_every_text_is_translated() -> None:
    """What may reach a user goes through `_()`, wherever it is written (not only in log calls)."""
    plain = [
        f"{name}:{literal}"
        for name, tree in TREES.items()
        if not name.startswith(PLAIN_PLACES)
        for literal in literals(tree, spoken=False)
    ]
    assert plain == []


@pytest.mark.parametrize(
    "source",
    [
        'Complain(f"frame of unknown type {kind!r}")',
        'End("silent")',
        'raise BadError(f"{name}: broken")',
        'FULL = Refusal(503, "Too many pages are open.")',
        'def leave(self): self._end("the agent disconnects")',
        'def closed(self): self.end(KIND, closed.reason or "token refused")',
        'def count(self): self._put(f"({lost} lines were lost)".encode())',
        'def say(self): text = "%s; it goes on without" if expected else other',
        'def say(self): return _("{why}").format(why="nobody knows it")',
    ],
)
def test_plain_text_is_found(source: str) -> None:
    """The search above finds what once stood in the sources."""
    assert len(list(literals(ast.parse(source), spoken=False))) == 1


# ------------------------------------------------------------------ what no language changes

SUITE = {"suite_id": "s", "execution_id": "e", "executor_id": "u", "case_ids": ("c",)}


def wire(items: list[OwedItem], *human: str) -> list[dict[str, object]]:
    """The bodies without what only people read."""
    bodies = (item.body or {} for item in items)
    return [{key: value for key, value in body.items() if key not in human} for body in bodies]


def outcomes() -> Iterator[Outcome]:
    return (Outcome(state, 1, "why", 1.0, started=True) for state in JobState if state.ended)


def test_words_of_the_wire_are_no_texts() -> None:
    """What the platform compares (protocol.md 4.3, 4.4, 4.6) is the same in both languages."""
    said = []
    for language in i18n.LANGUAGES:
        i18n.install(language)
        suites = [
            suite_items(SUITE, outcome, cases_unrun(SUITE, outcome, {}), 1.0)
            for outcome in outcomes()
        ]
        tasks = [task_items("t", outcome, "", 1.0) for outcome in outcomes()]
        said.append([*(wire(items, "text") for items in suites), *map(wire, tasks)])
    assert said[0] == said[1]
    assert CANCELLED_TEXT == "cancelled"


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_only_a_cancelled_suite_says_so(language: str) -> None:
    """The platform reads its state out of the log's words (protocol.md 6): none by accident."""
    i18n.install(language)
    lines = {
        outcome.state: str(
            (suite_items(SUITE, outcome, cases_unrun(SUITE, outcome, {}), 1.0)[0].body or {})[
                "text"
            ]
        )
        for outcome in outcomes()
    }
    cancelled = lines.pop(JobState.CANCELLED)
    assert cancelled == "测试套执行已取消"
    assert not any("取消" in line for line in lines.values())
    assert all(line.count("执行完成") == 1 and COMPLETED_PHRASE in line for line in lines.values())


# ------------------------------------------------------------------ both in one process


def test_tables_follow_the_language() -> None:
    """A table that was made in one language is shown in the next."""
    reasons, tables = [], []
    for language in ("en", "zh_CN", "en"):
        i18n.install(language)
        reasons.append(reason_of(Ending(Why.TIMED_OUT)))
        tables.append(markdown_table())
    assert [is_chinese(text) for text in reasons] == [False, True, False]
    assert [is_chinese(text) for text in tables] == [False, True, False]


PROGRAM = """
import contextlib, importlib, io, json, os, pkgutil
import app
from app import i18n
i18n.install("zh_CN")
for module in pkgutil.walk_packages(app.__path__, "app."):
    if not module.name.endswith("__main__") and ".sample" not in module.name:
        with contextlib.suppress(Exception):  # of another system, or it wants a display
            importlib.import_module(module.name)
from app.cli import main
from app.config_file import _TAG_NAMES
from app.settings_table import markdown_table
shown = []
for language in ("en", "zh_CN"):
    i18n.install(language)
    shown.append([markdown_table(), *(i18n._(text) for text in _TAG_NAMES.values())])
    os.environ["ATS_AGENT_LANGUAGE"] = language
    for command in ([], ["run-local"], ["config", "show"], ["stop"], ["login"]):
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
            main([*command, "--help"])
        shown[-1].append(out.getvalue())
print(json.dumps(shown))
"""


@pytest.mark.slow
def test_what_was_imported_under_one_language_speaks_the_other() -> None:
    """Nothing in the whole program keeps the language in which it was imported."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == ""
    english, chinese = json.loads(done.stdout)
    assert [text for text in english if is_chinese(text)] == []
    assert [text for text in chinese if not is_chinese(text)] == []
