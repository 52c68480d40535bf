"""Links that work once."""

from pathlib import Path

import pytest

from app.dashboard import door
from app.dashboard.door import Door
from app.webpage.server import Document, Redirect, Refusal, Request
from app.webpage.site import Site

HEADERS = {"host": "127.0.0.1:4711"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "index.html").write_text("x", encoding="utf-8")
    return Site(tmp_path)


def status(answer: object) -> int:
    assert isinstance(answer, Refusal)
    return answer.status


def test_a_link_leads_to_the_page_once(site: Site) -> None:
    """Who comes second, with what stood in a command line, gets nothing."""
    entrance = Door(site)
    link = Request(entrance.new_link(), HEADERS)
    assert entrance.answer(link) == Redirect(site.path)
    assert status(entrance.answer(link)) == 404
    assert isinstance(entrance.answer(Request(site.path, HEADERS)), Document)


def test_a_link_does_not_help_strangers(site: Site) -> None:
    """A foreign name or method is refused first and uses up nothing; the secret is in no repr."""
    entrance = Door(site)
    path = entrance.new_link()
    assert status(entrance.answer(Request(path, {"host": "evil.example"}))) == 403
    assert status(entrance.answer(Request(path, HEADERS, "POST"))) == 405
    answer = entrance.answer(Request(path, HEADERS))
    assert isinstance(answer, Redirect)
    assert site.path not in repr(answer)


def test_links_age(site: Site) -> None:
    """A browser that has not come in two minutes comes no more."""
    now = [0.0]
    entrance = Door(site, clock=lambda: now[0])
    link = Request(entrance.new_link(), HEADERS)
    now[0] = door.VALID
    assert status(entrance.answer(link)) == 404


def test_few_links_are_open_at_a_time(site: Site) -> None:
    """Those that nobody used are forgotten, the oldest first."""
    entrance = Door(site)
    links = [Request(entrance.new_link(), HEADERS) for _time in range(door.MOST + 1)]
    assert status(entrance.answer(links[0])) == 404
    assert isinstance(entrance.answer(links[1]), Redirect)
