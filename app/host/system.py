"""Which of our three systems this is."""

import sys
from typing import Literal

SYSTEM: Literal["windows", "macos", "linux"]
if sys.platform == "win32":
    import ctypes

    SYSTEM = "windows"

    def under_wine() -> bool:
        """Tell whether this Windows is Wine, by the sign that its FAQ names; for selftests only."""
        return hasattr(ctypes.windll.ntdll, "wine_get_version")

else:
    SYSTEM = "macos" if sys.platform == "darwin" else "linux"

    def under_wine() -> bool:
        """Tell that it is not."""
        return False
