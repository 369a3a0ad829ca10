"""Which jobs a worker gets: those under way first, then whose turn it is, as far as there are places."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, literal_column, or_, select, text, update

from libs.sql.types import UtcDateTime
from services.compute.adapters.store_sql.finding import jobs_in_order
from services.compute.adapters.store_sql.rows import RUN_COLUMNS, run_of
from services.compute.adapters.store_sql.tables import ACTIVE, QUEUED, job_runs, jobs, turns
from services.compute.adapters.store_sql.work import SqlPart, moment
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Run
from services.compute.domain.turns import in_turn
from services.compute.ports.store import Claimed, Lease

_C = jobs.c
_NOW: Final = bindparam("now", type_=UtcDateTime)
_IN_THESE: Final = _C.environment.in_(bindparam("environments", expanding=True))
_FREE: Final = or_(_C.lease_until.is_(None), _C.lease_until <= _NOW)
_DUE: Final = and_(_C.dead_at.is_(None), or_(_C.wake_at.is_(None), _C.wake_at <= _NOW), _FREE)
_IN_TIME: Final = or_(_C.queue_until.is_(None), _C.queue_until > _NOW)
# Asked several times a second while there is nothing to do: one statement, about all environments.
_ANY_DUE: Final = select(
    or_(
        select(literal_column("1")).where(text(QUEUED), _DUE).exists(),
        select(literal_column("1")).where(text(ACTIVE), _DUE).exists(),
    )
)
_UNDER_WAY: Final = (
    select(_C.id).where(text(ACTIVE), _IN_THESE, _DUE).order_by(_C.id).limit(bindparam("most"))
)
_OVERDUE: Final = (
    select(_C.id)
    .where(text(QUEUED), _C.queue_until <= _NOW, _DUE)
    .order_by(_C.queue_until, _C.id)
    .limit(bindparam("most"))
)
_OWNERS: Final = (
    select(_C.environment, _C.owner, turns.c.served)
    .select_from(
        jobs.outerjoin(turns, and_(turns.c.environment == _C.environment, turns.c.owner == _C.owner))
    )
    .where(text(QUEUED), _IN_THESE)
    .group_by(_C.environment, _C.owner, turns.c.served)
    .order_by(_C.environment, func.coalesce(turns.c.served, 0), func.min(_C.id))
)
_NEXT: Final = (
    select(_C.id)
    .where(text(QUEUED), _C.environment == bindparam("environment"), _C.owner == bindparam("owner"), _DUE)
    .where(_IN_TIME)
    .order_by(_C.precedence, _C.id)
    .limit(bindparam("most"))
)
_ACTIVE_IN: Final = (
    select(_C.environment, func.count()).where(text(ACTIVE), _IN_THESE).group_by(_C.environment)
)
_STRAYS: Final = (
    select(_C.uid)
    .where(text(ACTIVE), _C.environment.not_in(bindparam("environments", expanding=True)), _DUE)
    .order_by(_C.environment, _C.id)
    .limit(bindparam("most"))
)
_THESE: Final = select(_C.id).where(
    text(ACTIVE), _C.uid.in_(bindparam("uids", expanding=True)), _DUE
).order_by(_C.id)  # fmt: skip
_TAKEN_IN: Final = (
    select(_C.environment, func.count())
    .where(text(QUEUED), text("lease_worker IS NOT NULL"), _IN_THESE, _C.lease_until > _NOW)
    .group_by(_C.environment)
)
_TAKE: Final = (
    update(jobs)
    .where(_C.id == bindparam("taken"), or_(text(QUEUED), text(ACTIVE)), _DUE)
    .values(lease_worker=bindparam("worker"), lease_until=bindparam("until"), fence=_C.fence + 1)
    .returning(_C.uid, _C.fence)
)
_RUNS: Final = (
    select(*RUN_COLUMNS, job_runs.c.job_id)
    .join(jobs, and_(_C.id == job_runs.c.job_id, _C.attempt == job_runs.c.attempt))
    .where(job_runs.c.job_id.in_(bindparam("ids", expanding=True)))
    .order_by(job_runs.c.attempt, job_runs.c.role, job_runs.c.instance, job_runs.c.task)
)
_LAST_TURN: Final = select(func.max(turns.c.served)).where(turns.c.environment == bindparam("environment"))


class Asked(NamedTuple):
    """What a worker asks for."""

    worker: str
    places: Mapping[str, int]
    now: float
    lease_seconds: float
    limit: int


class Pick(NamedTuple):
    id: int
    overdue: bool = False
    environment: str = ""
    owner: str | None = None  # of whom it takes a turn


class SqlClaiming(SqlPart):
    def claim(
        self, worker: str, places: Mapping[str, int], now: float, lease_seconds: float, limit: int = 50
    ) -> Sequence[Claimed]:
        asked = Asked(worker, places, now, lease_seconds, limit)

        def work(connection: Connection) -> list[Claimed]:
            # One claim at a time: places are counted, and turns taken, by one worker after the other.
            self._lock(connection, "claims")
            return self._take_due(connection, asked)

        # Most questions find nothing to do: those shall cost little, and not keep writers waiting.
        if not self._read_hot(_ANY_DUE, {"now": moment(now)})[0]:
            return []
        if not self._read(lambda connection: next(_picks(connection, asked), None)):
            return []
        return self._write(work)

    def strays(self, environments: Collection[str], now: float, limit: int) -> Sequence[JobUid]:
        values = {"environments": list(environments), "now": moment(now), "most": limit}
        return [JobUid(uid) for uid in self._read(lambda c: c.execute(_STRAYS, values).scalars().all())]

    def claim_these(
        self, worker: str, uids: Collection[JobUid], now: float, lease_seconds: float
    ) -> Sequence[Claimed]:
        asked = Asked(worker, {}, now, lease_seconds, len(uids))
        values = {"uids": list(uids), "now": moment(now)}

        def work(connection: Connection) -> list[Claimed]:
            picks = [Pick(number) for number in connection.execute(_THESE, values).scalars().all()]
            return self._take_picks(connection, asked, picks)

        return self._write(work) if uids else []

    def _take_due(self, connection: Connection, asked: Asked) -> list[Claimed]:
        return self._take_picks(connection, asked, list(_picks(connection, asked)))

    def _take_picks(self, connection: Connection, asked: Asked, picks: Sequence[Pick]) -> list[Claimed]:
        leases: dict[int, Lease] = {}
        overdue: set[int] = set()
        until = asked.now + asked.lease_seconds
        values = {"now": moment(asked.now), "worker": asked.worker, "until": moment(until)}
        for pick in picks:
            row = connection.execute(_TAKE, {**values, "taken": pick.id}).first()
            if row is None:  # its owner ended it just now
                continue
            leases[pick.id] = Lease(JobUid(row.uid), asked.worker, row.fence, until)
            if pick.overdue:
                overdue.add(pick.id)
            if pick.owner is not None:
                self._note_turn(connection, pick.environment, pick.owner)
        runs = runs_of(connection, list(leases))
        return [
            Claimed(job, leases[job.id], runs.get(job.id, ()), job.id in overdue)
            for job in jobs_in_order(connection, list(leases))
        ]

    def _note_turn(self, connection: Connection, environment: str, owner: str) -> None:
        last = connection.execute(_LAST_TURN, {"environment": environment}).scalar_one() or 0
        row = {"environment": environment, "owner": owner, "served": last + 1}
        self._upsert(connection, turns, [row])


def runs_of(connection: Connection, ids: Sequence[int]) -> Mapping[int, tuple[Run, ...]]:
    """The runs of each job's current attempt."""
    found: dict[int, tuple[Run, ...]] = {}
    if ids:
        for row in connection.execute(_RUNS, {"ids": list(ids)}):
            found[row.job_id] = (*found.get(row.job_id, ()), run_of(row))
    return found


