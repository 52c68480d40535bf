"""The ring of the last samples."""

import tracemalloc

from app.host.recent import MOST, SPAN, Recent, Sample
from app.protocol.messages import Facts


def facts(cpu: object = 1.0, received: object = 10) -> Facts:
    """A sample as the sampler makes it."""
    network = {"bytes_received": received, "bytes_sent": 20}
    share = {"usage_percent": 50.0}
    return Facts(
        cpu_info={"usage_percent": cpu},
        memory_info=share,
        disk_info=share,
        network_info=network,
    )


def test_it_gives_what_is_newer_than_a_moment() -> None:
    """Whoever watches asks only for what it has not seen."""
    recent = Recent()
    recent.add(100.0, facts(1.5))
    recent.add(105.0, facts(2.5))
    assert recent.since(100.0) == [Sample(105.0, 2.5, 50.0, 50.0, 10.0, 20.0)]
    assert [sample.at for sample in recent.since(0.0)] == [100.0, 105.0]


def test_what_could_not_be_read_is_none() -> None:
    """ "unknown" is no number of a plot."""
    recent = Recent()
    recent.add(100.0, facts("unknown", None))
    recent.add(101.0, Facts())
    assert recent.since(0.0)[0] == Sample(100.0, None, 50.0, 50.0, None, 20.0)
    assert recent.since(100.0) == [Sample(101.0, None, None, None, None, None)]


def test_it_keeps_fifteen_minutes() -> None:
    """What is older goes, so that a plot never shows more."""
    recent = Recent()
    for at in range(0, 2000, 5):
        recent.add(float(at), facts())
    kept = recent.since(-1.0)
    assert (kept[0].at, kept[-1].at) == (1995 - SPAN, 1995.0)


def test_a_clock_that_was_set_back_begins_anew() -> None:
    """Samples of the future would never go, and a plot would run backwards."""
    recent = Recent()
    recent.add(5000.0, facts())
    recent.add(1000.0, facts())
    assert [sample.at for sample in recent.since(0.0)] == [1000.0]


def test_it_costs_little() -> None:
    """However often is sampled, memory stays below 100 KB."""
    tracemalloc.start()
    recent = Recent()
    for number in range(3 * MOST):
        recent.add(number / 100, facts())
    used, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(recent.since(-1.0)) == MOST
    assert used < 100_000
