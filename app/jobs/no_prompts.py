"""Variables with which nothing that a job starts asks a person: nobody sits there to answer.

Over what the agent inherits, because desktops and editors set programs that ask (ksshaskpass,
VS Code's); under what the job names, which may have an answer of its own. Git's own commands of
the agent are stricter still (git_env.py).
"""

from collections.abc import Mapping

NO_PROMPTS: Mapping[str, str] = {
    "GIT_TERMINAL_PROMPT": "0",  # git(1): fail instead of asking in the terminal
    "GIT_ASKPASS": "",  # set and empty: git asks neither core.askPass nor SSH_ASKPASS
    "GCM_INTERACTIVE": "never",  # Git Credential Manager, docs/environment.md
    "GCM_GUI_PROMPT": "0",
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",  # ssh(1): no window even with a display; a test's own
    # terminal (expect, pexpect) still gets the question.
}
