"""The table of all settings as the READMEs show it."""

from app.i18n import _
from app.setting import Setting, plain, range_of
from app.settings import SETTINGS


def markdown_table() -> str:
    """Return the table of all settings for the README, in the user's language."""
    heads = (_("key in the file"), _("flag"), _("variable"), _("default"), _("range"), _("meaning"))
    rows = [heads, ("---",) * len(heads), *map(_row, SETTINGS)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(setting: Setting) -> tuple[str, ...]:
    default = _(setting.default_text) if setting.default_text else str(plain(setting.default))
    return (
        f"`{setting.key}`" if setting.in_file else "–",
        ", ".join(f"`{flag}`" for flag in setting.flags) or "–",
        f"`{setting.env}`",
        default,
        range_of(setting) if setting.high else "–",
        _(setting.about),
    )
