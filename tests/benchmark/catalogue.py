"""All measurements, in the order of the table; docs/performance.md says how each is done."""

from tests.benchmark import ending, masking, quick_jobs, volume, waiting
from tests.benchmark.bench import Measurement

CATALOGUE = (
    Measurement("start", quick_jobs.start_to_connected),
    Measurement("first-instruction", quick_jobs.frame_to_first_instruction),
    Measurement("line", quick_jobs.line_to_wire),
    Measurement("tasks", quick_jobs.tasks_per_second),
    Measurement("lines", volume.many_lines),
    Measurement("long-line", volume.one_long_line),
    Measurement("gigabyte", volume.gigabyte),
    Measurement("frozen", volume.frozen_platform),
    Measurement("redact", masking.redact),
    Measurement("cancel", ending.cancel_obedient),
    Measurement("cancel-deaf", ending.cancel_deaf, in_quick=False),
    Measurement("reconnect", waiting.reconnect, in_quick=False),
    Measurement("idle", waiting.idle),
)
