"""What is worth a notification (app/tray/notices.py)."""

from typing import Any

from app.state import EndedJob, JobState, LinkState, Snapshot
from app.tray.notices import Notice, Told, Wanted, notices
from tests.tray.views import TEN_32, URL

ALL = Wanted()
GIB = 2**30


def snapshot(link: LinkState = LinkState.ONLINE, **fields: Any) -> Snapshot:
    return Snapshot(link=link, **{"server_url": URL, "environment": "Lab PC 7", **fields})


def ended(key: int, state: JobState = JobState.FAILED, failed: int = 0) -> EndedJob:
    return EndedJob(
        key=key,
        job_id=f"j{key}",
        kind="task",
        title=f"run {key}",
        state=state,
        at=0.0,
        failed=failed,
    )


def day(*moments: Snapshot, wanted: Wanted = ALL) -> list[list[Notice]]:
    """Return what each moment of a day is worth."""
    told, days = Told(), []
    for moment in moments:
        told, news = notices(told, moment, wanted)
        days.append(news)
    return days


def titles(*moments: Snapshot, wanted: Wanted = ALL) -> list[list[str]]:
    return [[notice.title for notice in news] for news in day(*moments, wanted=wanted)]


def test_an_ordinary_day_is_silent() -> None:
    """Connecting to a known platform, losing it, pausing, a job that succeeds: no notice."""
    moments = [
        snapshot(LinkState.CONNECTING),
        snapshot(),
        snapshot(LinkState.BACKING_OFF, problem="no route"),
        snapshot(paused=True),
        snapshot(ended=(ended(1, JobState.SUCCEEDED),)),
    ]
    assert day(*moments) == [[], [], [], [], []]


def test_the_first_connection_ever_is_told_once() -> None:
    """Also when the connection comes and goes; another platform is another first time."""
    first = snapshot(newcomer=True)
    lost = snapshot(LinkState.BACKING_OFF, newcomer=True)
    other = snapshot(newcomer=True, server_url="wss://other")
    assert [len(news) for news in day(lost, first, lost, first, other)] == [0, 1, 0, 0, 1]
    assert day(first)[0] == [
        Notice("This computer is connected", "The platform can send it jobs now: Lab PC 7")
    ]


def test_a_refused_token_is_told_each_time_it_is_refused() -> None:
    """Once while it stays so; again after the user has tried again."""
    refused = snapshot(LinkState.REJECTED, link_since=TEN_32)
    trying = snapshot(LinkState.CONNECTING)
    assert titles(refused, refused, trying, refused) == [
        ["The platform refuses the token"],
        [],
        [],
        ["The platform refuses the token"],
    ]


def test_a_job_with_failures_is_told_once() -> None:
    """By its name and how it went, as long as it is in the snapshot; it may leave at any time."""
    one, two = ended(1), ended(2, JobState.TIMED_OUT)
    suite = ended(3, JobState.SUCCEEDED, failed=4)
    assert day(
        snapshot(ended=(one,)),
        snapshot(ended=(one, two)),
        snapshot(ended=(two, suite)),
        snapshot(ended=(suite,)),
        snapshot(ended=(ended(4, JobState.ERROR),)),
    ) == [
        [Notice("A job has failed", "run 1")],
        [Notice("A job has failed", "run 2: timed out")],
        [Notice("A job has failed", "run 3: 4 failed")],
        [],
        [Notice("A job has failed", "run 4: could not be run")],
    ]


def test_several_failures_at_once_are_one_notice() -> None:
    """It names a few and counts the others."""
    news = day(snapshot(ended=tuple(ended(key) for key in range(1, 6))))[0]
    assert news == [Notice("5 jobs have failed", "run 1\nrun 2\nrun 3\n… and 2 more")]


def test_a_cancelled_job_has_not_failed() -> None:
    """Nor has one that ended with the agent, whatever its cases said until then."""
    states = (JobState.CANCELLED, JobState.INTERRUPTED)
    assert day(snapshot(ended=tuple(ended(n, s, 1) for n, s in enumerate(states)))) == [[]]


def test_names_from_the_network_are_harmless_and_short() -> None:
    """No control characters, no notification across the screen."""
    job = EndedJob(
        key=1, job_id="1", kind="task", title="x\x1b" * 99, state=JobState.FAILED, at=0.0
    )
    text = day(snapshot(ended=(job,)))[0][0].text
    assert text.isprintable()
    assert len(text) <= 60


def test_a_full_disk_is_told_once_until_there_is_real_relief() -> None:
    """Free space wavers around the limit: a little more does not make it news again."""

    def disk(free: float) -> Snapshot:
        return snapshot(disk_free=int(free * GIB), disk_low=free < 1, work_dir="/work")

    wavering = [len(news) for news in day(*map(disk, (5, 0.99, 1.01, 0.98, 0.5, 1.1, 0.9)))]
    assert wavering == [0, 1, 0, 0, 0, 0, 0]
    assert [len(news) for news in day(*map(disk, (0.9, 2, 0.9)))] == [1, 0, 1]
    text = "512 MiB are free where the work folder is: /work"
    assert day(disk(0.5)) == [[Notice("The disk is nearly full", text)]]


def test_a_folder_of_another_encoding_can_be_named() -> None:
    """Linux has folders that are no UTF-8; D-Bus takes nothing else."""
    ((notice,),) = day(snapshot(disk_low=True, work_dir="/w\udce4"))
    assert notice.text.endswith("/w\\udce4")


def test_a_disk_of_unknown_size_may_be_low() -> None:
    """The fact counts, not the number."""
    low, fine = snapshot(disk_low=True), snapshot()
    assert [len(news) for news in day(low, low, fine, low)] == [1, 0, 0, 0]


def test_each_can_be_turned_off() -> None:
    """What came while it was off is no news when it is turned on again."""
    everything = snapshot(
        LinkState.REJECTED, disk_low=True, disk_free=1, ended=(ended(1),), newcomer=True
    )
    nothing = Wanted(connected=False, refused=False, failures=False, disk_low=False)
    assert day(snapshot(newcomer=True), everything, wanted=nothing) == [[], []]
    told, _ = notices(Told(), everything, nothing)
    assert notices(told, everything, ALL)[1] == []
    assert len(notices(Told(), everything, ALL)[1]) == 3
