"""Small work on running jobs: asked by windows, done by the worker that holds the job.

Every method is one transaction and raises StoreUnavailable.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from services.compute.domain.errands import Errand, ErrandKind
from services.compute.domain.ids import JobUid
from services.compute.ports.store import Lease

MAX_OPEN: Final = 16  # of one job at a time
MAX_OF_JOB: Final = 1000  # in all: what they brought is kept as long as the job
TOO_LATE: Final = "No worker came to it in time."


class Errands(Protocol):
    def ask(self, job: JobUid, kind: ErrandKind, argument: str, by: str, now: float, until: float) -> Errand:
        """Raises JobNotFound, AlreadyFinished, QuotaExceeded (errands of one job, at a time or in all)."""

    def errand(self, uid: str) -> Errand:
        """Raises JobNotFound."""

    def errands(self, job: JobUid, kind: ErrandKind | None = None) -> Sequence[Errand]:
        """All of a job, oldest first."""

    def asked(self, jobs: Collection[JobUid], now: float) -> Mapping[JobUid, Sequence[Errand]]:
        """Those that nobody has taken, all in one question; whose time is over fail here and now."""

    def take(self, lease: Lease, uid: str, now: float) -> bool:
        """Before it is done; False when it was taken before, or its time is over. Raises FencedOff."""

    def finish(self, lease: Lease, errand: Errand, now: float) -> None:
        """As DONE or FAILED, with what it brought. Raises FencedOff."""

    def abandon(self, job: JobUid, sentence: str, now: float) -> None:
        """Errands of a job that has ended, or whose worker died with them: they fail."""
