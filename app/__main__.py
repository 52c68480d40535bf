"""python -m app, and the entry of the frozen executable."""

import sys

from app.host import bundle, ctrl_break


def main() -> int:
    """Run the program; returns its exit code."""
    bundle.settle()
    if ctrl_break.is_wanted(sys.argv[1:]):
        return ctrl_break.deliver(sys.argv[1:])
    from app.cli import main as run  # noqa: PLC0415 (only now is the process fit for more)

    return run()


if __name__ == "__main__":
    sys.exit(main())
