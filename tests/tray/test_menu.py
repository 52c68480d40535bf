"""The menu as plain data (app/tray/menu.py)."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from app.state import (
    CancelJob,
    Command,
    JobState,
    JobView,
    LinkState,
    OpenPage,
    Snapshot,
    StartAtLogin,
)
from app.tray.menu import JOBS_SHOWN, SEPARATOR, Action, Item, Open, click, menu
from app.tray.words import View
from tests.tray.views import TEN_32, URL, jobs, view


def flat(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from flat(item.items)


def actions(shown: View) -> list[Action]:
    return [item.action for item in flat(menu(shown)) if item.action is not None]


def named(shown: View, text: str) -> Item:
    return next(item for item in flat(menu(shown)) if item.text.startswith(text))


def test_an_idle_agent() -> None:
    """State, wishes, places, about and quit; nothing that has nothing behind it."""
    shown = menu(view(work_dir="/work", autostart=False))
    assert [item.text for item in shown] == [
        "Online",
        "",
        "Disconnect",
        "Pause (start nothing new)",
        "",
        "Open dashboard",
        "Open log",
        "Open work folder",
        "Settings…",
        "Start at login",
        "",
        "About",
        "Quit",
    ]
    assert shown[1] == SEPARATOR
    assert not shown[0].enabled


def test_only_the_valid_wish_is_offered() -> None:
    """Connect or Disconnect, Pause or Resume; a refused token can be tried again."""
    assert actions(view())[:2] == [Command.DISCONNECT, Command.PAUSE]
    assert actions(view(paused=True))[:2] == [Command.DISCONNECT, Command.RESUME]
    assert actions(view(LinkState.STOPPED, wanted=False))[:2] == [Command.CONNECT, Command.PAUSE]
    refused = [OpenPage("connect"), Command.CONNECT, Command.PAUSE]
    assert actions(view(LinkState.REJECTED))[:3] == refused
    assert named(view(LinkState.REJECTED), "Enter").text == "Enter a new token…"
    assert Command.PAUSE not in actions(view(draining=True))


def test_an_agent_that_is_not_set_up() -> None:
    """Its first action, and that of a click on the icon, is to set it up; no wishes before."""
    shown = view(server_url="")
    pages = [OpenPage("connect"), OpenPage(), Open.LOG, OpenPage("settings")]
    assert actions(shown) == [*pages, Command.QUIT]
    assert named(shown, "Connect this computer…").default
    assert click(menu(shown)) == OpenPage("connect")


def test_a_click_on_the_icon_opens_the_dashboard() -> None:
    """Where the system has such a click; before the agent stands it has nothing but its log."""
    assert named(view(), "Open dashboard").default
    assert click(menu(view(LinkState.REJECTED))) == OpenPage()
    assert click(menu(View(None))) is Open.LOG


def test_start_at_login_has_a_check_mark() -> None:
    """It is there where the system offers it, and asks for the contrary of what is."""
    on, off = (named(view(autostart=is_on), "Start at login") for is_on in (True, False))
    assert (on.checked, on.action) == (True, StartAtLogin(wanted=False))
    assert (off.checked, off.action) == (False, StartAtLogin(wanted=True))
    assert not [item for item in menu(view(autostart=None)) if item.text == "Start at login"]


def test_what_the_computer_does_is_said_below_the_state() -> None:
    """Kept awake; why a test could not use the desktop: in one short line each."""
    shown = menu(view(awake=True, desktop="The screen is locked:\n" + "x" * 100))
    assert shown[1].text == "Keeping this computer awake"
    assert shown[2].text.startswith("The screen is locked: xxx")
    assert len(shown[2].text) <= 60
    assert not any(item.enabled for item in shown[:3])
    assert shown[3] == SEPARATOR


def test_before_the_first_snapshot() -> None:
    """Even then the log can be opened and the agent be ended."""
    assert actions(View(None)) == [Open.LOG, Command.QUIT]


def test_a_running_job_can_be_cancelled() -> None:
    """By its own id; a waiting one is only counted, one that is stopping cannot end twice."""
    shown = view(jobs=jobs(1, 1))
    assert CancelJob("r1") in actions(shown)
    assert CancelJob("w1") not in actions(shown)
    assert named(shown, "r1").items[0].text == "Running since 10:32"
    stopping = view(jobs=(JobView("r1", JobState.STOPPING, TEN_32, title="make check"),))
    assert CancelJob("r1") not in actions(stopping)
    assert [item.text for item in named(stopping, "make check").items] == [
        "Stopping since 10:32",
        "Cancel",
    ]


def test_many_jobs_fit_on_the_screen() -> None:
    """The menu shows some and counts the others."""
    shown = view(jobs=jobs(JOBS_SHOWN + 3))
    assert named(shown, "…").text == "… and 3 more running"
    assert len([action for action in actions(shown) if isinstance(action, CancelJob)]) == JOBS_SHOWN


def test_a_long_or_hostile_name_is_shortened() -> None:
    """It comes from the network: no control characters, no menu across the screen."""
    job = JobView("x" * 300 + "\n\x1b]end", JobState.RUNNING, TEN_32)
    name = next(item for item in menu(view(jobs=(job,))) if item.text.startswith("xx")).text
    assert len(name) <= 40
    assert name.isprintable()


def test_the_problem_is_there_only_when_there_is_one() -> None:
    """In a few words, with the whole text one step further."""
    assert not [item for item in menu(view()) if item.text.startswith("Last problem")]
    text = "The disk is full. " * 10
    item = named(view(problem=text), "Last problem")
    assert len(item.text) <= 60
    assert " ".join(line.text for line in item.items) == text.strip()


def test_quit_asks_how_while_jobs_run() -> None:
    """After the jobs or at once; when the first was chosen only the second is left."""
    assert named(view(), "Quit").action is Command.QUIT
    ways = [item.action for item in named(view(jobs=jobs(1)), "Quit").items]
    assert ways == [Command.DRAIN, Command.QUIT]
    ways = [item.action for item in named(view(draining=True, jobs=jobs(1)), "Quit").items]
    assert ways == [Command.QUIT]


def test_about_says_which_agent_this_is() -> None:
    """Version, the platform's name for this computer, the platform."""
    lines = [item.text for item in named(view(environment="Lab PC 7"), "About").items]
    assert lines[0].startswith("ATS agent ")
    assert lines[1:] == ["Lab PC 7", URL]


