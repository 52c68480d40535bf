"""Samples become rows of the plots."""

from app.dashboard.metrics import Rows
from app.host.recent import Sample


def test_rates_lie_between_two_samples() -> None:
    """The first has none; a count that falls or is unknown gives none."""
    rows = Rows()
    assert rows.told == 0.0
    told = rows.take(
        [
            Sample(100.0, 1.0, 2.0, 3.0, 1000.0, 10.0),
            Sample(102.0, None, 2.0, 3.0, 3000.0, 11.0),
            Sample(104.0, 1.0, 2.0, 3.0, 5.0, None),
        ]
    )
    assert told == [
        [100.0, 1.0, 2.0, 3.0, None, None],
        [102.0, None, 2.0, 3.0, 1000.0, 0.5],
        [104.0, 1.0, 2.0, 3.0, None, None],
    ]
    assert rows.told == 104.0
    assert rows.take([Sample(105.0, 1.0, 2.0, 3.0, 15.0, 3.0)])[0][4:] == [10.0, None]