def _picks(connection: Connection, asked: Asked) -> Iterator[Pick]:
    """What may be taken now, in this order: under way, overdue, next in turn; at most the limit."""
    names = list(asked.places)
    values = {"now": moment(asked.now), "environments": names, "most": asked.limit}
    left = asked.limit
    for statement, overdue in ((_UNDER_WAY, False), (_OVERDUE, True)):
        for number in connection.execute(statement, values).scalars().all():
            if left > 0:
                left -= 1
                yield Pick(number, overdue)
    queues = _queues(connection, [name for name in names if asked.places[name] > 0])
    taken = _taken(connection, values) if queues else {}
    for environment, owners in queues.items():
        free = min(asked.places[environment] - taken.get(environment, 0), left)
        for pick in _next(connection, environment, owners, free, asked.now):
            left -= 1
            yield pick


def _queues(connection: Connection, environments: list[str]) -> Mapping[str, list[str]]:
    """Who waits in each environment; who was served longest ago is first."""
    found: dict[str, list[str]] = {}
    if environments:
        for environment, owner, _ in connection.execute(_OWNERS, {"environments": environments}):
            found.setdefault(environment, []).append(owner)
    return found


def _taken(connection: Connection, values: Mapping[str, Any]) -> Mapping[str, int]:
    """How many jobs have a place in each environment, or are just about to."""
    found: dict[str, int] = {}
    for statement in (_ACTIVE_IN, _TAKEN_IN):
        for environment, number in connection.execute(statement, values):
            found[environment] = found.get(environment, 0) + number
    return found


def _next(
    connection: Connection, environment: str, owners: Sequence[str], free: int, now: float
) -> Iterator[Pick]:
    if free <= 0:
        return
    queues: dict[str, list[int]] = {}
    values = {"environment": environment, "most": free, "now": moment(now)}
    for owner in owners:
        if ids := connection.execute(_NEXT, {**values, "owner": owner}).scalars().all():
            queues[owner] = list(ids)
        if len(queues) == free:  # one of each is all that fits
            break
    for owner, number in in_turn(queues, free):
        yield Pick(number, False, environment, owner)
