"""When a job is over, and how often it is tried (contract 7.5)."""

from dataclasses import dataclass
from typing import Final

from services.compute.dialects.openpai.config import Config, TaskRole
from services.compute.domain.spec import Retry

USERS: Final = frozenset(
    {
        "command_failed", "killed_by_signal", "command_not_found", "memory_limit", "disk_limit", "log_limit",
        "run_timeout",
    }
)  # fmt: skip
"""The task's own failures: what `retryCount` counts."""
SITES: Final = frozenset(
    {
        "engine_lost", "engine_failed", "pull_failed", "pull_timeout", "stage_in_timeout", "publish_failed",
        "publish_timeout", "internal_error",
    }
)  # fmt: skip
"""Failures that are not the user's."""
SITES_RETRIES: Final = 3
FOR_EVER: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Ends:
    """Of the whole job; `least` of each role: how many that failed, that did well."""

    least: tuple[tuple[int | None, int | None], ...]
    least_succeeded: int | None = None
    judged_late: bool = False


def ends_of(config: Config, is_v1: bool) -> Ends:
    """`killAllOnCompletedTaskNumber` above 0 says it all; without it the seed's generation waits for all
    tasks and then judges, as long as no role says how many failed ones end the job.
    """
    if config.kill_all_on:
        return Ends(tuple(map(_told, config.roles)), least_succeeded=config.kill_all_on)
    if not is_v1 and not any(role.names_failures for role in config.roles):
        return Ends(tuple((None, role.least_succeeded) for role in config.roles), judged_late=True)
    return Ends(tuple(map(_told, config.roles)))


def retry_of(retries: int) -> Retry:
    """-1: failures are tried again for ever; -2: what went well too. With 0 only what was not the user's
    fault is, a few times.
    """
    if retries == 0:
        return Retry(attempts=1 + SITES_RETRIES, on=SITES)
    if retries < 0:
        return Retry(attempts=FOR_EVER, on=USERS | SITES, succeeded=retries == -2)
    return Retry(attempts=1 + retries, on=USERS | SITES)


def _told(role: TaskRole) -> tuple[int | None, int | None]:
    return role.least_failed, role.least_succeeded
