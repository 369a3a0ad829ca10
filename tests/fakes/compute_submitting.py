"""What MemoryJobStore does when jobs come in: quotas, keys, payments, batches."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from services.compute.domain.errors import (
    AgreementInUse,
    AlreadyFinished,
    HandleTaken,
    JobNotFound,
    KeyInFlight,
    KeyReused,
    NotFinished,
    QuotaExceeded,
)
from services.compute.domain.ids import JobId, JobUid, new_uid
from services.compute.domain.job import KEEP_SECONDS, Handle, Job, NewJob
from services.compute.domain.ledger import cost
from services.compute.domain.numbering import with_number
from services.compute.domain.quotas import Held, Quota, Quotas, check
from services.compute.domain.slices import MOST_SLICES
from services.compute.domain.states import FINAL, State
from services.compute.ports.store import Key, Submitted
from tests.fakes.compute_rows import Row, held_of, key_of
from tests.fakes.compute_slices import prepared
from tests.fakes.compute_workflows import MemoryWorkflowStore


class MemorySubmitting(MemoryWorkflowStore):
    """`keys_at_work` as of MemoryJobStore."""

    def __init__(self, keep_seconds: float = KEEP_SECONDS, most_slices: int = MOST_SLICES) -> None:
        super().__init__(keep_seconds, most_slices)
        self._keys: dict[tuple[str, str, str], tuple[str, int]] = {}
        self.batches: list[list[int]] = []  # ids of jobs that were submitted in one go

    def submit(self, new: NewJob, quotas: Quotas, now: float, key: Key | None = None) -> Submitted:
        new = prepared(new, self.slices.most)
        with self._open():
            if (earlier := self._replayed(key)) is not None:
                return Submitted(earlier, replayed=True)
            self._check_quotas(new, quotas)
            return Submitted(self._insert(new, now, key), replayed=False)

    def submit_all(
        self, new: Sequence[NewJob], quotas: Quotas, now: float, key: Key | None = None
    ) -> Sequence[Submitted]:
        if any(each.natural_key is not None or each.owner != new[0].owner for each in new):
            raise ValueError("jobs of one owner without payments")
        new = [prepared(each, self.slices.most) for each in new]
        with self._open():
            if earlier := self.replayed_all(key) if key is not None and new else []:
                return [Submitted(job, replayed=True) for job in earlier]
            made: list[Job] = []
            try:
                for each in new:
                    self._check_quotas(each, quotas)
                    made.append(self._insert(each, now, None if made else key))
            except (QuotaExceeded, HandleTaken):
                for job in made:
                    self.purge(job.uid)
                raise
            self.batches += [[job.id for job in made]]
            return [Submitted(job, replayed=False) for job in made]

    def replayed(self, key: Key) -> Job | None:
        with self._open():
            return self._replayed(key)

    def replayed_all(self, key: Key) -> Sequence[Job]:
        with self._open():
            first = self._replayed(key)
            if first is None:
                return []
            batch = next((ids for ids in self.batches if first.id in ids), [first.id])
            return [self._rows[number].job for number in batch if number in self._rows]

    def held(self, owner: str, groups: Sequence[str] = ()) -> Mapping[str, Held]:
        with self._open():
            rows = self._rows.values()
            found = {owner: held_of(row for row in rows if row.job.owner == owner)}
            for group in groups:
                found[group] = held_of(row for row in rows if group in row.groups)
            return found

    def retry(
        self, uid: JobUid, by: str, now: float, quotas: Quotas | None = None, key: Key | None = None
    ) -> Submitted:
        with self._open():
            if (earlier := self._replayed(key)) is not None:
                return Submitted(earlier, replayed=True)
            row = self._row(uid)
            if not row.job.is_final:
                raise NotFinished
            if row.job.state is State.SUCCEEDED:
                raise AlreadyFinished
            new = replace(row.again(), lingers=row.job.lingers, notices=self.outbox.of(uid))
            if quotas is not None:
                self._check_quotas(new, quotas)
            made = self._insert(new, now, key, by)
            self._row(made.uid).handle, row.handle = row.handle, None
            mine = self._row(made.uid).slices
            if mine is not None and row.slices is not None:
                mine.is_closed = row.slices.is_closed
            return Submitted(made, replayed=False)

    def by_handle(self, handle: Handle) -> Job:
        with self._open():
            for row in self._rows.values():
                if row.handle == handle:
                    return row.job
            raise JobNotFound

    def handles(self, ids: Collection[int]) -> Mapping[int, Handle]:
        with self._open():
            rows = [self._rows[number] for number in ids if number in self._rows]
            return {int(row.job.id): row.handle for row in rows if row.handle is not None}

    def drop_handle(self, uid: JobUid) -> None:
        with self._open():
            if uid in self._ids:
                self._row(uid).handle = None

    # -- inside -------------------------------------------------------------------------------------
    def _replayed(self, key: Key | None) -> Job | None:
        if key is None:
            return None
        if key_of(key) in self.keys_at_work:
            raise KeyInFlight
        fingerprint, number = self._keys.get(key_of(key), (key.fingerprint, 0))
        if fingerprint != key.fingerprint:
            raise KeyReused
        return self._rows[number].job if number else None

    def _check_quotas(self, new: NewJob, quotas: Quotas) -> None:
        limits = quotas.of_groups(new.groups)
        if not limits and quotas.of_owner(new.owner) == Quota():
            return
        held = self.held(new.owner, tuple(limits))
        check(quotas.of_owner(new.owner), held[new.owner], new.spec, new.owner)
        for group, quota in limits.items():
            check(quota, held[group], new.spec, f"group {group}")

    def _insert(self, new: NewJob, now: float, key: Key | None, by: str | None = None) -> Job:
        for row in self._rows.values():
            if row.has_natural_key(new) and row.job.state not in FINAL:
                raise AgreementInUse
            if new.handle is not None and row.handle == new.handle:
                raise HandleTaken(row.job.uid)
        uid = new.uid or new_uid()
        if uid in self._ids:
            raise ValueError("a job with this uid exists")
        if new.slices is not None:
            total = sum(block.count for block in new.slices.blocks)
            self.ledger.reserve(uid, new.slices.account, cost(new.slices.offer, total), now)
        new = with_number(new, self._next_id)
        row = Row.of(new, JobId(self._next_id), uid, now)
        self._next_id += 1
        self._rows[row.job.id] = row
        self._ids[uid] = row.job.id
        row.note(None, by or new.owner, now)
        for notice in new.notices:
            self.outbox.add(notice, uid)
        if key is not None:
            self._keys[key_of(key)] = (key.fingerprint, row.job.id)
        return row.job
