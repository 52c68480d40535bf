"""What the agent answers, in words and tables for a person (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.i18n import _, marked
from app.terminal import clipped, harmless, padded, width

Answer = Mapping[str, Any]
_GAP = "  "


def status_text(status: Answer) -> str:
    """Return the lines of `status`: the state first, then what there is to know."""
    program = status.get("agent") or {}
    rows = [
        (_("State"), state_text(status)),
        (_("Jobs"), jobs_line(status)),
        (_("Platform"), status.get("server_url")),
        (_("Environment"), status.get("environment")),
        (_("Latency"), _latency(status.get("latency_ms"))),
        (_("Work folder"), status.get("work_dir")),
        (_("Computer"), _computer(status)),
        (_("Owed"), _owed(status.get("owed_bytes"))),
        (_("Problem"), _problem(status.get("problem"))),
        (_("Agent"), _program(program, status.get("now"))),
    ]
    shown = [(name, harmless(str(text))) for name, text in rows if text]
    room = max(width(name) for name, _text in shown)
    return "\n".join(f"{padded(name, room)}{_GAP}{text}" for name, text in shown)


def state_text(status: Answer) -> str:
    """Return the state in words: the connection, then what the user wished."""
    parts = [_connection(status)]
    if status.get("paused"):
        parts.append(_("paused (`ats-agent resume` ends that)"))
    if status.get("draining"):
        parts.append(_("ends as soon as nothing runs"))
    return _(", ").join(parts)


def jobs_line(status: Answer) -> str:
    """Return how many jobs run and wait."""
    text = _("{running} running, {waiting} waiting")
    return text.format(running=status.get("running", 0), waiting=status.get("waiting", 0))


def jobs_table(answer: Answer, columns: int | None) -> str:
    """Return a line per job, aligned; cut to `columns` unless that is None."""
    jobs: Sequence[Answer] = answer.get("jobs") or ()
    if not jobs:
        return _("No job runs or waits.")
    now = answer.get("now")
    heads = (_("STATE"), _("FOR"), _("KIND"), _("ID"), _("COMMAND"))
    rows = [heads, *(_job_row(job, now) for job in jobs)]
    rooms = [max(width(row[column]) for row in rows) for column in range(len(heads) - 1)]
    lines = (_GAP.join([*map(padded, row, rooms), row[-1]]) for row in rows)
    return "\n".join(line if columns is None else clipped(line, columns) for line in lines)


def duration(seconds: float) -> str:
    """Return how long that is, in its two largest units."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("{days} d {hours} h").format(days=days, hours=hours)
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    if minutes:
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
    return _("{seconds} s").format(seconds=rest)


def _connection(status: Answer) -> str:
    link, since = status.get("link"), _age(status.get("link_since"), status.get("now"))
    if not status.get("server_url"):
        return _("Not set up (`ats-agent dashboard` or `ats-agent login` connects it)")
    if link == "rejected":
        return _("The platform refused the token")
    if not status.get("wanted"):
        return _("Disconnected, as you wanted (`ats-agent connect` ends that)")
    if link == "online":
        return _("Online for {time}").format(time=since) if since else _("Online")
    if link == "backing off":
        return _("Not connected, trying again")
    return _("Connecting")


def _job_row(job: Answer, now: object) -> tuple[str, ...]:
    age = _age(job.get("since"), now) or ""
    keys = ("state", "kind", "id", "title")
    state, kind, name, title = (harmless(str(job.get(key, ""))) for key in keys)
    return _(_WORDS.get(state, state)), age, _(_WORDS.get(kind, kind)), name, title


_WORDS = {  # of the answer, which `--json` shows as they are
    "queued": marked("queued"),
    "preparing": marked("preparing"),
    "running": marked("running"),
    "stopping": marked("stopping"),
    "task": marked("task"),
    "suite": marked("suite"),
}


def _latency(milliseconds: object) -> str:
    return "" if milliseconds is None else _("{number} ms").format(number=milliseconds)


def _computer(status: Answer) -> str:
    awake = _("kept awake") if status.get("awake") else ""
    at_login = _("starts at login") if status.get("autostart") else ""
    return _(", ").join(text for text in (status.get("desktop"), awake, at_login) if text)


def _owed(count: object) -> str:
    return _("{count} bytes of logs to the platform").format(count=count) if count else ""


def _problem(problem: Answer | None) -> str:
    if not problem:
        return ""
    return f"{_clock(problem.get('at'))} {problem.get('text')}"


def _program(program: Answer, now: object) -> str:
    text = _("{version}, process {pid}, started {time}").format(
        version=program.get("version"),
        pid=program.get("pid"),
        time=_clock(program.get("started_at")),
    )
    age = _age(program.get("started_at"), now)
    return f"{text} ({age})" if age else text


def _clock(moment: object) -> str:
    return str(moment or "")[:19].replace("T", " ")


def _age(moment: object, now: object) -> str:
    try:
        age: timedelta = datetime.fromisoformat(str(now)) - datetime.fromisoformat(str(moment))
    except ValueError:
        return ""
    return duration(age.total_seconds())
