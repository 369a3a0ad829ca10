"""Whether and when a job is tried again: a pure function of its policy and of how its attempt ended."""

from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Retry

FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 300.0


def may_retry(policy: Retry, attempt: int, reason: Reason | None) -> bool:
    """`attempt` is the one that ended, from 1; without a reason it went well."""
    if attempt >= policy.attempts:
        return False
    if reason is None:
        return policy.succeeded
    return reason.code in policy.on if policy.on else reason.is_transient


def wait_seconds(attempt: int, share: float) -> float:
    """Before the attempt after `attempt`: doubling, capped, with jitter; `share` in [0, 1) is the dice."""
    whole = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt - 1, 16))
    return float(whole * (0.5 + share / 2))
