"""How fast secrets are found in a job's output where, as nearly always, there are none."""

import random
import string
import time
from collections.abc import Callable, Iterator

from app.redaction import Redactor
from tests.benchmark.bench import MB, Bench
from tests.benchmark.figures import Both, Row, Unit, at_least

CHUNK = 65_536  # bytes
TARGETS = {1: None, 10: at_least(200), 30: at_least(50)}  # MB/s
LENGTHS = (12, 20, 32, 40)  # characters of a secret
WORDS = "the test case driver started finished passed failed waiting for response from module"
HEXADECIMAL = "0123456789abcdef"
ANY = string.ascii_letters + string.digits


async def redact(bench: Bench) -> list[Row]:
    """Bytes to masked text in chunks of 64 KiB, on one core, in processor time."""
    draw = random.Random(2026)  # noqa: S311 (no secrets of anybody)
    chunks = list(_chunks(draw, bench.few(16, 4)))
    rows = []
    for count, target in TARGETS.items():
        redactor = Redactor()
        for length in (LENGTHS * count)[:count]:
            redactor.add("".join(draw.choices(f"{ANY}_-", k=length)))
        feed = redactor.stream().feed
        both = Both()
        for _run in range(bench.few(9, 3)):
            both.floor.append(_speed(chunks, len))
            both.ours.append(_speed(chunks, feed))
        what = f"{count} secret{'s' * (count > 1)}: decode and mask"
        rows.append(both.row(what, Unit.MB_S, target))
    return rows


def _speed(chunks: list[bytes], take: Callable[[str], object]) -> float:
    began = time.thread_time()
    for chunk in chunks:
        take(chunk.decode())
    return CHUNK * len(chunks) / MB / (time.thread_time() - began)


def _chunks(draw: random.Random, count: int) -> Iterator[bytes]:
    for _chunk in range(count):
        lines = [_line(draw).encode() for _line_number in range(CHUNK // 80)]
        yield b"".join(lines).ljust(CHUNK - 1, b".") + b"\n"


def _line(draw: random.Random) -> str:
    """Return a line as logs have them: 80 characters, a time, words, now and then a code."""
    stamp = f"2026-11-{draw.randint(1, 28):02} 10:{draw.randint(0, 59):02}:07.{draw.random():.3f}"
    kind = draw.random()
    if kind < 0.75:
        rest = " ".join(draw.choices(WORDS.split(), k=10))
    else:
        rest = "".join(draw.choices(HEXADECIMAL if kind < 0.92 else ANY, k=48))
    return f"{stamp} INFO {rest}"[:79].ljust(79) + "\n"
