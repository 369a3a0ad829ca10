"""Facts about jobs that stop what was asked; each room renders them its own way."""

from decimal import Decimal

from services.compute.domain.reasons import Reason


class ComputeError(Exception):
    """Root of what this service raises on purpose."""


class IllegalMove(ComputeError):
    """A job cannot go from one state to the other."""

    def __init__(self, now: str, to: str) -> None:
        super().__init__(f"a job that is {now} cannot become {to}")
        self.now = now
        self.to = to


class JobNotFound(ComputeError):
    """No such job, or somebody else's: the two look the same."""


class WorkflowNotFound(ComputeError):
    """No such workflow, or somebody else's: the two look the same."""


class BadSpec(ComputeError):
    """A job that cannot be taken as it was described; every problem, as (path in the document, sentence)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {text}" if path else text for path, text in problems))
        self.problems = problems


class QuotaExceeded(ComputeError):
    """Taking this job would break a limit of its owner or group; `limit` is what they have."""

    def __init__(self, what: str, limit: int, holder: str) -> None:
        super().__init__(f"{holder} may have {limit} {what} at a time")
        self.what = what
        self.limit = limit
        self.holder = holder


class EnvironmentUnknown(ComputeError):
    """No environment of this name takes jobs."""


class EnvironmentRefuses(ComputeError):
    """The environment exists and cannot run such a job; each (path in the spec, sentence) says why and what
    to do.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(text for _, text in problems))
        self.problems = problems


class KeyReused(ComputeError):
    """An idempotency key that stood for another request before."""


class KeyInFlight(ComputeError):
    """The first request with this idempotency key has not been answered yet."""


class AgreementInUse(ComputeError):
    """An unfinished job exists that was started with the same payment."""


class NotFinished(ComputeError):
    """Asked of a job that has not ended, and only makes sense then."""


class NotRunning(ComputeError):
    """Asked of a job of which nothing runs at the moment."""


class AlreadyFinished(ComputeError):
    """Asked of a job that has ended, and only makes sense before."""


class NotRepeatable(ComputeError):
    """The job cannot be run again as it is; the sentence says why and what to do."""


class OutputNotFound(ComputeError):
    """The job has no such output or log."""


class HandleTaken(ComputeError):
    """The window and scope have a job of this name. `uid` is its."""

    def __init__(self, uid: str) -> None:
        super().__init__("a job has this name")
        self.uid = uid


class TooManySlices(ComputeError):
    """A job may not have that many."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} slices")
        self.most = most


class FundsShort(ComputeError):
    """An account has less than is wanted of it; both in credits."""

    def __init__(self, required: Decimal, available: Decimal) -> None:
        super().__init__("the account has not enough funds")
        self.required = required
        self.available = available


class AccountUnknown(ComputeError):
    """There is no such payment account."""


class AccountTaken(ComputeError):
    """Somebody else's payment account."""


class StoreUnavailable(ComputeError):
    """The database does not answer."""


class FilesUnavailable(ComputeError):
    """The object store does not answer, or is full."""


class FencedOff(ComputeError):
    """Another worker holds the job now: whatever this one wanted to write is void."""


class Refused(ComputeError):
    """A job or a part of it that cannot go on. `reason` is what its owner reads."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason
