"""What the parts of a running agent do when settings change."""

import logging
import os
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from app import i18n
from app.agent.reload import needs_new_link, needs_restart
from app.config import Config
from app.host.language import system_language
from app.i18n import _
from app.jobs.deps import JobDeps
from app.wiring.build import Bench, Parts, job_limits, keep_rules

log = logging.getLogger(__name__)


class Followers:
    """Tells each part what concerns it; jobs that have begun keep what they began with."""

    def __init__(self, bench: Bench, parts: Parts) -> None:
        self._bench = bench
        self._parts = parts

    def follow(self, config: Config, differs: frozenset[str]) -> None:
        """Take over `config`, of which these fields differ."""
        parts = self._parts
        self._bench.redactor.add(config.token)
        self._bench.log.adopt(config)
        parts.dispatcher.adopt(partial(_adapted, config), config.max_concurrent)
        parts.retention.rules = keep_rules(config)
        parts.journal.outbox.log_limit = config.log_limit
        parts.files.protect(config.private_files)
        parts.sampler.interval = config.heartbeat_interval
        if "language" in differs:
            i18n.install(config.language or system_language(os.environ))
        if "work_dir" in differs:
            parts.intake.look_again()
        if needs_new_link(differs):
            parts.sampler.use_server(urlsplit(config.server_url).hostname or "")
            parts.keeper.renew()
        if waits := needs_restart(differs):
            log.info(_("from the next start on: %s"), ", ".join(sorted(waits)))
        parts.news.ring()


def _adapted(config: Config, deps: JobDeps) -> JobDeps:
    return replace(
        deps,
        limits=job_limits(config),
        result_patterns=config.result_patterns,
        screenshots=config.screenshot_on_failure,
    )