SNAPSHOTS = st.builds(
    Snapshot,
    wanted=st.booleans(),
    paused=st.booleans(),
    draining=st.booleans(),
    link=st.sampled_from(LinkState),
    server_url=st.sampled_from(["", URL]),
    work_dir=st.sampled_from(["", "/work"]),
    jobs=st.lists(
        st.builds(JobView, st.text(max_size=80), st.sampled_from(JobState), st.just(TEN_32)),
        max_size=12,
    ).map(tuple),
    problem=st.text(max_size=200),
    autostart=st.none() | st.booleans(),
    awake=st.booleans(),
    desktop=st.text(max_size=80),
)


@given(SNAPSHOTS)
@example(Snapshot(desktop="\x85", problem="\u2003"))  # nothing to see: no separator, no title
def test_no_snapshot_breaks_the_menu(snapshot: Snapshot) -> None:
    """The state comes first, one way to quit, one default, separators only separate."""
    shown = menu(View(snapshot))
    assert not shown[0].enabled
    assert Command.QUIT in actions(View(snapshot))
    pairs = pairwise(shown)
    assert not [pair for pair in pairs if pair == (SEPARATOR, SEPARATOR)]
    assert [item.default for item in flat(shown)].count(True) == 1
    assert SEPARATOR not in (shown[0], shown[-1])
