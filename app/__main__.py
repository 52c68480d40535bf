"""python -m app, and the entry of the frozen executable."""

import sys

from app.cli import main

if __name__ == "__main__":
    sys.exit(main())
