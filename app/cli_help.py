"""How --help is laid out: argparse's own words in the user's language, lines of their width."""

import argparse
from collections.abc import Iterable

from app.i18n import _
from app.terminal import wrapped


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """argparse speaks English and counts Chinese characters as one column, without line ends."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """Begin with our word instead of "usage: "."""
        super().add_usage(usage, actions, groups, _("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        """Translate the headings that argparse makes itself."""
        own = {"positional arguments": _("arguments"), "options": _("options")}
        super().start_section(own.get(heading or "", heading))

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(" ".join(text.split()), width)


def run_local_epilog() -> str:
    """Return what follows the flags in `run-local --help`."""
    return _("""\
SUITE.yml, of which only the command is needed:
  command: pytest --junitxml=report.xml
  cases: ["100001", "100002"]      # else every test found is a case
  folder: ../project               # where the command runs; default: the folder of SUITE.yml
  git: {url: https://host/group/project.git, branch: main}   # instead of a folder
  results: ["reports/*.xml"]       # default: as on the platform
  timeout: 600                     # seconds

The git token is taken from the environment variable ATS_GIT_TOKEN. Neither address nor token
of a platform is needed.""")
