"""Make the executables, then run the tests that are about them: `python build.py test --frozen`."""

import os
import subprocess
import sys

import freeze


def main(arguments: list[str]) -> int:
    """Return pytest's exit code, or 1 when there is nothing to test; `arguments` are pytest's."""
    sys.argv[1:] = []
    if freeze.main():
        return 1
    environ = os.environ | {"ATS_FROZEN": "1"}  # tests/frozen/conftest.py
    command = [sys.executable, "-m", "pytest", "tests/frozen", *arguments]
    return subprocess.run(command, cwd=freeze.ROOT, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
