"""Run the measurements, print the table; `python -m tests.benchmark --help`."""

import argparse
import asyncio
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.benchmark import frozen
from tests.benchmark.bench import Bench, Measurement
from tests.benchmark.catalogue import CATALOGUE
from tests.benchmark.children import Children
from tests.benchmark.figures import Row, table
from tests.benchmark.programs import ROOT
from tests.benchmark.report import FROZEN, frozen_part, page, this_machine

DOCUMENT = ROOT / "docs" / "performance.md"
ABOUT = """Measure the agent beside the floor of this machine.

Everything is measured in one run: the agent, and in turn with it a bare asyncio + websockets
program that does just the same thing. What counts is the ratio of both. A full run takes about
six minutes, keeps both cores busy and needs 3 GB in the temporary folder (TMPDIR chooses it; a
folder in memory would flatter the journal). Leave the machine alone meanwhile.
"""
AFTER = """A missed target does not fail the run: timings are for people to read. The exit code is 1
only when a measurement could not be carried out. Linux only."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="build.py benchmark",
        description=ABOUT,
        epilog=AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [each.name for each in (*CATALOGUE, *frozen.CATALOGUE)]
    only = f"only this one, may be repeated: {', '.join(names)}"
    parser.add_argument(
        "--frozen", action="store_true", help="the executables of `build.py binary` instead"
    )
    parser.add_argument("--quick", action="store_true", help="a rough picture in about a minute")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=only)
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the outcome of a full run to docs/performance.md",
    )
    options = parser.parse_args(arguments)
    if options.write and (options.quick or options.only):
        parser.error("--write wants a full run, without --quick and --only")
    return options


def chosen(options: argparse.Namespace) -> list[Measurement]:
    """Return the measurements that were asked for."""
    catalogue = frozen.CATALOGUE if options.frozen else CATALOGUE
    if options.only:
        return [each for each in catalogue if each.name in options.only]
    return [each for each in catalogue if each.in_quick or not options.quick]


async def run(bench: Bench, measurements: Sequence[Measurement]) -> tuple[list[Row], int]:
    """Carry out all; return the rows, and how many measurements failed."""
    rows: list[Row] = []
    failed = 0
    for number, each in enumerate(measurements, 1):
        bench.progress.begin(f"[{number}/{len(measurements)}] {each.name}")
        try:
            rows += await each.run(bench)
            bench.progress.end("done")
        except Exception as error:  # noqa: BLE001 (one that fails must not take the others with it)
            failed += 1
            bench.progress.end(f"FAILED: {error!r}")
            traceback.print_exception(error)
    return rows, failed


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write the document if asked; 1 when a measurement failed."""
    options = parse(arguments)
    if platform.system() != "Linux":
        print("The benchmark reads /proc and needs Linux.", file=sys.stderr)
        return 1
    machine = this_machine()
    print(machine, flush=True)
    with tempfile.TemporaryDirectory(prefix="ats-benchmark-", ignore_cleanup_errors=True) as folder:
        children = Children(Path(folder))
        children.compile()
        bench = Bench(Path(folder), children, quick=options.quick)
        rows, failed = asyncio.run(run(bench, chosen(options)))
    print(f"\n{table(rows)}\n\nratio = ours / floor; how each is measured: docs/performance.md")
    if options.write and not failed:
        DOCUMENT.write_text(written(rows, machine, options), encoding="utf-8")
        print(f"written: {DOCUMENT}")
    return 1 if failed else 0


def written(rows: Sequence[Row], machine: str, options: argparse.Namespace) -> str:
    """Return the document with the part that was measured; the other part stays as it is."""
    before, heading, part = DOCUMENT.read_text(encoding="utf-8").partition(FROZEN)
    if options.frozen:
        return before.rstrip() + "\n\n" + frozen_part(rows, machine)
    return page(rows, machine) + (f"\n{heading}{part}" if heading else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
