"""Small work on running jobs (the port Errands)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select, text, update

from libs.sql.types import UtcDateTime
from services.compute.adapters.store_sql.side_tables import UNENDED_ERRAND, job_errands
from services.compute.adapters.store_sql.tables import UNFINISHED, jobs
from services.compute.adapters.store_sql.work import SqlPart, insert_all, moment, seconds_of, storable
from services.compute.domain.errands import Errand, ErrandKind, ErrandState
from services.compute.domain.errors import AlreadyFinished, FencedOff, JobNotFound, QuotaExceeded
from services.compute.domain.ids import JobUid, new_uid
from services.compute.ports.errands import MAX_OF_JOB, MAX_OPEN, TOO_LATE
from services.compute.ports.store import Lease

_E, _C = job_errands.c, jobs.c
_COLUMNS: Final = (
    _E.uid, _C.uid.label("job"), _E.kind, _E.argument, _E.asked_by, _E.asked_at, _E.until, _E.state,
    _E.exit_code, _E.sentence, _E.size, _E.ended_at,
)  # fmt: skip
_ALL: Final = select(*_COLUMNS).join(jobs, _C.id == _E.job_id)
_ONE: Final = _ALL.where(_E.uid == bindparam("errand"))
_OF_JOB: Final = _ALL.where(_C.uid == bindparam("job_uid")).order_by(_E.asked_at, _E.uid)
_ASKED: Final = _ALL.where(
    _C.uid.in_(bindparam("uids", expanding=True)), _E.state == ErrandState.ASKED.value
).order_by(_E.asked_at, _E.uid)
_LATE: Final = (
    update(job_errands)
    .where(
        _E.state == ErrandState.ASKED.value,
        _E.until <= bindparam("now", type_=UtcDateTime),
        _E.uid.in_(bindparam("errands", expanding=True)),
    )
    .values(state=ErrandState.FAILED.value, sentence=TOO_LATE, ended_at=bindparam("now", type_=UtcDateTime))
)
_TAKE: Final = (
    update(job_errands)
    .where(
        _E.uid == bindparam("errand"),
        _E.state == ErrandState.ASKED.value,
        _E.until > bindparam("now", type_=UtcDateTime),
    )
    .values(state=ErrandState.TAKEN.value)
    .returning(_E.uid)
)
_FINISH: Final = (
    update(job_errands)
    .where(_E.uid == bindparam("errand"), _E.state == ErrandState.TAKEN.value)
    .values(
        state=bindparam("to"),
        exit_code=bindparam("code"),
        sentence=bindparam("said"),
        size=bindparam("bytes"),
        ended_at=bindparam("now", type_=UtcDateTime),
    )
)
_ABANDON: Final = (
    update(job_errands)
    .where(text(UNENDED_ERRAND), _E.job_id.in_(select(_C.id).where(_C.uid == bindparam("job_uid"))))
    .values(
        state=ErrandState.FAILED.value,
        sentence=bindparam("said"),
        ended_at=bindparam("now", type_=UtcDateTime),
    )
)
_JOB: Final = select(_C.id, text(f"jobs.{UNFINISHED} AS is_unfinished")).where(_C.uid == bindparam("job_uid"))
_FENCE: Final = select(_C.id).where(_C.uid == bindparam("job_uid"), _C.fence == bindparam("fence_is"))
_OF_ONE: Final = select(func.count()).select_from(job_errands).where(_E.job_id == bindparam("job_id"))
_OPEN: Final = _OF_ONE.where(text(UNENDED_ERRAND))


class SqlErrands(SqlPart):
    def ask(self, job: JobUid, kind: ErrandKind, argument: str, by: str, now: float, until: float) -> Errand:
        uid = new_uid()

        def work(connection: Connection) -> Errand:
            self._lock(connection, f"errands {job}")
            row = connection.execute(_JOB, {"job_uid": job}).first()
            if row is None:
                raise JobNotFound
            if not row.is_unfinished:
                raise AlreadyFinished
            for count, most in ((_OPEN, MAX_OPEN), (_OF_ONE, MAX_OF_JOB)):
                if connection.execute(count, {"job_id": row.id}).scalar_one() >= most:
                    raise QuotaExceeded("commands and snapshots of one job", most, "You")
            asked = {
                "uid": uid,
                "job_id": row.id,
                "kind": kind.value,
                "argument": storable(argument),
                "asked_by": by,
                "asked_at": moment(now),
                "until": moment(until),
                "state": ErrandState.ASKED.value,
                "sentence": "",
            }
            insert_all(connection, job_errands, [asked])
            return _errand_of(connection.execute(_ONE, {"errand": uid}).one())

        return self._write(work)

    def errand(self, uid: str) -> Errand:
        row = self._read(lambda connection: connection.execute(_ONE, {"errand": uid}).first())
        if row is None:
            raise JobNotFound
        return _errand_of(row)

    def errands(self, job: JobUid, kind: ErrandKind | None = None) -> Sequence[Errand]:
        rows = self._read(lambda connection: connection.execute(_OF_JOB, {"job_uid": job}).all())
        return [errand for errand in map(_errand_of, rows) if kind in (None, errand.kind)]

    def asked(self, jobs: Collection[JobUid], now: float) -> Mapping[JobUid, Sequence[Errand]]:
        if not jobs:
            return {}
        rows = self._read(lambda connection: connection.execute(_ASKED, {"uids": list(jobs)}).all())
        found: dict[JobUid, list[Errand]] = {}
        late = []
        for errand in map(_errand_of, rows):
            if errand.until <= now:
                late.append(errand.uid)
            else:
                found.setdefault(errand.job, []).append(errand)
        if late:
            values = {"now": moment(now), "errands": late}
            self._write(lambda connection: connection.execute(_LATE, values))
        return found

    def take(self, lease: Lease, uid: str, now: float) -> bool:
        def work(connection: Connection) -> bool:
            _fenced(connection, lease)
            return connection.execute(_TAKE, {"errand": uid, "now": moment(now)}).first() is not None

        return self._write(work)

    def finish(self, lease: Lease, errand: Errand, now: float) -> None:
        values = {
            "errand": errand.uid,
            "to": errand.state.value,
            "code": errand.exit_code,
            "said": storable(errand.sentence),
            "bytes": errand.size,
            "now": moment(now),
        }

        def work(connection: Connection) -> None:
            _fenced(connection, lease)
            connection.execute(_FINISH, values)

        self._write(work)

    def abandon(self, job: JobUid, sentence: str, now: float) -> None:
        values = {"job_uid": job, "said": sentence, "now": moment(now)}
        self._write(lambda connection: connection.execute(_ABANDON, values))


def _fenced(connection: Connection, lease: Lease) -> None:
    """Raises FencedOff."""
    if connection.execute(_FENCE, {"job_uid": lease.uid, "fence_is": lease.fence}).first() is None:
        raise FencedOff


def _errand_of(row: Any) -> Errand:
    return Errand(
        uid=row.uid,
        job=JobUid(row.job),
        kind=ErrandKind(row.kind),
        argument=row.argument,
        by=row.asked_by,
        asked_at=row.asked_at.timestamp(),
        until=row.until.timestamp(),
        state=ErrandState(row.state),
        exit_code=row.exit_code,
        sentence=row.sentence,
        size=row.size,
        ended_at=seconds_of(row.ended_at),
    )
