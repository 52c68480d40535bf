"""The rules of docs/architecture.md that a program can check."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = [  # any other module directly under app/ is of layer 0
    "",
    "protocol",
    "host",
    "link jobs journal workspace webpage",
    "tray dashboard control agent demo",
    "__main__ cli cli_autostart cli_control cli_login cli_parser wiring local selftest",
]
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names.split()}
MAY_ASK_A_NEIGHBOUR = {("jobs", "journal")}
VENDOR_HOMES = {
    "websockets": ("app.link.transport", "app.webpage"),
    "asyncio": (
        *("app.link", "app.jobs", "app.journal", "app.agent", "app.webpage"),
        *("app.control", "app.dashboard", "app.demo", "app.local", "app.selftest", "app.wiring"),
    ),
    "psutil": ("app.host",),
    "PIL": ("app.host.desktop", "app.tray"),
    "defusedxml": ("app.jobs.results",),
    "sqlite3": ("app.journal.store",),
    "pystray": ("app.tray",),
    "keyring": ("app.host.credentials",),
    "jeepney": ("app.tray", "app.host._lock_bus"),
    "Xlib": ("app.tray",),
    "Quartz": ("app.host._desktop_mac",),
    "wakepy": ("app.host.awake",),
}
WORD_HOMES = {
    "create_subprocess_exec": ("app.jobs.process",),
    "create_subprocess_shell": ("app.jobs.process",),
    "subprocess_exec": ("app.jobs.process",),
    "subprocess_shell": ("app.jobs.process",),
    "sys.platform": ("app.host",),
    "os.name": ("app.host",),
    "time.time()": ("app.wiring",),
    "ensure_future": (),
    "asyncio.create_task": (),
    "loop.create_task": (),
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FOREIGN = ROOT / "app" / "demo" / "sample"  # a repository of its own: the demo's suite
PATHS = {
    name_of(path): path
    for path in sorted((ROOT / "app").rglob("*.py"))
    if not path.is_relative_to(FOREIGN)
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in PATHS.items()}


def imported(tree: ast.Module) -> Iterator[str]:
    """Every imported module, as far down as our own files go."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in TREES else str(node.module) for name in names)


def package(module: str) -> str:
    return "__main__" if module.endswith("__main__") else (*module.split("."), "")[1]


def at_home(module: str, homes: tuple[str, ...]) -> bool:
    return any(f"{module}.".startswith(f"{home}.") for home in homes)


def uses() -> Iterator[tuple[str, str]]:
    """Each pair of one of our modules and what it imports."""
    return ((module, used) for module, tree in TREES.items() for used in imported(tree))


def allowed(user: str, used: str) -> bool:
    lower, upper = LAYER.get(used, 0), LAYER.get(user, 0)
    free = user == used or upper == lower in (0, 5) or (user, used) in MAY_ASK_A_NEIGHBOUR
    return lower < upper or free


def test_imports_go_down() -> None:
    """A module imports only lower layers; packages of one layer do not know each other."""
    ours = [(module, used) for module, used in uses() if used.split(".")[0] == "app"]
    assert [pair for pair in ours if not allowed(package(pair[0]), package(pair[1]))] == []


def test_no_cycles() -> None:
    """No chain of imports leads back to where it began (the sorter raises otherwise)."""
    graph = {name: {u for u in imported(tree) if u in TREES} for name, tree in TREES.items()}
    assert list(TopologicalSorter(graph).static_order())


def test_vendors_stay_at_home() -> None:
    """Each vendor is imported in its one place only."""
    strays = [
        (module, used)
        for module, used in uses()
        if not at_home(module, VENDOR_HOMES.get(used.split(".")[0], ("app",)))
        or (used.startswith("websockets") and "server" in used and "webpage" not in module)
        or (used.startswith("websockets") and "client" in used and "transport" not in module)
    ]
    assert strays == []


@pytest.mark.slow
def test_words_stay_at_home() -> None:
    """Clocks, questions about the system, child processes, ownerless tasks: each in its place."""
    words = (
        (module, word)
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Call)
        for word in (getattr(node, "attr", ""), ast.unparse(node))
    )
    assert [use for use in words if not at_home(use[0], WORD_HOMES.get(use[1], ("app",)))] == []


def test_modules_are_short() -> None:
    """A module has fewer than 300 lines."""
    files = [*PATHS.values(), ROOT / "build.py"]
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: lines for path, lines in lengths.items() if lines >= 300} == {}


def test_functions_are_short() -> None:
    """A function has at most 40 lines, its docstring not counted."""
    lengths = {
        f"{module}.{node.name}": body_lines(node)
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in lengths.items() if lines > 40} == {}


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    text = node.body[0] if ast.get_docstring(node) else None
    docstring = (text.end_lineno or 0) - text.lineno + 1 if text else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring
