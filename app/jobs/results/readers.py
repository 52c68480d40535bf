"""The readers of all formats, in the order in which they are asked."""

from app.jobs.results import junit, reportlog, xat
from app.jobs.results.items import Reading

READERS = (xat.read, reportlog.read, junit.read)  # a new format is a module and its line here


def read_results(data: bytes) -> Reading | None:
    """Return what the first fitting reader made of a file; None when it is of no known format.

    Never raises, whatever the bytes are.
    """
    readings = (read(data) for read in READERS)
    return next((reading for reading in readings if reading is not None), None)
