"""The catalogs in app/locale: complete, in step with the sources, and in one kind of Chinese."""

import re
from collections import Counter
from itertools import product
from string import Formatter

import pytest
from babel.messages.catalog import Message

from app.i18n import DOMAIN, LANGUAGES, PAGE_DOMAIN
from tests.catalogs import (
    DOMAINS,
    committed,
    compiled,
    extracted,
    place,
    source_text,
    sources,
    strings,
    translations,
    untranslated,
)

AGAIN = "run `python build.py catalogs` and translate what it names"
EACH = tuple(product(LANGUAGES[1:], DOMAINS))
MESSAGES = [
    message for each in EACH for message in translations(committed(*each)) if all(strings(message))
]
HAN = "一-鿿"

# What a word of the source is called in Chinese, everywhere (as in docs/README.zh-CN.md).
GLOSSARY = {
    r"(?<!ssh )agents?": "Agent",
    r"platform": "平台",
    r"[Tt]okens?": "Token",
    r"[Ww]ork folder": "工作目录",
    r"home folder": "主目录",
    r"[Tt]est suites?|suite's": "测试套",
    r"case codes?": "用例编号",
    r"heartbeats?": "心跳",
    r"tray": "托盘",
    r"dashboard": "状态页",
    r"exit code": "退出码",
    r"certificates?": "证书",
    r"result files?": "结果文件",
    r"checkout": "检出",
    r"[Ss]ubmodules?": "子模块",
    r"[Rr]epositor(?:y|ies)": "仓库",
    r"[Ss]creenshots?": "截屏",
    r"[Jj]ournal": "任务记录库",
}
OTHER_WORDS = re.compile(
    "令牌|代理程序|客户端|文件夹|测试套件|测试集|登陆|帐号|您|其它|撤消|密匙|仪表"
)
# Names, units and words of other programs, which stay as they are in a Chinese sentence.
NAMES = """
    Agent ATS Token id ID JSON XML YAML JUnit DPI URL TLS HTTP PEM CA CPU MiB MB UTF GBK ANSI DNS
    IPv6 WebSocket SOCKS VPN git Git LFS ssh Windows NUL DTD http https wss ws OpenSSH pytest
    keyring true false yes no base64 Linux Ctrl KiB GiB TiB Esc Enter
"""
# Code inside a text: placeholders, flags, variables, paths, addresses, files, quoted commands.
CODE = re.compile(
    r"\{[^{}]*\}|%(?:\.\d)?[sdrf]|`[^`]*`|“[A-Za-z][^”]*”|--?[a-z][\w-]*(?: [A-Z]+)?|\w+://\S*"
    r"|\b[A-Z][A-Z_]{2,}\b|[\w~.*-]*/[\w./*\[\]-]+|[\w-]*\.[a-zA-Z_][\w.]*|（[a-z]+）|\d+x\d+"
    r"|git@\S*|[?#]…"
)


def english(message: Message) -> str:
    """The text of the source; of one with a plural the plural."""
    return message.id if isinstance(message.id, str) else message.id[-1]


def fields(text: str) -> Counter[str]:
    """The places that values are put into, with what is said of their form."""
    found = Formatter().parse(text) if "{" in text else ()
    return Counter(f"{name}!{way}:{form}" for _text, name, form, way in found if name is not None)


def marks(text: str) -> list[str]:
    """The %-places of a line of the log: they have no names, so their order counts."""
    return re.findall(r"%(?:\.\d+)?[sdrf](?![a-z])", text)


def pairs(message: Message) -> list[tuple[str, str]]:
    return [(english(message), text) for text in strings(message)]


