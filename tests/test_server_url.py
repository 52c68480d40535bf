"""What users write as the platform's address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server_url import complete


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("ws://h:8000/ws/agent", "ws://h:8000/ws/agent"),
        ("ws://h:8000/ws/agent/", "ws://h:8000/ws/agent"),
        ("ws://h:8000", "ws://h:8000/ws/agent"),
        ("ws://h:8000/", "ws://h:8000/ws/agent"),
        ("http://h:8000", "ws://h:8000/ws/agent"),
        ("https://h", "wss://h/ws/agent"),
        ("WSS://H.Example/", "wss://h.example/ws/agent"),
        ("h:8000", "ws://h:8000/ws/agent"),
        ("localhost", "ws://localhost/ws/agent"),
        ("10.0.0.1:8000/ws/agent", "ws://10.0.0.1:8000/ws/agent"),
        ("  h:8000\n", "ws://h:8000/ws/agent"),
        ("h:80", "ws://h/ws/agent"),
        ("wss://h:443", "wss://h/ws/agent"),
        ("wss://h:80", "wss://h:80/ws/agent"),
        ("[::1]:8000", "ws://[::1]:8000/ws/agent"),
        ("http://[FE80:0:0::1]/", "ws://[fe80::1]/ws/agent"),
        ("https://h/ats/", "wss://h/ats/ws/agent"),
        ("https://h/ats/ws/agent", "wss://h/ats/ws/agent"),
        ("ws://h/ws", "ws://h/ws/agent"),
        ("ws://测试.example:1", "ws://xn--0zwm56d.example:1/ws/agent"),
    ],
)
def test_address_is_completed(text: str, url: str) -> None:
    """Every spelling of an address ends as one complete, comparable URL."""
    assert complete(text) == url


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ws://h/ws/agent?token=s3cret-s3cret", "query"),
        ("ws://h/ws/agent#s3cret", "query"),
        ("ws://user:s3cret@h/", "user name"),
        ("ftp://s3cret", "scheme"),
        ("ws:/s3cret", "slashes"),
        ("http:s3cret", "slashes"),
        ("ws//s3cret", "colon"),
        ("ws://", "host name"),
        ("", "host name"),
        ("ws://s3cret:99999", "port"),
        ("ws://s3cret:0", "port"),
        ("ws://s3cret:x", "port"),
        ("ws://s3cret h", "space"),
        ("ws://s3cret\u2028h", "control"),
        ("::1", "brackets"),
        ("ws://[s3cret]:1", "address"),
        ("ws://[::1", "cannot be read"),
        ("ws://s3cret_%41", "characters"),
        ("ws://-s3cret", "characters"),
        ("ws://h/测试", "path"),
    ],
)
def test_wrong_address_is_explained_without_repeating_it(text: str, why: str) -> None:
    """The sentence names the mistake and never what was pasted."""
    with pytest.raises(ValueError, match=why) as caught:
        complete(text)
    assert "s3cret" not in str(caught.value)


@given(st.text())
def test_any_text_is_completed_or_refused(text: str) -> None:
    """No text raises anything but ValueError, and completing twice changes nothing."""
    try:
        url = complete(text)
    except ValueError:
        return
    assert url.endswith("/ws/agent")
    assert complete(url) == url
