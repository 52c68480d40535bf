"""What people call an order."""

import time

from app.jobs.order import Order, suite_order, task_order
from app.jobs.works import TITLE, title_of
from app.protocol.messages import BadJob, JobAssigned, SuiteAssigned
from app.redaction import Redactor

SECRET = "Hunter2-7f3a-9bc1-Xyzzy"


def task(command: str, **more: object) -> Order:
    return task_order(JobAssigned("t1", command, **more))  # type: ignore[arg-type]


def test_the_first_line_of_the_command() -> None:
    """Cut where more follows; nothing for an order without a command."""
    assert title_of(task("make all"), Redactor()) == "make all"
    assert title_of(task("make\nmake install"), Redactor()) == "make…"
    assert title_of(task_order(BadJob("t1", "why")), Redactor()) == ""
    long = title_of(task("x" * 500), Redactor())
    assert (len(long), long[-1]) == (TITLE, "…")


def test_secrets_are_masked() -> None:
    """Those of the order and the agent's own, also where a mask ends at the cut."""
    agent = Redactor()
    agent.add("agent-secret-token")
    env = (("API_TOKEN", SECRET),)
    assert title_of(task(f"run {SECRET} agent-secret-token", env_vars=env), agent) == "run *** ***"
    across = "x" * (TITLE - 10) + SECRET
    assert "Hunter2" not in title_of(task(across, env_vars=env), agent)
    suite = SuiteAssigned("s1", "p1", "e1", f"git {SECRET}", ("c1",), None, "u1", git_token=SECRET)
    assert title_of(suite_order(suite), agent) == "git ***"


def test_the_order_is_forgotten_again() -> None:
    """What one order hides is no secret of the next one, and nobody waits for that."""
    agent = Redactor()
    title_of(task(SECRET, env_vars=(("API_TOKEN", SECRET),)), agent)
    assert agent.mask(SECRET) == SECRET


def test_a_title_costs_a_short_task_nothing() -> None:
    """Accepting stays quick: well below a millisecond without secrets."""
    agent, order = Redactor(), task("echo hello")
    agent.add("agent-secret-token")
    title_of(order, agent)
    times = []
    for _time in range(20):
        began = time.perf_counter()
        title_of(order, agent)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.001
