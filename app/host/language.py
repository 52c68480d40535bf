"""The language of this user's desktop, as one of those that the agent speaks."""

import re
import sys
from collections.abc import Iterable, Mapping

from app.i18n import LANGUAGES

# Any Chinese is read more easily than English: zh_TW, zh-Hant-HK, …
_OURS = {"zh": "zh_CN", "en": "en"}


def system_language(environ: Mapping[str, str]) -> str:
    """Return one of app.i18n.LANGUAGES; English when the system's is none of them."""
    return _first_of_ours(_wanted(environ))


def _first_of_ours(tags: Iterable[str]) -> str:
    """`tags`: such as "zh_CN.UTF-8", "zh-Hans-CN" or "en", the most wanted first."""
    known = (_OURS.get(re.split(r"[-_.@]", tag)[0].lower()) for tag in tags)
    return next((language for language in known if language), LANGUAGES[0])


def _in_environment(environ: Mapping[str, str]) -> list[str]:
    """The variables as GNU gettext reads them: LANGUAGE counts only outside the C locale."""
    locales = (environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, locales), "C")
    if locale in {"C", "POSIX"}:
        return []
    return [*environ.get("LANGUAGE", "").split(":"), locale]


if sys.platform == "win32":
    import ctypes

    _PRIMARY = 0x3FF  # the bits of a LANGID that name the language, without the country
    _LANG_CHINESE = 0x04  # winnt.h

    def _wanted(_environ: Mapping[str, str]) -> list[str]:
        """The language of the menus, which the user may have chosen apart from the formats."""
        identifier = ctypes.windll.kernel32.GetUserDefaultUILanguage()
        return ["zh" if identifier & _PRIMARY == _LANG_CHINESE else "en"]

elif sys.platform == "darwin":

    def _wanted(environ: Mapping[str, str]) -> list[str]:
        """The list in System Settings: what a double click starts has no variables."""
        import subprocess  # noqa: PLC0415 (--help on other systems does not need it)

        command = ["/usr/bin/defaults", "read", "-g", "AppleLanguages"]  # ("zh-Hans-CN", "en-CN")
        try:
            text = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.SubprocessError):
            return _in_environment(environ)
        return re.findall(r"[A-Za-z][\w-]+", text.stdout) or _in_environment(environ)

else:

    def _wanted(environ: Mapping[str, str]) -> list[str]:
        return _in_environment(environ)
