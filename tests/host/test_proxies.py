"""Whether it is worth asking for a proxy (app/host/proxies.py)."""

import sys

import pytest

from app.host.proxies import may_have_proxy


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.9", "::1"])
def test_never_to_this_computer(host: str) -> None:
    """Whatever a proxy is set for, the way to oneself needs none."""
    assert not may_have_proxy(host, {"https_proxy": "http://proxy:3128"})


def test_only_where_one_is_named() -> None:
    """On Linux in the environment, in capitals or not; elsewhere in the system's settings too."""
    named = [{"https_proxy": "x"}, {"ALL_PROXY": "x"}, {"ws_proxy": "x"}]
    assert all(may_have_proxy("ats.example", environ) for environ in named)
    unnamed = [{}, {"no_proxy": "*"}, {"NO_PROXY": "*", "PROXY": "x"}]
    expected = sys.platform in ("win32", "darwin")
    assert [may_have_proxy("ats.example", environ) for environ in unnamed] == [expected] * 3
