"""A face without an agent: shows the snapshot whose name comes on stdin; `python -m` runs it.

Its one argument is the language.
"""

import logging
import sys
import threading
from pathlib import Path

from app import i18n
from app.state import EndedJob, JobState, JobView, LinkState, Request, Snapshot
from app.tray.face import TrayFace
from app.tray.icon import open_icon

URL = "ws://192.168.1.10:8000"
HERE = str(Path(__file__).parent)
NOON = 1_795_320_000.0


def jobs(running: int, waiting: int = 0) -> tuple[JobView, ...]:
    """Jobs as the agent knows them."""
    states = [JobState.RUNNING] * running + [JobState.QUEUED] * waiting
    return tuple(
        JobView(f"job-{number}", state, NOON, title=f"pytest tests/shop_{number}_test.py")
        for number, state in enumerate(states, start=1)
    )


ONLINE = LinkState.ONLINE
FAILED = EndedJob(
    key=1,
    job_id="job-0",
    kind="suite",
    title="pytest tests/shop_0_test.py",
    state=JobState.FAILED,
    at=NOON,
    failed=3,
)
STAGES = {
    "not_set_up": Snapshot(wanted=False, autostart=False),
    "connecting": Snapshot(server_url=URL, link=LinkState.CONNECTING),
    "online": Snapshot(
        server_url=URL, link=ONLINE, environment="Lab PC 7", work_dir=HERE, autostart=True
    ),
    "running": Snapshot(
        server_url=URL,
        link=ONLINE,
        environment="Lab PC 7",
        work_dir=HERE,
        jobs=jobs(2, 1),
        autostart=True,
        awake=True,
        desktop="The screen is locked.",
    ),
    "failed": Snapshot(
        server_url=URL, link=ONLINE, environment="Lab PC 7", work_dir=HERE, ended=(FAILED,)
    ),
    "running_many": Snapshot(server_url=URL, link=ONLINE, jobs=jobs(12)),
    "paused": Snapshot(server_url=URL, link=ONLINE, paused=True, jobs=jobs(1, 3)),
    "disconnected": Snapshot(server_url=URL, wanted=False),
    "problem": Snapshot(
        server_url=URL,
        link=LinkState.REJECTED,
        link_since=NOON,
        problem="The platform refused the token of this computer. Ask an administrator of the "
        "platform for a new one and start the agent with it.",
    ),
    "end": Snapshot(exit_code=0),
}


def main() -> None:
    """Show until `end` is read; what is chosen in the menu is a line on stdout."""
    logging.basicConfig(level=logging.INFO)
    i18n.install(*sys.argv[1:])
    face = TrayFace(open_icon, lambda: Path(__file__), retry=0.2)

    def read() -> None:
        for name in sys.stdin:
            face.show(STAGES[name.strip()])

    def post(request: Request) -> bool:
        print(request, flush=True)  # noqa: T201 (what the test reads)
        return True

    face.run(threading.Thread(target=read, daemon=True).start, post)


if __name__ == "__main__":
    main()
