"""The table of settings holds together."""

from pathlib import Path

from app import i18n
from app.effective import _FIELDS
from app.setting import Kind
from app.settings import BY_KEY, SETTINGS
from app.settings_table import markdown_table


def test_names_are_unique() -> None:
    """No two settings share a key, a flag or a variable."""
    names = [name for s in SETTINGS for name in (s.key, s.env, *s.flags)]
    assert len(set(names)) == len(names)


def test_defaults_and_examples_are_right_values() -> None:
    """Every example and every default of a file key passes its own check."""
    for setting in SETTINGS:
        if setting.kind is not Kind.TOKEN:
            setting.read(setting.example)
        if setting.high:
            assert setting.read(str(setting.default).removesuffix(".0")) == setting.default


def test_file_has_exactly_the_documented_keys() -> None:
    """A new key needs the issue that asks for it."""
    assert {setting.key for setting in SETTINGS if setting.in_file} == {
        "server.url",
        "server.ca_file",
        "logging.level",
        "logging.max_size",
        "logging.backup_count",
        "task.max_concurrent",
        "task.timeout",
        "task.idle_timeout",
        "task.max_log_bytes",
        "task.cleanup.keep_tasks",
        "task.cleanup.keep_days",
        "suite.results",
        "platform.log_limit",
        "evidence.screenshot_on_failure",
        "monitor.interval",
        "monitor.disk_low",
        "desktop.keep_awake",
        "desktop.needs_timeout",
        "notifications.connected",
        "notifications.refused",
        "notifications.failures",
        "notifications.disk_low",
        "language",
    }


def test_variable_follows_the_key() -> None:
    """A key without a flag has the variable that one would guess."""
    for setting in SETTINGS:
        if not setting.flags:
            assert setting.env == f"ATS_AGENT_{setting.key.replace('.', '_').upper()}"


def test_every_field_of_the_config_has_a_setting() -> None:
    """Config is filled from the table alone."""
    assert set(_FIELDS.values()) <= set(BY_KEY)


def test_readme_table_has_a_row_for_each_setting() -> None:
    """The README's table is printed from here."""
    lines = markdown_table().splitlines()
    assert len(lines) == 2 + len(SETTINGS)
    assert len({line.count("|") for line in lines}) == 1


def test_readme_shows_the_table_as_it_is() -> None:
    """The README's settings are the program's: made by `markdown_table`, never by hand."""
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert markdown_table().strip() in readme


def test_the_chinese_readme_shows_the_table_in_chinese() -> None:
    """Made from the same catalog as everything else that is Chinese."""
    readme = Path(__file__).parents[1] / "docs" / "README.zh-CN.md"
    i18n.install("zh_CN")
    try:
        assert markdown_table().strip() in readme.read_text(encoding="utf-8")
    finally:
        i18n.install()