@pytest.mark.slow
@pytest.mark.parametrize(("language", "domain"), EACH)
def test_catalog_has_the_texts_of_the_sources(language: str, domain: str) -> None:
    """Nothing is missing, nothing is left over, nothing is a guess."""
    catalog, today = committed(language, domain), extracted(domain)
    assert [message.id for message in translations(catalog) if message.fuzzy] == []
    assert not catalog.obsolete
    ids = {message.id for message in translations(today)}
    assert ids ^ {message.id for message in translations(catalog)} == set(), AGAIN


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_everything_is_translated(language: str, domain: str) -> None:
    """No text stays English."""
    assert untranslated(committed(language, domain)) == [], AGAIN


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_compiled_catalog_is_fresh(language: str, domain: str) -> None:
    """What the program reads was made from the .po beside it."""
    catalog = committed(language, domain)
    suffix, content = compiled(catalog, domain)
    assert place(language, domain, suffix).read_bytes() == content, AGAIN
    assert place(language, domain, ".po").read_bytes() == source_text(catalog), AGAIN


def test_values_have_a_place_in_both_languages() -> None:
    """A translation neither loses nor invents a {placeholder}, nor moves a %s."""
    for message in MESSAGES:
        for source, text in pairs(message):
            assert fields(text) == fields(source), source
            assert marks(text) == marks(source), source


def test_every_script_text_is_found() -> None:
    """Every call of t() in the page's scripts has a plain text in double quotes."""
    for path in sources(PAGE_DOMAIN):
        for line in path.read_text(encoding="utf-8").splitlines():
            calls = re.findall(r"(?<!function )\bt\((?!\))", line)
            assert len(calls) == len(re.findall(r'\bt\("', line)), f"{path.name}: {line}"


def test_the_same_text_is_said_in_the_same_way() -> None:
    """The page and the rest of the program agree."""
    first = {message.id: message.string for message in translations(committed("zh_CN", DOMAIN))}
    for message in translations(committed("zh_CN", PAGE_DOMAIN)):
        assert message.string == first.get(message.id, message.string), message.id


def test_punctuation_is_chinese() -> None:
    """Full-width marks beside Chinese characters, and no space between two of these."""
    wrong = re.compile(
        rf"[{HAN}][,;:!?()]|[,;!?()][{HAN}]|[{HAN}]\.(?![a-z])|\.\.\.|[{HAN}] +[{HAN}]"
        rf"|[，。：；！？）] (?!\S*`)(?=[{HAN}])|(?<!…)…(?!…|[^{HAN}]*$)|[{HAN}][\"']|[\"'][{HAN}]"
    )
    found = [text for message in MESSAGES for text in strings(message) if wrong.search(prose(text))]
    assert found == []


def test_latin_words_stand_apart() -> None:
    """One space between a Chinese character and a Latin letter or digit."""
    wrong = re.compile(rf"[{HAN}][A-Za-z0-9`]|[A-Za-z0-9`][{HAN}]")
    found = [text for message in MESSAGES for text in strings(message) if wrong.search(text)]
    assert found == []


def test_sentences_stay_sentences() -> None:
    """What ends with a full stop, a colon or a question mark does so in both languages."""
    ends = {".": "。", ":": "：", "?": "？", "!": "！"}
    for message in MESSAGES:
        for source, text in pairs(message):
            if "\n" not in source and not text.endswith("}"):
                stop = ends.get(source.rstrip()[-1:], "")
                assert text.endswith(stop), source
                assert stop or text[-1:] not in "。：？！", source


def test_glossary() -> None:
    """One word for one thing; and none of those that others use for it."""
    for message in MESSAGES:
        for source, text in pairs(message):
            plain = CODE.sub("·", source)
            for word, chinese in GLOSSARY.items():
                if re.search(rf"(?<![\w-])(?:{word})(?![\w-])", plain):
                    assert chinese in text, (word, source)
            assert not OTHER_WORDS.search(text), text


def prose(text: str) -> str:
    """The text with a dot for what is code."""
    return CODE.sub("·", text)


def test_no_english_is_left() -> None:
    """Latin words are names, or code; the pages of --help show commands and are left out."""
    for message in MESSAGES:
        for text in (text for text in strings(message) if "\n" not in text):
            words = set(re.findall(r"[A-Za-z][A-Za-z0-9]+", prose(text)))
            assert words <= set(NAMES.split()), text
