"""What jobs used, by day and holder: counted when a job ends, and kept when the job is not any more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """`core_seconds`: wall time times cpus, of all runs; `cpu_seconds`: what the processors worked."""

    owner: str
    group: str  # empty: of the owner alone, whatever groups
    jobs: int
    cpu_seconds: float
    core_seconds: float


class UsageBook(Protocol):
    def used(
        self, first: date, last: date, owners: Collection[str] | None, groups: Collection[str] = ()
    ) -> Sequence[Used]:
        """Sums over the days (UTC, `last` not included), by owner; with `groups`, by group and owner.
        `owners` None: everybody's. Raises StoreUnavailable.
        """
