"""The card that leads to an agent (app/control/card.py)."""

from pathlib import Path

import pytest

from app.control.card import CARD_NAME, Card, read_card
from app.host.private_file import write_private


def test_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    """And its secret is another one each time, and in no text about it."""
    card = Card.new(4321, 77)
    card.write(tmp_path)
    assert read_card(tmp_path) == card
    assert len(card.secret) == 64
    assert card.secret != Card.new(4321, 77).secret
    assert card.secret not in repr(card)


def test_only_ones_own_card_is_taken_away(tmp_path: Path) -> None:
    """An agent that ends late does not hide the next one."""
    old, new = Card.new(1, 1), Card.new(2, 2)
    old.write(tmp_path)
    new.write(tmp_path)
    old.remove(tmp_path)
    assert read_card(tmp_path) == new
    new.remove(tmp_path)
    new.remove(tmp_path)
    assert not (tmp_path / CARD_NAME).exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "5",
        '{"port": 1, "pid": 1}',
        '{"port": "1", "pid": 1, "secret": "x"}',
        '{"port": true, "pid": 1, "secret": "x"}',
        '{"port": 0, "pid": 1, "secret": "x"}',
        '{"port": 65536, "pid": 1, "secret": "x"}',
        '{"port": 1, "pid": 1, "secret": 5}',
    ],
)
def test_what_is_no_card(tmp_path: Path, text: str) -> None:
    """A torn or foreign file is as good as none."""
    write_private(tmp_path / CARD_NAME, text.encode())
    assert read_card(tmp_path) is None
