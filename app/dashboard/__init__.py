"""The agent's own page on this computer: snapshots out, commands in."""
