"""Samples of this computer → rows for the plots (pure)."""

from collections.abc import Iterable

from app.host.recent import Sample

Row = list[float | None]  # at, CPU %, memory %, disk %, received B/s, sent B/s


class Rows:
    """Makes rows of samples; rates come from each sample and the one before."""

    def __init__(self) -> None:
        self._last: Sample | None = None

    @property
    def told(self) -> float:
        """The moment of the last sample; 0.0 before the first."""
        return self._last.at if self._last is not None else 0.0

    def take(self, samples: Iterable[Sample]) -> list[Row]:
        """Return a row for each sample; they are later than those before."""
        return [self._row(sample) for sample in samples]

    def _row(self, sample: Sample) -> Row:
        before, self._last = self._last, sample
        rates: Row = [None, None]
        if before is not None and sample.at > before.at:
            seconds = sample.at - before.at
            rates = [
                _rate(before.received, sample.received, seconds),
                _rate(before.sent, sample.sent, seconds),
            ]
        return [sample.at, sample.cpu, sample.memory, sample.disk, *rates]


def _rate(old: float | None, new: float | None, seconds: float) -> float | None:
    """Return bytes per second; None when an interface went away, and its count with it."""
    return None if old is None or new is None or new < old else round((new - old) / seconds, 1)
