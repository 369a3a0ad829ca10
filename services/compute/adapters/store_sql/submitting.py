"""Taking jobs: quotas, payments and idempotency keys hold for requests at the same time too."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, text

from libs.sql.engine import Database
from services.compute.adapters.store_sql.finding import SqlFinding, job_in, jobs_in_order
from services.compute.adapters.store_sql.handles import SqlHandles, give_handle, handle_locks, move_handle
from services.compute.adapters.store_sql.holding import OF_GROUP, OF_OWNER, Allowance, held_by
from services.compute.adapters.store_sql.inserting import Taken, insert_jobs, notice_of
from services.compute.adapters.store_sql.rows import sheet_of
from services.compute.adapters.store_sql.side_tables import notices
from services.compute.adapters.store_sql.slice_steps import close_again, prepared, slices_again
from services.compute.adapters.store_sql.tables import (
    UNFINISHED,
    idempotency_keys,
    job_batches,
    job_groups,
    job_sheets,
    jobs,
)
from services.compute.adapters.store_sql.work import digest, insert_all
from services.compute.domain.errors import (
    AgreementInUse,
    AlreadyFinished,
    JobNotFound,
    KeyInFlight,
    KeyReused,
    NotFinished,
)
from services.compute.domain.ids import JobUid, new_uid
from services.compute.domain.job import KEEP_SECONDS, Job, NewJob
from services.compute.domain.notices import Notice
from services.compute.domain.quotas import Held, Quotas
from services.compute.domain.slices import MOST_SLICES
from services.compute.domain.states import State
from services.compute.ports.store import Key, Submitted

NO_QUOTAS: Final = Quotas()
_C, _K = jobs.c, idempotency_keys.c
_BY_KEY: Final = select(_K.fingerprint, _K.job_id).where(
    _K.owner == bindparam("owner"), _K.dialect == bindparam("dialect"), _K.key_hash == bindparam("key_hash")
)
_SAME_PAYMENT: Final = select(_C.id).where(
    _C.dialect == bindparam("dialect"),
    _C.natural_key == bindparam("natural_key"),
    text(UNFINISHED),
)
_GROUPS: Final = select(job_groups.c.name).where(job_groups.c.job_id == bindparam("id"))
_NOTICES: Final = select(notices.c.notice).where(notices.c.job_id == bindparam("id")).order_by(notices.c.id)
_SHEET: Final = select(job_sheets).where(job_sheets.c.job_id == bindparam("id"))
_B = job_batches.c
_FIRST: Final = select(_B.first_id).where(_B.job_id == bindparam("id"))
_REST: Final = select(_B.job_id).where(_B.first_id == bindparam("id")).order_by(_B.job_id)
_OLD: Final = select(_C.id, _C.state, _C.natural_key).where(_C.uid == bindparam("uid"))


class SqlSubmitting(SqlFinding, SqlHandles):
    def __init__(
        self, database: Database, keep_seconds: float = KEEP_SECONDS, most_slices: int = MOST_SLICES
    ) -> None:
        super().__init__(database, keep_seconds)
        self._most_slices = most_slices
        self._keys_lock = Lock()
        self._keys_at_work: set[Key] = set()

    def submit(self, new: NewJob, quotas: Quotas, now: float, key: Key | None = None) -> Submitted:
        uid = new.uid or new_uid()
        new = prepared(new, self._most_slices)

        def work(connection: Connection) -> Submitted:
            if (earlier := self._replayed(connection, key)) is not None:
                return earlier
            natural_key = None if new.natural_key is None else digest(new.natural_key)
            return self._take(connection, Taken(new, uid, natural_key, new.owner), quotas, now, key)

        with self._at_work(key):
            return self._write(work)

    def submit_all(
        self, new: Sequence[NewJob], quotas: Quotas, now: float, key: Key | None = None
    ) -> Sequence[Submitted]:
        new = [prepared(each, self._most_slices) for each in new]
        taken = [Taken(each, each.uid or new_uid(), None, each.owner) for each in new]
        if any(each.natural_key is not None or each.owner != new[0].owner for each in new):
            raise ValueError("jobs of one owner without payments")

        def work(connection: Connection) -> list[Submitted]:
            if (earlier := self._replayed(connection, key)) is not None:
                numbers = batch_of(connection, earlier.job.id)
                return [Submitted(job, replayed=True) for job in jobs_in_order(connection, numbers)]
            self._allow(connection, taken, quotas)
            numbers = insert_jobs(connection, taken, now)
            for number, each in zip(numbers, new, strict=True):
                give_handle(connection, each.handle, number)
            rest = [{"job_id": number, "first_id": numbers[0]} for number in numbers[1:]]
            insert_all(connection, job_batches, rest)
            _note_key(connection, key, numbers[0])
            return [Submitted(job, replayed=False) for job in jobs_in_order(connection, numbers)]

        with self._at_work(key):
            return self._write(work) if taken else []

    def replayed(self, key: Key) -> Job | None:
        return self._read(lambda connection: _earlier(connection, key))

    def replayed_all(self, key: Key) -> Sequence[Job]:
        def work(connection: Connection) -> Sequence[Job]:
            earlier = _earlier(connection, key)
            return [] if earlier is None else jobs_in_order(connection, batch_of(connection, earlier.id))

        return self._read(work)

    def retry(
        self, uid: JobUid, by: str, now: float, quotas: Quotas | None = None, key: Key | None = None
    ) -> Submitted:
        next_uid = new_uid()

        def work(connection: Connection) -> Submitted:
            if (earlier := self._replayed(connection, key)) is not None:
                return earlier
            old_id, new, natural_key = _again(connection, uid)
            made = self._take(connection, Taken(new, next_uid, natural_key, by), quotas, now, key)
            move_handle(connection, old_id, made.job.id)
            close_again(connection, old_id, made.job.id)
            return made

        with self._at_work(key):
            return self._write(work)

    def notices(self, uid: JobUid) -> Sequence[Notice]:
        def work(connection: Connection) -> list[Notice]:
            row = connection.execute(_OLD, {"uid": uid}).first()
            values = {"id": 0 if row is None else row.id}
            return [notice_of(text) for text in connection.execute(_NOTICES, values).scalars()]

        return self._read(work)

    def held(self, owner: str, groups: Sequence[str] = ()) -> Mapping[str, Held]:
        def work(connection: Connection) -> dict[str, Held]:
            found = {owner: held_by(connection, OF_OWNER, owner)}
            found.update({group: held_by(connection, OF_GROUP, group) for group in groups})
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
        values = key_row(key)
        if not self._try_lock(connection, "key " + " ".join(values.values())):
            raise KeyInFlight
        earlier = _earlier(connection, key)
        return None if earlier is None else Submitted(earlier, replayed=True)

    def _take(
        self, connection: Connection, taken: Taken, quotas: Quotas | None, now: float, key: Key | None
    ) -> Submitted:
        new = taken.new
        limits = (quotas or NO_QUOTAS).of_groups(new.groups)
        payment = {"dialect": new.dialect, "natural_key": taken.natural_key}
        # Whoever submits for the same owner, group or payment waits here, and then sees this job.
        shared = [f"group {group}" for group in limits]
        if taken.natural_key is not None:
            shared.append(f"payment {new.dialect} {taken.natural_key}")
        self._lock(connection, f"owner {new.owner}", *shared, *handle_locks([new.handle]))
        if quotas is not None:
            Allowance(connection, new.owner, new.groups, quotas).take(new.spec)
        if taken.natural_key is not None and connection.execute(_SAME_PAYMENT, payment).first() is not None:
            raise AgreementInUse
        (number,) = insert_jobs(connection, [taken], now)
        give_handle(connection, new.handle, number)
        _note_key(connection, key, number)
        return Submitted(job_in(connection, number), replayed=False)

    def _allow(self, connection: Connection, taken: Sequence[Taken], quotas: Quotas) -> None:
        """All of them at once, of one owner. Raises QuotaExceeded."""
        new = taken[0].new
        shared = [f"group {group}" for group in quotas.of_groups(new.groups)]
        shared += handle_locks(each.new.handle for each in taken)
        self._lock(connection, f"owner {new.owner}", *shared)
        allowance = Allowance(connection, new.owner, new.groups, quotas)
        for each in taken:
            allowance.take(each.new.spec)


def batch_of(connection: Connection, number: int) -> list[int]:
    """The jobs that were submitted in one go with this one, and itself, in order."""
    first = connection.execute(_FIRST, {"id": number}).scalar() or number
    return [first, *connection.execute(_REST, {"id": first}).scalars()]


def _note_key(connection: Connection, key: Key | None, number: int) -> None:
    if key is not None:
        row = {**key_row(key), "fingerprint": key.fingerprint, "job_id": number}
        insert_all(connection, idempotency_keys, [row])


def _earlier(connection: Connection, key: Key) -> Job | None:
    """Raises KeyReused."""
    row = connection.execute(_BY_KEY, key_row(key)).first()
    if row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise KeyReused
    return jobs_in_order(connection, [row.job_id])[0]


def _again(connection: Connection, uid: JobUid) -> tuple[int, NewJob, str | None]:
    """The id of an ended job, what it was as a new one, and its payment's hash."""
    row = connection.execute(_OLD, {"uid": uid}).first()
    if row is None:
        raise JobNotFound
    (job,) = jobs_in_order(connection, [row.id])
    if not job.is_final:
        raise NotFinished
    if job.state is State.SUCCEEDED:
        raise AlreadyFinished
    filed = connection.execute(_SHEET, {"id": row.id}).first()
    new = NewJob(
        owner=job.owner,
        dialect=job.dialect,
        spec=job.spec,
        name=job.name,
        labels=job.labels,
        groups=tuple(connection.execute(_GROUPS, {"id": row.id}).scalars()),
        facts={**job.facts, "retry_of": job.uid},
        lingers=job.lingers,
        notices=tuple(map(notice_of, connection.execute(_NOTICES, {"id": row.id}).scalars())),
        sheet=None if filed is None else sheet_of(filed).again(),
        slices=slices_again(connection, row.id),
    )
    return row.id, new, row.natural_key


def key_row(key: Key) -> dict[str, Any]:
    return {"owner": key.owner, "dialect": key.dialect, "key_hash": digest(key.key)}
