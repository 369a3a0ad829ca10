"""The outbox: who is still to be told that a job or a workflow ended.

A notice is written with the job and falls due in the transaction that ends it, so none is lost and none is
sent for a job that did not end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.compute.domain.notices import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNotice:
    """`body` is what is told: kind (job, workflow), id, uid, name, state, reason, times; never a secret."""

    id: int
    owner: str
    notice: Notice
    tries: int
    body: dict[str, Any]


class Outbox(Protocol):
    """Every method is one transaction and raises StoreUnavailable."""

    def due_notices(self, now: float, again_at: float, limit: int) -> Sequence[DueNotice]:
        """Taken: each is due again at `again_at`, unless it is settled before."""

    def settle_notice(self, number: int, problem: str | None, now: float) -> None:
        """Told, or given up with `problem`."""

    def put_off_notice(self, number: int, due_at: float, problem: str) -> None: ...
