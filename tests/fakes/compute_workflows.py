"""The port WorkflowStore in memory, by the domain's own rules: what changes workflows."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.compute.domain.errors import (
    AlreadyFinished,
    NotFinished,
    QuotaExceeded,
)
from services.compute.domain.ids import JobId, JobUid, new_uid
from services.compute.domain.job import Job, NewJob, Wish, WorkflowPlace
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.domain.templates import fill
from services.compute.domain.workflow import (
    FINAL_WORKFLOW,
    HELD_UP_SECONDS,
    STOPPED_WITH_IT,
    WINDOW,
    NewWorkflow,
    StepState,
    Workflow,
    WorkflowState,
    has_ended,
    job_name,
    outcome,
    runnable,
)
from services.compute.ports.store import Key
from services.compute.ports.workflows import Fed, SubmittedWorkflow
from tests.fakes.compute_ends import body_of
from tests.fakes.compute_rows import Row, key_of
from tests.fakes.compute_workflow_reading import MemoryWorkflowReading
from tests.fakes.compute_workflow_rows import WorkflowRow, state_of


class MemoryWorkflowStore(MemoryWorkflowReading, ABC):
    """What it wants of jobs, MemoryJobStore has."""

    @abstractmethod
    def wish(self, uid: JobUid, wish: Wish, by: str, reason: Reason, now: float) -> Job: ...

    @abstractmethod
    def _check_quotas(self, new: NewJob, quotas: Quotas) -> None: ...

    @abstractmethod
    def _insert(self, new: NewJob, now: float, key: Key | None, by: str | None = None) -> Job: ...

    # -- for the windows ----------------------------------------------------------------------------
    def submit_workflow(
        self, new: NewWorkflow, quotas: Quotas, now: float, key: Key | None = None
    ) -> SubmittedWorkflow:
        with self._open():
            if (earlier := self._replayed_workflow(key)) is not None:
                return SubmittedWorkflow(earlier, replayed=True)
            states = tuple(state_of(number, step) for number, step in enumerate(new.steps))
            return self._started(new, states, [set() for _ in states], (quotas, now, key), None)

    def cancel_workflow(self, uid: JobUid, by: str, reason: Reason, now: float) -> Workflow:
        with self._open():
            row = self._workflow(uid)
            if row.shown.state not in FINAL_WORKFLOW:
                if row.wish is Wish.RUN:
                    row.wish, row.wish_by, row.wish_reason = Wish.CANCEL, by, reason
                    row.show()
                self._stop_jobs(row, now)
            return row.shown

    def rerun_workflow(
        self, uid: JobUid, groups: tuple[str, ...], quotas: Quotas, now: float, key: Key | None = None
    ) -> SubmittedWorkflow:
        with self._open():
            if (earlier := self._replayed_workflow(key)) is not None:
                return SubmittedWorkflow(earlier, replayed=True)
            old = self._workflow(uid)
            if old.shown.state not in FINAL_WORKFLOW:
                raise NotFinished
            kept = [before | well for before, well in zip(old.kept, old.well, strict=True)]
            states = tuple(
                replace(state, made=len(done), succeeded=len(done), kept=len(done), failed=0)
                for state, done in zip(old.shown.steps, kept, strict=True)
            )
            new = replace(old.new, lingers=old.shown.lingers, groups=groups)
            return self._started(new, states, kept, (quotas, now, key), old.shown.uid)

    def put_workflow_away(self, uid: JobUid, now: float) -> Workflow:
        with self._open():
            row = self._workflow(uid)
            if row.shown.state not in FINAL_WORKFLOW:
                raise NotFinished
            if not row.shown.lingers:
                raise AlreadyFinished
            row.show(lingers=False)
            return row.shown

    # -- for workers --------------------------------------------------------------------------------
    def due_workflows(self, now: float, limit: int) -> Sequence[JobUid]:
        with self._open():
            due = [
                (row.due_at, row.shown.id, row.shown.uid)
                for row in self._workflows.values()
                if row.due_at is not None and row.due_at <= now
            ]
            return [uid for _, _, uid in sorted(due)][:limit]

    def feed(self, uid: JobUid, quotas: Quotas, now: float) -> Fed:
        with self._open():
            row = self._workflow(uid)
            if row.shown.state in FINAL_WORKFLOW:
                return Fed(0, is_final=True)
            if row.wish is Wish.CANCEL:
                self._stop_jobs(row, now)
                return Fed(0, is_final=row.shown.is_final)
            return self._feed(row, quotas, now)

    # -- when jobs move -----------------------------------------------------------------------------
    def _note_start(self, row: Row, now: float) -> None:
        workflow = self._workflow_of(row)
        if workflow is not None and workflow.shown.state is WorkflowState.PENDING:
            workflow.show(state=WorkflowState.RUNNING, started_at=now)

    def _note_end(self, row: Row, now: float) -> None:
        super()._note_end(row, now)
        workflow = self._workflow_of(row)
        if workflow is None:
            return
        is_well = row.job.state is State.SUCCEEDED
        if is_well:
            workflow.well[row.step].add(row.instance)
        workflow.count(row.step, **{"succeeded" if is_well else "failed": 1})
        if not self._end_if_over(workflow, now) and workflow.shown.progress.waiting:
            workflow.due_at = now if workflow.due_at is None else min(now, workflow.due_at)

    # -- inside -------------------------------------------------------------------------------------
    def _told_of(self, uid: str) -> dict[str, Any]:
        found = [row.shown for row in self._workflows.values() if row.shown.uid == uid]
        return body_of("workflow", found[0]) if found else super()._told_of(uid)

    def _owner_of(self, uid: str) -> str:
        found = [row.shown.owner for row in self._workflows.values() if row.shown.uid == uid]
        return found[0] if found else super()._owner_of(uid)

    def _started(
        self,
        new: NewWorkflow,
        states: tuple[StepState, ...],
        kept: list[set[int]],
        asked: tuple[Quotas, float, Key | None],
        rerun_of: JobUid | None,
    ) -> SubmittedWorkflow:
        quotas, now, key = asked
        number = JobId(self._next_id)
        self._next_id += 1
        shown = Workflow(
            id=number,
            uid=new_uid(),
            owner=new.owner,
            dialect=new.dialect,
            name=new.name,
            labels=dict(new.labels),
            facts=dict(new.facts),
            state=WorkflowState.PENDING,
            reason=None,
            lingers=new.lingers,
            submitted_at=now,
            started_at=None,
            finished_at=None,
            expires_at=None,
            revision=1,
            steps=states,
            rerun_of=rerun_of,
        )
        row = WorkflowRow(shown, new, [0] * len(states), kept, well=[set() for _ in states])
        self._workflows[number] = row
        if key is not None:
            self._workflow_keys[key_of(key)] = (key.fingerprint, number)
        for notice in new.notices:
            self.outbox.add(notice, shown.uid)
        self._feed(row, quotas, now)
        return SubmittedWorkflow(row.shown, replayed=False)

    def _feed(self, row: WorkflowRow, quotas: Quotas, now: float) -> Fed:
        made, is_held_up = 0, False
        for state in runnable(row.shown.steps):
            while not is_held_up and row.shown.progress.queued < WINDOW:
                instance = self._next_instance(row, state.number)
                if instance is None:
                    break
                try:
                    self._make(row, state.number, instance, quotas, now)
                except QuotaExceeded:
                    is_held_up = True
                else:
                    made += 1
        row.due_at = now + HELD_UP_SECONDS if is_held_up else None
        return Fed(made, self._end_if_over(row, now), is_held_up)

    def _next_instance(self, row: WorkflowRow, step: int) -> int | None:
        while row.following[step] in row.kept[step]:
            row.following[step] += 1
        return row.following[step] if row.following[step] < row.shown.steps[step].count else None

    def _make(self, row: WorkflowRow, number: int, instance: int, quotas: Quotas, now: float) -> None:
        step, shown = row.new.steps[number], row.shown
        values = {} if step.sweep is None else step.sweep.values(instance)
        place = WorkflowPlace(
            id=shown.id,
            uid=shown.uid,
            name=shown.name,
            step=step.name,
            instance=None if step.sweep is None else instance,
            parameters=values,
        )
        new = NewJob(
            owner=shown.owner,
            dialect=shown.dialect,
            spec=step.spec if step.sweep is None else fill(step.spec, values),
            name=job_name(shown.name, step.name, place.instance),
            labels=step.labels,
            groups=row.new.groups,
            facts=step.facts,
            notices=step.notices,
        )
        self._check_quotas(new, quotas)
        made = self._rows[self._insert(new, now, None).id]
        made.job = replace(made.job, workflow=place)
        made.step, made.instance = number, instance
        row.following[number] = instance + 1
        row.count(number, made=1)

    def _stop_jobs(self, row: WorkflowRow, now: float) -> None:
        reason = Reason("cancelled", STOPPED_WITH_IT)
        for job in [each.job for each in self._jobs_of(row) if not each.job.is_final]:
            if job.wish is Wish.RUN:
                self.wish(job.uid, Wish.CANCEL, row.wish_by, reason, now)
        row.due_at = None
        self._end_if_over(row, now)

    def _end_if_over(self, row: WorkflowRow, now: float) -> bool:
        shown = row.shown
        if shown.is_final:
            return True
        is_wanted = row.wish is Wish.RUN
        if shown.progress.queued or (is_wanted and not has_ended(shown.steps)):
            return False
        state, reason = outcome(shown.progress, row.wish_reason, is_wanted)
        keep = [step.spec.keep_seconds for step in row.new.steps if step.spec.keep_seconds is not None]
        until = now + max(keep, default=self._keep_seconds)
        row.show(state=state, reason=reason, finished_at=now, expires_at=until)
        row.due_at = None
        for job in self._jobs_of(row):
            job.job = replace(job.job, expires_at=until)
        self.outbox.tell(shown.uid, now)
        return True
