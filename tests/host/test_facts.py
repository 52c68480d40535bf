"""The facts sampler: there at once, true, and never in the way."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.host import facts
from app.host.facts import FactsSampler
from app.protocol.messages import Facts
from tests.fakes.children import wait_until


@pytest.fixture
def sampler(tmp_path: Path) -> Iterator[FactsSampler]:
    """A sampler that is quick, started by its test."""
    made = FactsSampler(0.02, tmp_path)
    yield made
    made.stop()


def test_before_the_first_sample_all_is_unknown(sampler: FactsSampler) -> None:
    """Facts can be asked for at any time."""
    assert sampler.latest == Facts()
    assert sampler.sampled_at is None


def test_the_first_sample_is_soon_there_and_complete(sampler: FactsSampler) -> None:
    """A heartbeat at once after the start carries true values in the platform's units."""
    sampler.start()
    assert sampler.wait_first(5.0)
    sample = sampler.latest
    assert sample.os_type in {"Linux", "Windows", "macOS"}
    assert 0 < len(sample.os_version) <= 100
    assert 0 <= sample.cpu_info["usage_percent"] <= 100
    assert sample.cpu_info["cores"] == os.cpu_count()
    for space in (sample.memory_info, sample.disk_info):
        assert space["unit"] == "MB"
        assert all(isinstance(space[name], int) for name in ("total", "used", "free"))
        assert abs(space["total"] - space["used"] - space["free"]) <= 1
    assert sample.memory_info["total"] == psutil.virtual_memory().total // 2**20
    json.dumps(sample.cpu_info | sample.network_info, allow_nan=False)


def test_node_ip_is_the_address_towards_the_server(sampler: FactsSampler) -> None:
    """The address shown is the one that the platform's packets come from."""
    sampler.use_server("127.0.0.1")
    sampler.start()
    assert sampler.wait_first(5.0)
    assert sampler.latest.node_ip == "127.0.0.1"
    sampler.use_server("localhost")
    wait_until(lambda: sampler.latest.node_ip in {"127.0.0.1", "::1"})


def test_a_folder_that_is_not_there_yet_can_be_watched(
    sampler: FactsSampler, tmp_path: Path
) -> None:
    """The disk of a work folder is known before the folder is made."""
    sampler.watch_disk(tmp_path / "not" / "yet")
    sampler.start()
    assert sampler.wait_first(5.0)
    assert sampler.latest.disk_info["total"] > 0


def test_an_unreadable_value_keeps_its_last_reading(
    sampler: FactsSampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One source that fails changes nothing but its own freshness."""
    sampler.start()
    assert sampler.wait_first(5.0)
    memory = sampler.latest.memory_info

    def fail() -> None:
        raise RuntimeError("not on this system")

    monkeypatch.setattr(psutil, "virtual_memory", fail)
    monkeypatch.setattr(psutil, "cpu_percent", lambda _interval: float("nan"))
    wait_until(lambda: isinstance(sampler.sampled_at, float))
    before = sampler.sampled_at
    wait_until(lambda: sampler.sampled_at != before)
    monkeypatch.undo()
    assert sampler.latest.memory_info.keys() == memory.keys()
    assert 0 <= sampler.latest.cpu_info["usage_percent"] <= 100


def test_a_source_that_hangs_stops_nobody(
    sampler: FactsSampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a dead drive holds the thread, the last facts are there and stop returns."""
    held = threading.Event()
    monkeypatch.setattr(facts, "_disk", lambda _path: held.wait(10))
    sampler.start()
    wait_until(lambda: sampler.latest.memory_info != {})
    began = time.perf_counter()
    sampler.stop()
    assert time.perf_counter() - began < 5
    assert sampler.latest.os_type != "unknown"
    held.set()


def test_the_thread_ends_after_stop(sampler: FactsSampler) -> None:
    """Stopping leaves no thread behind."""
    sampler.start()
    assert sampler.wait_first(5.0)
    sampler.stop()
    wait_until(lambda: all(thread.name != "facts" for thread in threading.enumerate()))


def test_what_cannot_be_read_is_unknown(
    sampler: FactsSampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that was never readable is "unknown", and the rest of its part is there."""

    def unreadable(*_arguments: object) -> float:
        raise OSError("not here")

    monkeypatch.setattr(psutil, "cpu_percent", unreadable)
    monkeypatch.setattr(psutil, "virtual_memory", unreadable)
    sampler.start()
    assert sampler.wait_first(5.0)
    assert sampler.latest.cpu_info["usage_percent"] == "unknown"
    assert sampler.latest.cpu_info["cores"] == os.cpu_count()
    assert sampler.latest.memory_info["usage_percent"] == "unknown"


def test_another_disk_is_measured_at_once(tmp_path: Path) -> None:
    """The platform's work folder shows its own disk, not the old one for a whole interval."""
    slow = FactsSampler(3600.0, tmp_path)
    slow.start()
    try:
        assert slow.wait_first(5.0)
        first = slow.sampled_at
        slow.watch_disk(Path("/"))
        wait_until(lambda: slow.sampled_at != first)
    finally:
        slow.stop()


def test_samples_are_kept_for_whoever_watches(tmp_path: Path) -> None:
    """Each complete sample is one of the recent ones, on the wall's clock."""
    moments = iter(range(1000, 10_000))
    quick = FactsSampler(0.02, tmp_path, wall=lambda: float(next(moments)))
    quick.start()
    try:
        wait_until(lambda: len(quick.recent.since(0.0)) >= 2)
    finally:
        quick.stop()
    first, second = quick.recent.since(0.0)[:2]
    assert (first.at, second.at) == (1000.0, 1001.0)
    assert first.cpu is not None
    assert second.received is not None
