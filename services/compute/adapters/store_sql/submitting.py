"""Taking jobs: quotas, payments and idempotency keys hold for requests at the same time too."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, func, insert, select, text

from libs.sql.engine import Database
from services.compute.adapters.store_sql.finding import SqlFinding, jobs_in_order, terms_of
from services.compute.adapters.store_sql.rows import json_text, reason_text
from services.compute.adapters.store_sql.tables import (
    UNFINISHED,
    idempotency_keys,
    job_documents,
    job_events,
    job_groups,
    job_terms,
    jobs,
)
from services.compute.adapters.store_sql.work import digest, insert_all, moment, moment_or_none, storable
from services.compute.domain.errors import (
    AgreementInUse,
    AlreadyFinished,
    JobNotFound,
    KeyInFlight,
    KeyReused,
    NotFinished,
)
from services.compute.domain.ids import JobUid, new_uid
from services.compute.domain.job import KEEP_SECONDS, Job, NewJob, Wish
from services.compute.domain.quotas import Held, Quotas, check
from services.compute.domain.reasons import Reason
from services.compute.domain.spec_json import canonical_bytes
from services.compute.domain.states import State
from services.compute.ports.store import Key, Submitted

NO_QUOTAS: Final = Quotas()
_C, _K = jobs.c, idempotency_keys.c
_INSERT: Final = insert(jobs).returning(_C.id)
_BY_KEY: Final = select(_K.fingerprint, _K.job_id).where(
    _K.owner == bindparam("owner"), _K.dialect == bindparam("dialect"), _K.key_hash == bindparam("key_hash")
)
_SAME_PAYMENT: Final = select(_C.id).where(
    _C.dialect == bindparam("dialect"),
    _C.natural_key == bindparam("natural_key"),
    text(UNFINISHED),
)
_IN_GROUP: Final = exists().where(job_groups.c.name == bindparam("holder"), job_groups.c.job_id == _C.id)
_IS_OWNERS: Final = _C.owner == bindparam("holder")
_UNDER_WAY: Final = select(
    func.count(),
    func.coalesce(func.sum(_C.cpus), 0.0),
    func.coalesce(func.sum(_C.memory_bytes), 0),
).where(text(UNFINISHED))
_KEPT: Final = select(func.coalesce(func.sum(_C.storage_bytes), 0)).where(text("storage_bytes > 0"))
_OF_OWNER: Final = (_UNDER_WAY.where(_IS_OWNERS), _KEPT.where(_IS_OWNERS))
_OF_GROUP: Final = (_UNDER_WAY.where(_IN_GROUP), _KEPT.where(_IN_GROUP))
_GROUPS: Final = select(job_groups.c.name).where(job_groups.c.job_id == bindparam("id"))
_OLD: Final = select(_C.id, _C.state, _C.natural_key).where(_C.uid == bindparam("uid"))


_Sums = tuple[Any, Any]  # of what is under way, of what is kept


class SqlSubmitting(SqlFinding):
    def __init__(self, database: Database, keep_seconds: float = KEEP_SECONDS) -> None:
        super().__init__(database, keep_seconds)
        self._keys_lock = Lock()
        self._keys_at_work: set[Key] = set()

    def submit(self, new: NewJob, quotas: Quotas, now: float, key: Key | None = None) -> Submitted:
        uid = new.uid or new_uid()

        def work(connection: Connection) -> Submitted:
            if (earlier := self._replayed(connection, key)) is not None:
                return earlier
            natural_key = None if new.natural_key is None else digest(new.natural_key)
            return self._take(connection, _Taken(new, uid, natural_key, new.owner), quotas, now, key)

        with self._at_work(key):
            return self._write(work)

    def replayed(self, key: Key) -> Job | None:
        return self._read(lambda connection: _earlier(connection, key))

    def retry(
        self, uid: JobUid, by: str, now: float, quotas: Quotas | None = None, key: Key | None = None
    ) -> Submitted:
        next_uid = new_uid()

        def work(connection: Connection) -> Submitted:
            if (earlier := self._replayed(connection, key)) is not None:
                return earlier
            new, natural_key = _again(connection, uid)
            return self._take(connection, _Taken(new, next_uid, natural_key, by), quotas, now, key)

        with self._at_work(key):
            return self._write(work)

    def held(self, owner: str, groups: Sequence[str] = ()) -> Mapping[str, Held]:
        def work(connection: Connection) -> dict[str, Held]:
            found = {owner: _held(connection, _OF_OWNER, owner)}
            found.update({group: _held(connection, _OF_GROUP, group) for group in groups})
            return found

        return self._read(work)

    @contextmanager
    def _at_work(self, key: Key | None) -> Iterator[None]:
        """Raises KeyInFlight while another thread has the key; _replayed asks about other processes."""
        if key is None:
            yield
            return
        with self._keys_lock:
            if key in self._keys_at_work:
                raise KeyInFlight
            self._keys_at_work.add(key)
        try:
            yield
        finally:
            with self._keys_lock:
                self._keys_at_work.discard(key)

    def _replayed(self, connection: Connection, key: Key | None) -> Submitted | None:
        if key is None:
            return None
        values = _key_row(key)
        if not self._try_lock(connection, "key " + " ".join(values.values())):
            raise KeyInFlight
        earlier = _earlier(connection, key)
        return None if earlier is None else Submitted(earlier, replayed=True)

    def _take(
        self, connection: Connection, taken: "_Taken", quotas: Quotas | None, now: float, key: Key | None
    ) -> Submitted:
        new = taken.new
        limits = (quotas or NO_QUOTAS).of_groups(new.groups)
        payment = {"dialect": new.dialect, "natural_key": taken.natural_key}
        # Whoever submits for the same owner, group or payment waits here, and then sees this job.
        shared = [f"group {group}" for group in limits]
        if taken.natural_key is not None:
            shared.append(f"payment {new.dialect} {taken.natural_key}")
        self._lock(connection, f"owner {new.owner}", *shared)
        if quotas is not None:
            _check_quotas(connection, new, quotas)
        if taken.natural_key is not None and connection.execute(_SAME_PAYMENT, payment).first() is not None:
            raise AgreementInUse
        return Submitted(_insert(connection, taken, now, key), replayed=False)


def _earlier(connection: Connection, key: Key) -> Job | None:
    """Raises KeyReused."""
    row = connection.execute(_BY_KEY, _key_row(key)).first()
    if row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise KeyReused
    return jobs_in_order(connection, [row.job_id])[0]


class _Taken:
    """A job as it goes into the tables: with its uid, its payment's hash, and who asked."""

    __slots__ = ("by", "natural_key", "new", "uid")

    def __init__(self, new: NewJob, uid: JobUid, natural_key: str | None, by: str) -> None:
        self.new = new
        self.uid = uid
        self.natural_key = natural_key
        self.by = by


