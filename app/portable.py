"""Copy-and-run: the file `ats-agent.yaml` beside the program, and where the state then goes."""

from pathlib import Path

from yaml import MappingNode, Node, ScalarNode

from app.errors import ConfigError
from app.i18n import marked
from app.setting import Kind, Setting
from app.settings import BY_KEY
from app.small_file import decode, read_bounded
from app.yaml_file import compose

DATA_NAME = "ats-agent-data"  # the home folder, beside the file
BESIDE, USER = "beside", "user"

STATE = Setting(
    key="state",
    env="",
    kind=Kind.CHOICE,
    about=marked("where a copied program keeps its memory: beside itself, or with the user"),
    default=BESIDE,
    choices=(BESIDE, USER),
    example=BESIDE,
)
# Only this file may hold them: it is made to be copied, the other one to be shown.
SETTINGS = (BY_KEY["token"], BY_KEY["token_file"], STATE)


def state_of(file: Path) -> str:
    """Return what `state` says, BESIDE when nothing right is said there; never raises.

    Whoever looks for the agent's home must find it even while the file is being edited.
    """
    try:
        root = compose(decode(read_bounded(file), file), str(file), "state: beside")
        return str(STATE.read(_text_of("state", root)))
    except (ConfigError, ValueError):
        return BESIDE


def _text_of(key: str, root: Node | None) -> str:
    pairs = root.value if isinstance(root, MappingNode) else []
    for name, value in pairs:
        if isinstance(value, ScalarNode) and getattr(name, "value", "") == key:
            return str(value.value)
    return ""
