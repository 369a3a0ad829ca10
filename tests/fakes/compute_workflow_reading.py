"""Workflows in memory: finding and removing them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from services.compute.domain.errors import KeyInFlight, KeyReused, WorkflowNotFound
from services.compute.domain.ids import JobUid
from services.compute.domain.workflow import NewWorkflow, Workflow
from services.compute.ports.store import Head, Key
from services.compute.ports.workflows import WorkflowFilter, WorkflowPage
from tests.fakes.compute_rows import Row, key_of
from tests.fakes.compute_worker_store import MemoryWorkerStore
from tests.fakes.compute_workflow_rows import WorkflowRow, is_wanted_workflow


class MemoryWorkflowReading(MemoryWorkerStore):
    def __init__(self, keep_seconds: float, most_slices: int) -> None:
        super().__init__(keep_seconds, most_slices)
        self._workflows: dict[int, WorkflowRow] = {}
        self._workflow_keys: dict[tuple[str, str, str], tuple[str, int]] = {}
        self.keys_at_work: set[tuple[str, str, str]] = set()

    def replayed_workflow(self, key: Key) -> Workflow | None:
        with self._open():
            return self._replayed_workflow(key)

    def find_workflow(self, ref: int | str, owners: Collection[str] | None) -> Workflow:
        with self._open():
            for row in self._workflows.values():
                shown = row.shown
                is_it = ref == shown.id if isinstance(ref, int) else ref == shown.uid
                if is_it and (owners is None or shown.owner in owners):
                    return shown
            raise WorkflowNotFound

    def workflow_page(self, wanted: WorkflowFilter, limit: int, cursor: str | None = None) -> WorkflowPage:
        with self._open():
            before = None if cursor is None else _read(cursor)
            found = [shown for shown in self._wanted(wanted) if before is None or shown.id < before]
            page = tuple(found[:limit])
            return WorkflowPage(page, f"w{page[-1].id}" if len(found) > limit else None)

    def workflow_heads(self, wanted: WorkflowFilter, limit: int | None = None) -> Sequence[Head]:
        with self._open():
            return [Head(shown.id, shown.revision) for shown in self._wanted(wanted)[:limit]]

    def workflows(self, ids: Sequence[int]) -> Sequence[Workflow]:
        with self._open():
            return [self._workflows[number].shown for number in ids if number in self._workflows]

    def described_workflow(self, uid: JobUid) -> NewWorkflow:
        with self._open():
            row = self._workflow(uid)
            return replace(row.new, lingers=row.shown.lingers)

    # -- upkeep -------------------------------------------------------------------------------------
    def expired_workflows(self, now: float, limit: int) -> Sequence[JobUid]:
        with self._open():
            over = [
                (row.shown.expires_at, row.shown.id, row.shown.uid)
                for row in self._workflows.values()
                if row.shown.expires_at is not None and row.shown.expires_at <= now and not self._jobs_of(row)
            ]
            return [uid for _, _, uid in sorted(over)][:limit]

    def purge_workflow(self, uid: JobUid) -> None:
        with self._open():
            for number, row in list(self._workflows.items()):
                if row.shown.uid == uid and not self._jobs_of(row):
                    del self._workflows[number]
                    self.outbox.forget(uid)
                    keys = self._workflow_keys.items()
                    self._workflow_keys = {key: value for key, value in keys if value[1] != number}

    def _workflow(self, uid: str) -> WorkflowRow:
        for row in self._workflows.values():
            if row.shown.uid == uid:
                return row
        raise WorkflowNotFound

    def _workflow_of(self, row: Row) -> WorkflowRow | None:
        return None if row.job.workflow is None else self._workflows.get(row.job.workflow.id)

    def _jobs_of(self, workflow: WorkflowRow) -> list[Row]:
        number = workflow.shown.id
        rows = self._rows.values()
        return [row for row in rows if row.job.workflow is not None and row.job.workflow.id == number]

    def _replayed_workflow(self, key: Key | None) -> Workflow | None:
        if key is None:
            return None
        if key_of(key) in self.keys_at_work:
            raise KeyInFlight
        fingerprint, number = self._workflow_keys.get(key_of(key), (key.fingerprint, 0))
        if fingerprint != key.fingerprint:
            raise KeyReused
        return self._workflows[number].shown if number else None

    def _wanted(self, wanted: WorkflowFilter) -> list[Workflow]:
        rows = sorted(self._workflows.values(), key=lambda row: -row.shown.id)
        return [row.shown for row in rows if is_wanted_workflow(row.shown, wanted)]


def _read(cursor: str) -> int:
    number = int(cursor.removeprefix("w"))
    if f"w{number}" != cursor:
        raise ValueError("no cursor of a page")
    return number
