"""YAML text → nodes with their lines, without building values; errors are one line."""

import yaml
from yaml import Node

from app.errors import ConfigError
from app.i18n import _


def compose(text: str, where: str, example: str) -> Node | None:
    """Return the root node; None for a file without content.

    No values are built: aliases stay shared nodes, so no bomb can go off. ConfigError names
    `where`:line, what is wrong and `example`, a line as it should be.
    """
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as cause:
        raise ConfigError(_syntax_error(cause, text, where, example)) from cause
    except RecursionError as cause:
        text = _("{path}:1: nested too deeply, expected lines such as {example}.")
        raise ConfigError(text.format(path=where, example=example)) from cause


def _syntax_error(error: yaml.YAMLError, text: str, where: str, example: str) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:  # yaml.reader.ReaderError: a character that YAML forbids
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        what = _("a character that YAML does not allow")
    else:
        line = mark.line + 1
        what = getattr(error, "problem", None) or _("not YAML")
        if "\\t" in what:
            what = _("a tab, where only spaces may indent")
    return _("{path}:{line}: {what}, expected lines such as {example}.").format(
        path=where, line=line, what=what, example=example
    )
