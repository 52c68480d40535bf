"""From an order to the work that carries it out, and to what people call it."""

from app.jobs.job import first_line
from app.jobs.order import Order
from app.jobs.task import TaskWork
from app.jobs.work import Work
from app.protocol.messages import JobAssigned, SuiteAssigned
from app.redaction import Redactor, mask_all

TITLE = 200  # characters


def work_of(order: Order) -> Work:
    """Return the work of an order; ValueError for one that can only be answered."""
    match order.assigned:
        case JobAssigned() as task:
            return TaskWork(task)
        case SuiteAssigned() as suite:
            # Memory: git, YAML and XML are for computers that get suites.
            from app.jobs.suite import SuiteWork  # noqa: PLC0415

            return SuiteWork(order, suite)
        case None:
            raise ValueError(order.job_id)


def title_of(order: Order, redactor: Redactor) -> str:
    """Return the first line of the order's command without secrets, "" when it has none.

    At most TITLE characters. `redactor` knows the agent's own secrets. The order's are looked
    for by a finder of their own: to let the common one forget them again takes milliseconds.
    """
    if order.assigned is None:
        return ""
    own = Redactor()
    work_of(order).secrets(own)
    command = order.assigned.command
    text = command if isinstance(command, str) else " ".join(command)
    line = first_line(mask_all(text, own, redactor))
    return line if len(line) <= TITLE else f"{line[: TITLE - 1]}…"
