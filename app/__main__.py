"""python -m app, and the entry of the frozen executable."""

import sys

from app.host import bundle, ctrl_break


def main() -> int:
    """Run the program; returns its exit code."""
    bundle.settle()
    pid = ctrl_break.asked_for(sys.argv[1:])
    if pid is not None:
        return ctrl_break.deliver(pid)
    from app.cli import main as run  # noqa: PLC0415 (only now is the process fit for more)

    return run()


if __name__ == "__main__":
    sys.exit(main())
