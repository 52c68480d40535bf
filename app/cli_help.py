"""How --help is laid out, and what follows its flags: our words, lines of their width."""

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


def help_epilog() -> str:
    """Return what follows the flags in --help."""
    return _("""\
examples:
  ats-agent --server-url ws://192.168.1.10:8000 --token-file ~/ats-token
  ats-agent --url='ws://192.168.1.10:8000/ws/agent' --token='T' --work_dir='/data/ats'
  ats-agent login --server-url ws://192.168.1.10:8000
  ats-agent config show
  ats-agent run-local suite.yml
  ats-agent logs -f

The names in brackets are environment variables. Flags win over variables, these over the
file HOME/config.yaml (or --config), that over what `login` saved, that over the defaults. A
work folder that the platform sends wins over --work-dir. A file ats-agent.yaml beside the
program takes the place of HOME/config.yaml; it may hold `token` or `token_file` as well.

exit codes:
  0    ended as asked (Ctrl+C included); of run-local: every test passed
  1    unexpected end, see logs/agent.log; of selftest: a check failed
  2    a flag, variable or line of a file is wrong; nothing was started
  3    the platform refused or revoked the token; of login: nothing was saved
  4    another agent already uses this home folder
  5    a folder cannot be used: that of --work-dir, the journal's, that of --junit at the end,
       of login: the work folder; nothing was saved
  6    run-local: a test or the command failed, or the time ran out
  7    run-local: no checkout, or the command could not be started
  8    status, stop and the like: no agent runs for this home folder
  9    status, stop and the like: the agent refused (no such job, say), or does not answer;
       autostart: the system offers no way, or refused
  10   login: no platform is reached with this address; nothing was saved
  130  run-local, login, status, stop and the like: ended by Ctrl+C or a signal before the end""")
