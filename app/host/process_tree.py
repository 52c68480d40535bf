"""A job's processes as a person reads them: parents above their children, with command lines."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from app.host._proc import Proc

MAX_LINES = 50  # processes that are shown
MAX_COMMAND = 300  # characters shown of a command line


def process_tree(processes: Iterable[Proc], mask: Callable[[str], str] = str) -> list[str]:
    """Return one line per living process, indented below its parent; blocks for milliseconds.

    `mask` takes secrets out of whole command lines, before they are cut.
    """
    import psutil  # noqa: PLC0415 (only where a job is about to be killed)

    parents: dict[int, int] = {}
    lines: dict[int, str] = {}
    for process in processes:
        try:
            found = psutil.Process(process.pid)
            parents[process.pid] = found.ppid()
            lines[process.pid] = _line(process, mask(" ".join(found.cmdline())))
        except (psutil.Error, OSError):
            continue  # it has ended meanwhile
    shown = list(_indented(lines, parents))
    more = len(shown) - MAX_LINES
    return shown[:MAX_LINES] + ([f"… +{more}"] if more > 0 else [])


def _line(process: Proc, command: str) -> str:
    command = command.replace("\n", " ") or process.command
    cut = command[:MAX_COMMAND] + ("…" if len(command) > MAX_COMMAND else "")
    return f"{process.pid} {cut}"


def _indented(lines: Mapping[int, str], parents: Mapping[int, int]) -> Iterator[str]:
    roots = [pid for pid in lines if parents[pid] not in lines]
    todo = [(pid, 0) for pid in reversed(roots)]
    while todo:
        pid, depth = todo.pop()
        yield "  " * depth + lines[pid]
        children = [child for child in lines if parents[child] == pid and child != pid]
        todo.extend((child, depth + 1) for child in reversed(children))
