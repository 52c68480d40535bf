"""The settings as they are now: some parts ask for them, others are told when they change."""

from collections.abc import Callable

from app.config import Config

Follower = Callable[[Config, frozenset[str]], None]  # the new settings, and which fields differ


class Current:
    """Holds the Config that the agent runs with; belongs to the loop once the agent runs."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._followers: list[Follower] = []

    def follow(self, follower: Follower) -> None:
        """Tell `follower` of every change from now on."""
        self._followers.append(follower)

    def adopt(self, config: Config, differs: frozenset[str]) -> None:
        """Run with this Config from now on."""
        self.config = config
        for follower in self._followers:
            follower(config, differs)