def _again(connection: Connection, uid: JobUid) -> tuple[NewJob, str | None]:
    """What an ended job was, as a new one, and its payment's hash."""
    row = connection.execute(_OLD, {"uid": uid}).first()
    if row is None:
        raise JobNotFound
    (job,) = jobs_in_order(connection, [row.id])
    if not job.is_final:
        raise NotFinished
    if job.state is State.SUCCEEDED:
        raise AlreadyFinished
    new = NewJob(
        owner=job.owner,
        dialect=job.dialect,
        spec=job.spec,
        name=job.name,
        labels=job.labels,
        groups=tuple(connection.execute(_GROUPS, {"id": row.id}).scalars()),
        facts={**job.facts, "retry_of": job.uid},
    )
    return new, row.natural_key


def _check_quotas(connection: Connection, new: NewJob, quotas: Quotas) -> None:
    """Raises QuotaExceeded."""
    own = quotas.of_owner(new.owner)
    held = _held(connection, _OF_OWNER, new.owner, storage=own.storage_bytes is not None)
    check(own, held, new.spec, new.owner)
    for group, quota in quotas.of_groups(new.groups).items():
        held = _held(connection, _OF_GROUP, group, storage=quota.storage_bytes is not None)
        check(quota, held, new.spec, f"group {group}")


def _held(connection: Connection, whose: _Sums, holder: str, *, storage: bool = True) -> Held:
    values = {"holder": holder}
    under_way, stored = whose
    number, cpus, memory = connection.execute(under_way, values).one()
    kept = connection.execute(stored, values).scalar_one() if storage else 0
    return Held(jobs=number, cpus=float(cpus), memory_bytes=int(memory), storage_bytes=int(kept))


def _insert(connection: Connection, taken: _Taken, now: float, key: Key | None) -> Job:
    new = taken.new
    number = connection.execute(_INSERT, _job_row(taken, now)).scalar_one()
    document = {
        "job_id": number,
        "spec": canonical_bytes(new.spec).decode(),
        "labels": json_text(new.labels),
        "facts": json_text(new.facts),
    }
    insert_all(connection, job_documents, [document])
    insert_all(connection, job_events, [_first_event(number, taken, now)])
    terms = terms_of(new.name, new.labels, new.facts)
    insert_all(connection, job_terms, [{"term": term, "job_id": number} for term in terms])
    insert_all(connection, job_groups, [{"name": group, "job_id": number} for group in set(new.groups)])
    if key is not None:
        row = {**_key_row(key), "fingerprint": key.fingerprint, "job_id": number}
        insert_all(connection, idempotency_keys, [row])
    return jobs_in_order(connection, [number])[0]


def _job_row(taken: _Taken, now: float) -> dict[str, Any]:
    new, spec = taken.new, taken.new.spec
    return {
        "uid": taken.uid,
        "owner": new.owner,
        "dialect": new.dialect,
        "name": storable(new.name),
        "environment": spec.environment,
        "state": State.QUEUED.value,
        "state_since": moment(now),
        "reason": reason_text(_first_reason(new)),
        "wish": Wish.RUN.value,
        "natural_key": taken.natural_key,
        "precedence": -spec.priority,
        "attempt": 0,
        "cpus": spec.total_cpus(),
        "memory_bytes": spec.total_memory(),
        "storage_bytes": 0,
        "queue_seconds": spec.clocks.queue,
        "keep_seconds": spec.keep_seconds,
        "submitted_at": moment(now),
        "queue_until": moment_or_none(None if spec.clocks.queue is None else now + spec.clocks.queue),
        "fence": 0,
        "strikes": 0,
        "last_event": 1,
        "revision": 1,
    }


def _first_reason(new: NewJob) -> Reason:
    return Reason("waiting_for_place", f"It waits for a free place in {new.spec.environment}.")


def _first_event(number: int, taken: _Taken, now: float) -> dict[str, Any]:
    return {
        "job_id": number,
        "seq": 1,
        "at": moment(now),
        "state_to": State.QUEUED.value,
        "by": taken.by,
        "attempt": 0,
        "reason": reason_text(_first_reason(taken.new)),
    }


def _key_row(key: Key) -> dict[str, Any]:
    return {"owner": key.owner, "dialect": key.dialect, "key_hash": digest(key.key)}
