"""Tests of app.jobs.case_codes."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.case_codes import CaseCodes, pair
from app.jobs.results.items import TestItem, Verdict

IDS = ["id-b", "id-a", "id-c"]
CODES = {
    "100001": "id-a",
    "TC-1": "id-b",
    "TC-12": "id-c",
    "TC_7": "id-d",
    "登录": "id-e",
    "[X]": "id-f",
    "login": "id-g",
}


def item(name: str, case_id: str | None = None, case_code: str | None = None) -> TestItem:
    """A passed test."""
    return TestItem(name, Verdict.PASSED, case_id, case_code)


def test_codes_belong_to_the_sorted_ids() -> None:
    """The platform sends codes in ascending order of the ids, not in the ids' order."""
    assert pair(IDS, ["1", "2", "3"]) == {"1": "id-a", "2": "id-b", "3": "id-c"}


def test_no_pairs() -> None:
    """Absent codes and another number of codes are not paired; a code used twice names no case."""
    assert pair(IDS, None) == {}
    assert pair(IDS, ["1", "2"]) == {}
    assert pair(IDS, ["1", "1", "2"]) == {"2": "id-c"}
    assert pair(IDS, ["", "1", "2"]) == {"1": "id-b", "2": "id-c"}


@given(st.integers(0, 30), st.randoms(use_true_random=False))
def test_the_order_of_ids_does_not_matter(count: int, order: random.Random) -> None:
    """However the user sorted the cases, each code finds its own case."""
    truth = {f"{number:06d}": f"id-{number * 7919 % 1000:03d}" for number in range(count)}
    ids = list(truth.values())
    order.shuffle(ids)
    codes = [code for code, _ in sorted(truth.items(), key=lambda pair: pair[1])]
    assert pair(ids, codes) == truth


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("tests/a.py::test_caseid_100001", "id-a"),
        ("tests/a.py::test_caseid_100001_login[x]", "id-a"),
        ("test_caseid_100001abc", "id-a"),
        ("test_caseid_1000012", None),  # seven digits
        ("test_caseid_200002[100001]", None),  # it says which case it is: another one
        ("test_100001", "id-a"),
        ("100001 Valid Login", "id-a"),
        ("test_1000011", None),
        ("test_x100001", None),
        ("Suite.TC-1 logs in", "id-b"),
        ("Suite.TC-12 logs in", "id-c"),  # the longest counts
        ("TC-1 and TC-12", "id-c"),
        ("TC-123", None),
        ("tc-1", None),  # as it is written
        ("a.TC-1.TC_7", "id-d"),  # of two as long the last
        ("test_TC_7_logout", "id-d"),
        ("登录TC-1成功", "id-b"),  # Chinese beside it is a border
        ("测试登录", None),  # part of a longer word
        ("测试 登录", "id-e"),
        ("test_登录_1", "id-e"),
        ("a[X]b", "id-f"),
        ("testlogin", None),
        ("test_login", "id-g"),
        ("", None),
    ],
)
def test_code_in_the_name(name: str, case: str | None) -> None:
    """A code counts where it is a word of the name."""
    assert CaseCodes(list(CODES.values()), CODES).case_of(item(name)) == case


def test_id_then_code_then_name() -> None:
    """An id of this execution comes first, then the code, then the name; never a foreign one."""
    codes = CaseCodes(list(CODES.values()), CODES)
    assert codes.case_of(item("test_100001", "id-b", "TC-12")) == "id-b"
    assert codes.case_of(item("test_100001", "foreign", "TC-12")) == "id-c"
    assert codes.case_of(item("test_100001", "foreign", "foreign")) == "id-a"
    assert codes.case_of(item("test_x", "foreign", "foreign")) is None


@given(
    st.text(alphabet="aT1_-测[ ", max_size=30),
    st.text(alphabet="aT1_-测[ ", min_size=1, max_size=4),
)
@settings(max_examples=300)
def test_never_inside_a_word(name: str, code: str) -> None:
    """What is found stands in the name, and with a code alone it is always found."""
    codes = CaseCodes(["id"], {code: "id"})
    assert codes.case_of(item(code)) == "id"
    assert codes.case_of(item(f"({code})")) == "id"
    if codes.case_of(item(name)) is not None:
        assert code in name


def test_many_codes_and_long_names_are_quick() -> None:
    """Thousands of codes and names of thousands of characters cost no quadratic time."""
    many = {f"TC-{number}": "id" for number in range(5000)}
    codes = CaseCodes(["id"], many)
    for number in range(100):
        assert codes.case_of(item(f"{'a-' * 1000}TC-{number}")) == "id"
