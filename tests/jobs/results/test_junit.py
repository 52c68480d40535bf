"""Tests of app.jobs.results.junit, on files as the tools write them."""

import pytest

from app.jobs.results.items import Verdict
from app.jobs.results.junit import read
from app.jobs.results.junit_case import seconds_in
from tests.jobs.results.samples import items_of, reading_of, sample, verdicts_of

PASSED, FAILED, ERROR, SKIPPED = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR, Verdict.SKIPPED


def test_pytest() -> None:
    """Setup and teardown errors, collection errors, xfail and subtests."""
    assert verdicts_of("pytest-junit.xml") == {
        "test_broken": ERROR,
        "test_passes_TC001": PASSED,
        "test_fails_TC002": FAILED,
        "test_setup_error_TC003": ERROR,
        "test_skipped_TC004": SKIPPED,
        "test_xfail_TC005": SKIPPED,
        "test_xpass_TC006": PASSED,
        "test_xpass_strict_TC007": FAILED,
        "test_param_TC008[one]": PASSED,
        "test_param_TC008[two/\\u6d4b]": FAILED,
        "test_param_TC008[[three]]": PASSED,
        "test_teardown_error_TC009": ERROR,
        "test_by_property": PASSED,
        "test_caseid_100001_login": PASSED,
        "test_skip_inside_TC011": SKIPPED,
        "test_sub_TC012": FAILED,
        "test_subtests_TC013": FAILED,
    }
    assert verdicts_of("pytest-xunit1.xml") == {
        "test_passes_TC001": PASSED,
        "test_fails_TC002": FAILED,
    }


def test_pytest_texts() -> None:
    """The reason comes first, then the traceback; empty captures are left out; a property names."""
    items = items_of("pytest-junit.xml")
    message = items["test_fails_TC002"].message
    assert message.startswith("AssertionError: wrong <sum> & more\n")
    assert message.endswith("test_sample.py:8: AssertionError")
    assert items["test_fails_TC002"].output == ""
    assert "hello 测试" in items["test_passes_TC001"].output
    assert "to stderr" in items["test_passes_TC001"].output
    assert items["test_by_property"].case_code == "TC010"
    assert items["test_skipped_TC004"].message == "not today"


def test_maven() -> None:
    """Flaky tests passed, reruns do not count twice, a suite's properties are no test's."""
    items = items_of("maven-surefire.xml")
    assert [item.result for item in items.values()] == [
        PASSED,
        FAILED,
        ERROR,
        SKIPPED,
        PASSED,
        PASSED,
    ]
    assert items["fails_TC002"].message.startswith("java.lang.AssertionError: wrong <sum> & more")
    assert "second try" not in items["fails_TC002"].output
    assert items["fails_TC002"].duration == 1234.5
    assert items["flaky_TC005"].output == "failed attempts before it passed: 1"
    assert items["param_TC006{String}[1]"].duration == 0.001
    assert {item.case_id for item in items.values()} == {None}


def test_gradle_and_jest() -> None:
    """Both are read; Jest's class name that repeats the name is not doubled."""
    assert list(verdicts_of("gradle.xml").values()) == [PASSED, FAILED, SKIPPED]
    names = [item.name for item in reading_of(sample("jest-junit.xml")).items]
    assert names == ["login accepts TC001", "login refuses TC002", "login later TC003"]
    assert list(verdicts_of("jest-junit.xml").values()) == [PASSED, FAILED, SKIPPED]


def test_robot_framework() -> None:
    """Suites nest; messages and Chinese names arrive."""
    items = reading_of(sample("robot-xunit.xml")).items
    assert [item.result for item in items] == [PASSED, FAILED, SKIPPED] * 2
    assert items[1].name == "Rb.Login.TC002 Wrong Password 测试"
    assert items[1].message == "expected <yes> & got no"


def test_googletest() -> None:
    """Disabled and skipped tests are skipped, two failures are one message, properties count."""
    items = items_of("googletest.xml")
    assert [item.result for item in items.values()] == [PASSED, FAILED, SKIPPED, SKIPPED]
    assert "sqrt_test.cpp:10" in items["TC002"].message
    assert "sqrt_test.cpp:11" in items["TC002"].message
    assert items["TC002"].case_id == "id-of-two"


def test_ctest_and_node() -> None:
    """The status word counts where nothing else does; a failing todo is a skip."""
    ctest = list(verdicts_of("ctest-junit.xml").values())
    assert ctest == [PASSED, FAILED, SKIPPED, SKIPPED, SKIPPED, FAILED, FAILED]
    node = list(verdicts_of("node-junit.xml").values())
    assert node == [PASSED, FAILED, SKIPPED, SKIPPED, PASSED, FAILED]


def test_several_roots() -> None:
    """Files joined to one another are read as one, declarations in between included."""
    data = sample("gradle.xml") + sample("robot-xunit.xml")
    reading = reading_of(b"\xef\xbb\xbf\n" + data)
    assert reading.whole
    assert len(reading.items) == 9


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("gbk", "GB2312"),
        ("gb18030", "gb18030"),
        ("big5", "Big5"),
        ("utf-8", "UTF-16"),  # a declaration that lies
        ("utf-8", "no-such-encoding"),
        ("utf-8", "hex"),
        ("utf-8", "punycode"),
    ],
)
def test_encodings(encoding: str, declared: str) -> None:
    """The text is decoded by its mark or its declaration, and else as UTF-8."""
    head = f'<?xml version="1.0" encoding="{declared}"?>'
    text = f'{head}<testsuite><testcase name="登入 TC1"/></testsuite>'
    (item,) = reading_of(text.encode(encoding)).items
    assert item.name == "登入 TC1"


