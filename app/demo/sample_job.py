"""The job of the demo: a small pretended test run, about 5 s, with the standard library only."""

import io
import os
import sys
import time
from pathlib import Path

CASES = (
    ("open the login page", "打开登录页面"),
    ("refuse a wrong password", "拒绝错误的密码"),
    ("sign in", "登录"),
    ("search for an order", "搜索订单"),
    ("change an order", "修改订单"),
    ("export the list", "导出列表"),
    ("sign out", "退出登录"),
    ("clean up", "清理"),
)
SLOW_CASE = 4
STEP = 0.6  # seconds


def main() -> int:
    """Print one line per case and a complaint on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", line_buffering=True)
    print(f"Python {sys.version.split()[0]}, in {Path.cwd()}")
    print(f"DEMO_NAME = {os.environ.get('DEMO_NAME', '?')}")
    for number, (english, chinese) in enumerate(CASES, start=1):
        time.sleep(STEP)
        bar = "#" * number + "." * (len(CASES) - number)
        print(f"[{bar}] {number}/{len(CASES)}  {english} ({chinese})  passed")
        if number == SLOW_CASE:
            print("the server took 812 ms to answer (服务器响应缓慢)", file=sys.stderr)
    print(f"{len(CASES)} passed, 0 failed (全部通过)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
