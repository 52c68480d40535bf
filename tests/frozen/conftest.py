"""Only after a build: `python build.py test --frozen` builds and then says so."""

import os

collect_ignore_glob = [] if os.environ.get("ATS_FROZEN") else ["test_*.py"]
