"""The running agent, driven from a terminal of the same user."""
