"""The agent beside this machine's floor: `python build.py benchmark`."""
