"""What the platform reads out of log texts: durations and cancellations (6); pure."""

import re
from datetime import datetime, timedelta

ENDINGS = ("测试套执行已取消", "测试套执行完成", "执行完成")
CANCELLED = "测试套执行已取消"
WAS_CANCELLED = "已取消"
MAKES_HISTORY_CANCELLED = "取消"
STAMP = re.compile(r"\[(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3})\]")
HUNDREDTH = timedelta(milliseconds=10)


def tells_end(message: str) -> bool:
    """Tell whether this message makes the platform compute the duration."""
    return any(phrase in message for phrase in ENDINGS)


def tells_cancel(message: str) -> bool:
    """Tell whether this message, with a duration, sets the suite back to pending."""
    return CANCELLED in message or (tells_end(message) and WAS_CANCELLED in message)


def duration_of(text: str, created_at: datetime, last_at: datetime) -> str | None:
    """Return the time between the first and the last stamp in the whole log, as H:MM:SS.ss.

    Stamps that a test printed count. With fewer than two: from the row's creation to the
    last frame's timestamp, zones mixed or not. None unless it is more than nothing.
    """
    stamps = [moment for found in STAMP.findall(text) if (moment := _moment(found))]
    took = stamps[-1] - stamps[0] if len(stamps) > 1 else last_at - created_at
    hundredths = took // HUNDREDTH
    if hundredths <= 0:
        return None
    seconds, hundredths = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{hundredths:02}"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # the 30th of February
        return None
