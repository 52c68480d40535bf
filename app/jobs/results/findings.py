"""What the result files of one run gave in the end."""

from dataclasses import dataclass

from app.jobs.results.items import TestItem


@dataclass(frozen=True, slots=True)
class Findings:
    """The last items and what a person should know; file names are relative, with "/"."""

    items: tuple[TestItem, ...] = ()  # new or changed since the last poll
    files_seen: tuple[str, ...] = ()  # result files that this run wrote
    problems: tuple[str, ...] = ()  # one sentence each