@pytest.mark.slow
def test_long_texts_keep_their_characters() -> None:
    """Characters, references and tags across the borders of pieces are not harmed."""
    for shift in range(8):
        body = "x" * shift + "测&amp;&#x6d4b;é" * 60_000
        text = (
            f"<testsuite><testcase name='a'><system-out>{body}</system-out></testcase></testsuite>"
        )
        (item,) = reading_of(text.encode()).items
        assert item.output.endswith("测&测é" * 100)


def test_forbidden_characters() -> None:
    """Control characters and references to them are replaced instead of ending the reading."""
    case = b"<testcase name='a&#0;b\x1b[1m&#xFFFFFF;'><failure>&#x8;</failure></testcase>"
    (item,) = reading_of(b"<testsuite>" + case + b"</testsuite>").items
    assert item.name == "a\ufffdb\ufffd[1m\ufffd"
    assert item.result is FAILED


def test_namespaces_and_missing_attributes() -> None:
    """Prefixes are dropped; a test without name, class and time is still a test."""
    data = b"""<j:testsuites xmlns:j='urn:x'><j:testsuite name='S'>
        <j:testcase><j:error/></j:testcase><j:testcase name='n'/></j:testsuite></j:testsuites>"""
    first, second = reading_of(data).items
    assert (first.name, first.result, first.duration) == ("S", ERROR, None)
    assert second.name == "S.n"


def test_a_failure_in_the_cut_off_case_is_known() -> None:
    """A file that breaks off inside a failed test names it."""
    reading = reading_of(
        b"<testsuite><testcase name='a'/><testcase name='b'><failure message='m'>te"
    )
    assert [item.name for item in reading.items] == ["a"]
    assert [(item.name, item.message) for item in reading.unfinished] == [("b", "m\nte")]
    assert "end is missing" in reading.problem


@pytest.mark.parametrize("root", ["robot", "html", "coverage", "test-run", "assemblies"])
def test_other_xml_is_not_ours(root: str) -> None:
    """What has another root is left to others."""
    assert read(f"<?xml version='1.0'?><{root}><testcase name='a'/></{root}>".encode()) is None


@pytest.mark.parametrize(
    "dtd",
    [
        "<!DOCTYPE testsuite>",
        "<!DOCTYPE testsuite SYSTEM 'http://127.0.0.1:9/x.dtd'>",
        "<!DOCTYPE t [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>",
        "<!DOCTYPE t [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE t [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]>",
    ],
)
def test_a_dtd_is_refused(dtd: str) -> None:
    """No DTD, no entity, no file and no network, wherever the declaration stands."""
    text = f"<?xml version='1.0'?>{dtd}<testsuite><testcase name='&b;&a;'/></testsuite>"
    reading = read(text.encode())
    assert reading is not None
    assert reading.items == ()
    assert "DTD" in reading.problem
    inside = read(f"<testsuite><testcase name='a'/>{dtd}<testcase name='b'/></testsuite>".encode())
    assert inside is not None
    assert [item.name for item in inside.items] == ["a"]


def test_an_undeclared_entity_ends_the_reading() -> None:
    """What stood before it is kept."""
    reading = reading_of(
        b"<testsuite><testcase name='a'/><testcase name='b'>&nbsp;</testcase></testsuite>"
    )
    assert [item.name for item in reading.items] == ["a"]
    assert not reading.whole


@pytest.mark.slow
def test_hostile_sizes() -> None:
    """Deep nesting, too many tests and huge texts end in bounds."""
    deep = reading_of(b"<testsuite><testcase name='a'/>" + b"<testsuite>" * 100_000)
    assert (len(deep.items), deep.whole) == (1, False)
    assert "nested" in deep.problem
    many = reading_of(b"<testsuite>" + b"<testcase/>" * 100_001)
    assert len(many.items) == 100_000
    long = b"<testsuite><testcase name='" + b"n" * 10**6 + b"'><failure>" + b"m" * 10**7
    long += b"</failure><system-out>" + b"o" * 10**7 + b"</system-out></testcase></testsuite>"
    (item,) = reading_of(long).items
    assert len(item.name + item.message + item.output) < 20_000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        (" 3 ", 3.0),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567", 1234567.0),
        ("0,012", 0.012),
        ("1 234,5", 1234.5),
        ("1\u202f234,5", 1234.5),
        ("1'234.5", 1234.5),
        ("1.5s", 1.5),
        ("250 ms", 0.25),
        ("1e-3", 0.001),
        ("", None),
        ("-1", None),
        ("NaN", None),
        ("1.2.3", None),
        ("PT1S", None),
        ("1e999", None),
    ],
)
def test_times(text: str, value: float | None) -> None:
    """Seconds with a decimal comma or grouped thousands, in any locale's way."""
    assert seconds_in(text) == value
