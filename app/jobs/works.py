"""From an order to the work that carries it out, and to what people call it."""

from app.jobs.job import first_line
from app.jobs.order import Order
from app.jobs.task import TaskWork
from app.jobs.work import Work
from app.protocol.messages import JobAssigned, SuiteAssigned
from app.redaction import Redactor


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
    """Return the first line of the order's command, "" when it has none.

    `redactor` knows the order's own secrets.
    """
    if order.assigned is None:
        return ""
    command = order.assigned.command
    return first_line(redactor.mask(command if isinstance(command, str) else " ".join(command)))


def waiting_title(order: Order, redactor: Redactor) -> str:
    """Return the title of an order whose secrets nobody knows yet; may take milliseconds."""
    if order.assigned is None:
        return ""
    own = redactor.scope()
    try:
        work_of(order).secrets(own)
        return title_of(order, own)
    finally:
        own.close()
