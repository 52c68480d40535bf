"""The one table of settings: key, type, default, unit, range, flag, variable."""

from app.i18n import _
from app.setting import Kind, Setting, plain, range_of

_DAY = 86_400  # seconds

SETTINGS: tuple[Setting, ...] = (
    Setting(
        key="token",
        env="ATS_AGENT_TOKEN",
        kind=Kind.TOKEN,
        flags=("--token",),
        about=_("token of this computer's environment on the platform"),
        default_text=_("not set"),
        example="aB7-x_9…",
    ),
    Setting(
        key="token_file",
        env="ATS_AGENT_TOKEN_FILE",
        kind=Kind.PATH,
        flags=("--token-file",),
        about=_("file that holds the token and nothing else; other users cannot see it"),
        default_text=_("not set"),
        example="/etc/ats-agent/token",
    ),
    Setting(
        key="server.url",
        env="ATS_AGENT_SERVER_URL",
        kind=Kind.ADDRESS,
        flags=("--server-url", "--url"),
        in_file=True,
        about=_("address of the platform; ws://, /ws/agent are added when missing"),
        default_text=_("not set"),
        example="ws://192.168.1.10:8000/ws/agent",
    ),
    Setting(
        key="server.ca_file",
        env="ATS_AGENT_SERVER_CA_FILE",
        kind=Kind.PATH,
        in_file=True,
        about=_("certificate (PEM) of a private authority to trust besides the system's"),
        default_text=_("the system's certificates only"),
        example="/etc/ats-agent/ca.pem",
    ),
    Setting(
        key="logging.level",
        env="ATS_AGENT_LOG_LEVEL",
        kind=Kind.LEVEL,
        flags=("--log-level",),
        in_file=True,
        about=_("how much the agent writes about itself"),
        default="INFO",
        example="INFO",
    ),
    Setting(
        key="logging.max_size",
        env="ATS_AGENT_LOGGING_MAX_SIZE",
        kind=Kind.WHOLE,
        in_file=True,
        about=_("size at which agent.log is put aside and a new one begun"),
        default=10_485_760,
        unit=_("bytes"),
        low=4096,
        high=2**30,
        example="10485760",
    ),
    Setting(
        key="logging.backup_count",
        env="ATS_AGENT_LOGGING_BACKUP_COUNT",
        kind=Kind.WHOLE,
        in_file=True,
        about=_("how many of the put-aside agent.log files are kept"),
        default=5,
        high=100,
        example="5",
    ),
    Setting(
        key="task.max_concurrent",
        env="ATS_AGENT_TASK_MAX_CONCURRENT",
        kind=Kind.WHOLE,
        in_file=True,
        about=_("how many tasks run at the same time; the rest wait"),
        default=1,
        low=1,
        high=64,
        example="1",
    ),
    Setting(
        key="task.timeout",
        env="ATS_AGENT_TASK_TIMEOUT",
        kind=Kind.NUMBER,
        in_file=True,
        about=_("limit of a task for which the platform names none"),
        default=3600.0,
        unit=_("seconds"),
        low=1,
        high=30 * _DAY,
        example="3600",
    ),
    Setting(
        key="task.cleanup.keep_tasks",
        env="ATS_AGENT_TASK_CLEANUP_KEEP_TASKS",
        kind=Kind.WHOLE,
        in_file=True,
        about=_("how many finished tasks are kept, however old; 0: age alone decides"),
        default=10,
        high=100_000,
        example="10",
    ),
    Setting(
        key="task.cleanup.keep_days",
        env="ATS_AGENT_TASK_CLEANUP_KEEP_DAYS",
        kind=Kind.WHOLE,
        in_file=True,
        about=_("how long finished tasks are kept, however many; 0: number alone decides"),
        default=7,
        unit=_("days"),
        high=3650,
        example="7",
    ),
    Setting(
        key="monitor.interval",
        env="ATS_AGENT_MONITOR_INTERVAL",
        kind=Kind.NUMBER,
        in_file=True,
        about=_("time between two heartbeats"),
        default=5.0,
        unit=_("seconds"),
        low=1,
        high=60,
        example="5",
    ),
    Setting(
        key="work_dir",
        env="ATS_AGENT_WORK_DIR",
        kind=Kind.TEXT,
        flags=("--work-dir", "--work_dir"),
        about=_("work folder when the platform names none; relative ones lie in HOME/workspace"),
        default_text=_("HOME/workspace"),
        example="/var/lib/ats-work",
    ),
    Setting(
        key="home",
        env="ATS_AGENT_HOME",
        kind=Kind.PATH,
        flags=("--home",),
        about=_("folder of the agent's own memory; one agent runs per home"),
        default_text=_("the user's data folder"),
        example="/var/lib/ats-agent",
    ),
    Setting(
        key="config",
        env="ATS_AGENT_CONFIG",
        kind=Kind.PATH,
        flags=("--config",),
        about=_("configuration file (YAML); must exist"),
        default_text=_("HOME/config.yaml when it exists"),
        example="/etc/ats-agent/config.yaml",
    ),
    Setting(
        key="headless",
        env="ATS_AGENT_HEADLESS",
        kind=Kind.SWITCH,
        flags=("--headless",),
        about=_("run without a tray icon"),
        default=False,
        example="1",
    ),
)
BY_KEY = {setting.key: setting for setting in SETTINGS}


def markdown_table() -> str:
    """Return the table of all settings for the README, in the user's language."""
    heads = (_("key in the file"), _("flag"), _("variable"), _("default"), _("range"), _("meaning"))
    rows = [heads, ("---",) * len(heads), *map(_row, SETTINGS)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(setting: Setting) -> tuple[str, ...]:
    default = _(setting.default_text) if setting.default is None else str(plain(setting.default))
    return (
        f"`{setting.key}`" if setting.in_file else "–",
        ", ".join(f"`{flag}`" for flag in setting.flags) or "–",
        f"`{setting.env}`",
        default,
        range_of(setting) if setting.high else "–",
        _(setting.about),
    )
