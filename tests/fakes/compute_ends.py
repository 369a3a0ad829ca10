"""What follows when jobs end, in memory: the ports Outbox and UsageBook."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from services.compute.domain.job import Job, Run
from services.compute.domain.notices import Notice
from services.compute.domain.workflow import Workflow
from services.compute.ports.notices import DueNotice
from services.compute.ports.usage import Used


@dataclass(slots=True)
class Told:
    number: int
    uid: str
    notice: Notice
    tries: int = 0
    due_at: float | None = None
    settled_at: float | None = None
    problem: str | None = None


class MemoryOutbox:
    """`body` says what is told of the job or workflow with a uid, `owner` whose it is."""

    def __init__(self, body: Callable[[str], dict[str, Any]], owner: Callable[[str], str]) -> None:
        self._body = body
        self._owner = owner
        self.rows: list[Told] = []

    def due_notices(self, now: float, again_at: float, limit: int) -> Sequence[DueNotice]:
        due = [row for row in self.rows if row.due_at is not None and row.due_at <= now]
        due.sort(key=lambda row: (row.due_at, row.number))
        for row in due[:limit]:
            row.due_at, row.tries = again_at, row.tries + 1
        return [
            DueNotice(
                id=row.number,
                owner=self._owner(row.uid),
                notice=row.notice,
                tries=row.tries,
                body=self._body(row.uid),
            )
            for row in due[:limit]
        ]

    def settle_notice(self, number: int, problem: str | None, now: float) -> None:
        for row in self.rows:
            if row.number == number:
                row.settled_at, row.due_at, row.problem = now, None, problem

    def put_off_notice(self, number: int, due_at: float, problem: str) -> None:
        for row in self.rows:
            if row.number == number:
                row.due_at, row.problem = due_at, problem

    # -- for the store ------------------------------------------------------------------------------
    def add(self, notice: Notice, uid: str) -> None:
        self.rows.append(Told(max((row.number for row in self.rows), default=0) + 1, uid, notice))

    def of(self, uid: str) -> tuple[Notice, ...]:
        return tuple(row.notice for row in self.rows if row.uid == uid)

    def tell(self, uid: str, now: float) -> None:
        for row in self.rows:
            if row.uid == uid and row.settled_at is None:
                row.due_at = now

    def forget(self, uid: str) -> None:
        self.rows = [row for row in self.rows if row.uid != uid]


class MemoryUsage:
    def __init__(self) -> None:
        self._sums: dict[tuple[date, str, str], tuple[int, float, float]] = {}

    def used(
        self, first: date, last: date, owners: Collection[str] | None, groups: Collection[str] = ()
    ) -> Sequence[Used]:
        found: dict[tuple[str, str], tuple[int, float, float]] = {}
        for (day, owner, group), sums in self._sums.items():
            is_theirs = owners is None or owner in owners
            if first <= day < last and is_theirs and group in (set(groups) - {""} or {""}):
                before = found.get((group, owner), (0, 0.0, 0.0))
                found[group, owner] = _added(before, sums)
        return [
            Used(owner=owner, group=group, jobs=jobs, cpu_seconds=cpu, core_seconds=core)
            for (group, owner), (jobs, cpu, core) in sorted(found.items())
        ]

    # -- for the store ------------------------------------------------------------------------------
    def add(self, job: Job, runs: Iterable[Run], groups: Iterable[str], now: float) -> None:
        day = datetime.fromtimestamp(now, UTC).date()
        cpus = {role.name: role.resources.cpus * role.resources.nodes for role in job.spec.roles}
        known = list(runs)
        cpu = sum(run.usage.cpu_seconds or 0.0 for run in known)
        core = sum((run.usage.wall_seconds or 0.0) * cpus.get(run.role, 0.0) for run in known)
        for group in {"", *groups}:
            before = self._sums.get((day, job.owner, group), (0, 0.0, 0.0))
            self._sums[day, job.owner, group] = _added(before, (1, cpu, core))


def body_of(kind: str, subject: Job | Workflow) -> dict[str, Any]:
    """What is told of it."""
    return {
        "kind": kind,
        "id": subject.id,
        "uid": subject.uid,
        "name": subject.name,
        "state": subject.state.value,
        "reason": None if subject.reason is None else subject.reason.as_json(),
        "submitted_at": subject.submitted_at,
        "started_at": subject.started_at,
        "finished_at": subject.finished_at,
    }


def _added(one: tuple[int, float, float], two: tuple[int, float, float]) -> tuple[int, float, float]:
    return (one[0] + two[0], one[1] + two[1], one[2] + two[2])
