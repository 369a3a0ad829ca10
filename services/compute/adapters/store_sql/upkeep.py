"""Dead letters, retention, and which of an engine's runs are still somebody's."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Executable,
    bindparam,
    delete,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from libs.sql.errors import DatabaseUnavailable
from services.compute.adapters.store_sql.finding import jobs_in_order
from services.compute.adapters.store_sql.side_tables import job_purges
from services.compute.adapters.store_sql.tables import (
    ACTIVE,
    GRANTED,
    QUEUED,
    UNFINISHED,
    job_runs,
    jobs,
    turns,
)
from services.compute.adapters.store_sql.work import SqlPart, moment, moment_or_none
from services.compute.adapters.store_sql.workflow_tables import workflows
from services.compute.domain.errors import JobNotFound, StoreUnavailable
from services.compute.domain.ids import JobUid, Tag
from services.compute.domain.job import Job

MOST_TAGS: Final = 500  # in one statement
_C = jobs.c
_IN_THESE: Final = _C.environment.in_(bindparam("environments", expanding=True))
_RUNNING_IN: Final = (
    select(_C.environment, func.count()).where(text(ACTIVE), _IN_THESE).group_by(_C.environment)
)
_DEAD: Final = (
    select(_C.id, _C.fault)
    .where(text("dead_at IS NOT NULL"))
    .order_by(_C.dead_at, _C.id)
    .limit(bindparam("most"))
)
_REPLAY: Final = (
    update(jobs)
    .where(_C.uid == bindparam("dead_uid"), text("dead_at IS NOT NULL"))
    .values(dead_at=None, wake_at=None, strikes=0, fault=None)
    .returning(_C.id)
)
_EXPIRED: Final = (
    select(_C.uid)
    .where(text("expires_at IS NOT NULL"), _C.expires_at <= bindparam("now"))
    .order_by(_C.expires_at, _C.id)
    .limit(bindparam("most"))
)
_EXPIRED_WITH_WORKFLOW: Final = (
    select(_C.uid)
    .join(workflows, workflows.c.id == _C.workflow_id)
    .where(text("workflows.expires_at IS NOT NULL"), workflows.c.expires_at <= bindparam("now"))
    .order_by(workflows.c.expires_at)
    .limit(bindparam("most"))
)
_PURGE: Final = delete(jobs).where(_C.uid == bindparam("gone_uid")).returning(_C.owner)
_GRANTED: Final = (
    select(_C.uid)
    .where(text(GRANTED), _C.wake_at <= bindparam("now"))
    .order_by(_C.wake_at, _C.id)
    .limit(bindparam("most"))
)
_GRANTS: Final = (
    update(jobs).where(_C.uid == bindparam("ended_uid"), text(GRANTED)).values(wake_at=bindparam("again_at"))
)
_BUSY: Final = select(_C.owner).where(text(UNFINISHED)).distinct()
_T = turns.alias("t")
_NEWEST: Final = select(func.max(_T.c.served)).where(_T.c.environment == turns.c.environment)
_WAITS: Final = exists().where(
    text(f"jobs.{QUEUED}"), _C.environment == turns.c.environment, _C.owner == turns.c.owner
)
_FORGET_TURNS: Final = delete(turns).where(
    turns.c.served < _NEWEST.scalar_subquery() - bindparam("keep", type_=BigInteger), ~_WAITS
)
_TAGS: Final = (
    select(job_runs.c.tag, text(f"jobs.{UNFINISHED}"), job_runs.c.attempt == _C.attempt)
    .join(jobs, _C.id == job_runs.c.job_id)
    .where(job_runs.c.tag.in_(bindparam("tags", expanding=True)))
)


def _purge_counted(is_sqlite: bool) -> Executable:
    statement = sqlite.insert(job_purges) if is_sqlite else postgresql.insert(job_purges)
    more = {"purged": job_purges.c.purged + statement.excluded.purged}
    return statement.on_conflict_do_update(index_elements=["owner"], set_=more)


_COUNT_PURGE: Final = {is_sqlite: _purge_counted(is_sqlite) for is_sqlite in (True, False)}


class SqlUpkeep(SqlPart):
    def running_in(self, environments: Collection[str]) -> Mapping[str, int]:
        found = dict.fromkeys(environments, 0)
        if found:
            rows = self._read(lambda c: c.execute(_RUNNING_IN, {"environments": list(found)}).all())
            found.update({environment: number for environment, number in rows})
        return found

    def dead(self, limit: int = 100) -> Sequence[tuple[Job, str]]:
        def work(connection: Connection) -> list[tuple[Job, str]]:
            faults = {row.id: row.fault or "" for row in connection.execute(_DEAD, {"most": limit})}
            return [(job, faults[job.id]) for job in jobs_in_order(connection, list(faults))]

        return self._read(work)

    def replay(self, uid: JobUid, by: str, now: float) -> Job:
        def work(connection: Connection) -> Job:
            number = connection.execute(_REPLAY, {"dead_uid": uid}).scalar()
            if number is None:
                raise JobNotFound
            return jobs_in_order(connection, [number])[0]

        return self._write(work)

    def expired(self, now: float, limit: int) -> Sequence[JobUid]:
        values = {"now": moment(now), "most": limit}

        def work(connection: Connection) -> list[JobUid]:
            found = [*connection.execute(_EXPIRED, values).scalars()]
            found += connection.execute(_EXPIRED_WITH_WORKFLOW, values).scalars()
            return [JobUid(uid) for uid in found[:limit]]

        return self._read(work)

    def purge(self, uid: JobUid) -> None:
        def work(connection: Connection) -> None:
            owner = connection.scalar(_PURGE, {"gone_uid": uid})
            if owner is not None:
                connection.execute(_COUNT_PURGE[self._database.is_sqlite], {"owner": owner, "purged": 1})

        self._write(work)

    def granted(self, now: float, limit: int) -> Sequence[JobUid]:
        values = {"now": moment(now), "most": limit}
        return [JobUid(uid) for uid in self._read(lambda c: c.execute(_GRANTED, values).scalars().all())]

    def note_grants(self, uid: JobUid, again_at: float | None) -> None:
        values = {"ended_uid": uid, "again_at": moment_or_none(again_at)}
        self._write(lambda connection: connection.execute(_GRANTS, values))

    def busy_owners(self) -> Collection[str]:
        return self._read(lambda connection: list(connection.execute(_BUSY).scalars()))

    def forget_turns(self, keep: int) -> int:
        return self._write(lambda connection: connection.execute(_FORGET_TURNS, {"keep": keep}).rowcount)

    def tags(self, tags: Collection[Tag]) -> Mapping[Tag, bool]:
        known = list(tags)

        def work(connection: Connection) -> dict[Tag, bool]:
            found = {}
            for start in range(0, len(known), MOST_TAGS):
                some = {"tags": known[start : start + MOST_TAGS]}
                for tag, unfinished, current in connection.execute(_TAGS, some):
                    found[Tag(tag)] = bool(unfinished and current)
            return found

        return self._read(work)

    def ping(self) -> None:
        try:
            self._database.ping()
        except DatabaseUnavailable as error:
            raise StoreUnavailable from error
