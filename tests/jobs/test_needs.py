"""Tests of app.jobs.needs, through the file that they stand in."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.host.desktop_state import Needs, Resolution
from app.jobs.ats_yml import AtsYmlError, read_ats_yml

UNLOCKED = Needs(desktop=True, unlocked=True)


def read(folder: Path, text: str) -> Needs:
    """The needs in a file with this text."""
    (folder / ".ats.yml").write_text(text, encoding="utf-8")
    yml = read_ats_yml(folder)
    assert yml.warnings == ()
    return yml.needs


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("results: a.xml\n", Needs()),
        ("needs: []\n", Needs()),
        ("needs: desktop\n", Needs(desktop=True)),
        ("needs: unlocked-desktop\n", UNLOCKED),
        ("needs: [unlocked-desktop, desktop]\n", UNLOCKED),
        ("needs: [desktop, unlocked-desktop]\n", UNLOCKED),
        ("needs:\n- resolution: 1920x1080\n", Needs(resolution=Resolution(1920, 1080))),
        (
            'needs:\n- resolution: ">=1280x720"\n- dpi: 96\n',
            Needs(resolution=Resolution(1280, 720, at_least=True), dpi=96),
        ),
        ("needs: [resolution: 1920 × 1080]\n", Needs(resolution=Resolution(1920, 1080))),
        (
            "needs: {resolution: 800X600, dpi: '120'}\n",
            Needs(False, False, Resolution(800, 600), 120),
        ),
    ],
)
def test_needs(tmp_path: Path, text: str, needs: Needs) -> None:
    """One need, a list of them, or their names and values."""
    assert read(tmp_path, text) == needs


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("needs:\n", 1, "not a need"),
        ("needs: [[desktop]]\n", 1, "not a need"),
        ("needs:\n- desktop\n- gpu\n", 3, "'gpu' is no need that this agent knows,"),
        ("needs: unlocked_desktop\n", 1, "did you mean unlocked-desktop?"),
        ("needs: [Resolutoin: 1x1]\n", 1, "did you mean resolution?"),
        ("needs: [resolution:1920x1080]\n", 1, "did you mean resolution?"),
        ("needs: [resolution]\n", 1, "resolution needs a value: resolution: 1920x1080"),
        ("needs:\n- dpi:\n", 2, "not a need"),
        ("needs: [desktop: yes]\n", 1, "desktop takes no value"),
        ("needs:\n- resolution: 1920\n", 2, "'1920' is no resolution such as 1920x1080"),
        ("needs: [resolution: 0x5]\n", 1, "is no resolution"),
        ("needs: [resolution: <=9x9]\n", 1, "is no resolution"),
        ("needs: [dpi: 96.5]\n", 1, "'96.5' is no DPI"),
        ("needs: [dpi: {a: b}]\n", 1, "not a need"),
        ("needs:\n- dpi: 96\n- dpi: 96\n", 3, "dpi is given twice"),
        ("needs:\n- resolution: >=1280x720\n", 2, "a value with > must stand in quotes"),
        ("needs: [resolution: >=1280x720]\n", 1, "a value with > must stand in quotes"),
    ],
)
def test_errors(tmp_path: Path, text: str, line: int, words: str) -> None:
    """One line with file, line, key, what is wrong, what was expected and an example."""
    with pytest.raises(AtsYmlError) as raised:
        read(tmp_path, text)
    said = str(raised.value)
    assert f"{tmp_path / '.ats.yml'}:{line}: needs: " in said
    assert words in said
    assert said.endswith("such as needs: [unlocked-desktop, resolution: 1920x1080].")


_NUMBERS = st.integers(1, 65535)
_SIZES = st.builds(Resolution, _NUMBERS, _NUMBERS, st.booleans())


def written(needs: Needs) -> str:
    """The needs as a user would write them."""
    lines = ["- unlocked-desktop"] if needs.unlocked else ["- desktop"] if needs.desktop else []
    if needs.resolution is not None:
        least = ">=" if needs.resolution.at_least else ""
        lines.append(f'- resolution: "{least}{needs.resolution.width}x{needs.resolution.height}"')
    if needs.dpi is not None:
        lines.append(f"- dpi: {needs.dpi}")
    return "needs:\n" + "\n".join(lines) if lines else "needs: []"


@given(
    st.sampled_from([(False, False), (True, False), (True, True)]),
    st.none() | _SIZES,
    st.none() | st.integers(1, 9999),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_read(
    tmp_path: Path, words: tuple[bool, bool], size: Resolution | None, dpi: int | None
) -> None:
    """Every need can be written down."""
    needs = Needs(*words, size, dpi)
    assert read(tmp_path, written(needs)) == needs


_SIGNS = [">=", "[", "]", "{", "}", "|", "'", '"', "?", "~", ": ", ", ", "- ", "\n", "\t"]
_PIECES = st.sampled_from(
    [*_SIGNS, "desktop", "resolution", "dpi", "1x1", "96", "&a ", "*a", "!!int ", "<<", "桌面"]
)


@given(st.lists(_PIECES, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_else_is_raised(tmp_path: Path, pieces: list[str]) -> None:
    """Whatever stands there, it is read or refused with AtsYmlError in one line."""
    (tmp_path / ".ats.yml").write_text("needs: " + "".join(pieces), encoding="utf-8")
    with suppress(AtsYmlError):
        read_ats_yml(tmp_path)
