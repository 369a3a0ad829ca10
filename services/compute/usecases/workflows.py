"""A caller's workflows: taken, found, listed, stopped, run again. What is not theirs is not there."""

from collections.abc import Sequence
from dataclasses import replace

from services.compute.domain.errors import NotFinished, WorkflowNotFound
from services.compute.domain.ids import is_uid
from services.compute.domain.job import Job
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.workflow import NewWorkflow, Step, Workflow, job_name
from services.compute.ports import Clock
from services.compute.ports.store import Filter, Head, JobStore, Key
from services.compute.ports.workflows import SubmittedWorkflow, WorkflowFilter, WorkflowPage, WorkflowStore
from services.compute.usecases.jobs import MAX_ID_DIGITS
from services.compute.usecases.viewers import Viewer
from services.compute.usecases.workflow_fitting import WorkflowFitting

STOPPED = "The owner stopped the workflow."


class Workflows:
    """All methods that take `ref` (an integer id, a uid, or the text of either) raise WorkflowNotFound; all
    raise StoreUnavailable. `jobs` is the store of their jobs.
    """

    def __init__(
        self, store: WorkflowStore, jobs: JobStore, fitting: WorkflowFitting, quotas: Quotas, clock: Clock
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._fitting = fitting
        self._quotas = quotas
        self._clock = clock

    def submit(self, new: NewWorkflow, key: Key | None = None) -> SubmittedWorkflow:
        """Take it, once for each key.

        Raises BadSpec (places are `/steps/<n>/...`), EnvironmentRefuses (likewise), QuotaExceeded (a job of
        it could never start), KeyReused, KeyInFlight.
        """
        if (earlier := self.replayed(key)) is not None:
            return earlier
        fitted = self._fitting(new)
        return self._store.submit_workflow(fitted, self._quotas, self._clock.now(), key)

    def replayed(self, key: Key | None) -> SubmittedWorkflow | None:
        """As Submit.replayed. Raises KeyReused, KeyInFlight."""
        earlier = None if key is None else self._store.replayed_workflow(key)
        return None if earlier is None else SubmittedWorkflow(earlier, replayed=True)

    def check(self, new: NewWorkflow) -> NewWorkflow:
        """The workflow as it would be taken now; nothing is written. Raises as submit, but for keys."""
        return self._fitting(new)

    def find(self, ref: int | str, viewer: Viewer) -> Workflow:
        return self._store.find_workflow(_reference(ref), viewer.owners)

    def page(
        self, viewer: Viewer, wanted: WorkflowFilter, limit: int, cursor: str | None = None
    ) -> WorkflowPage:
        """Whatever owners `wanted` names, only the viewer's. A cursor that is none raises ValueError."""
        return self._store.workflow_page(_narrowed(wanted, viewer), limit, cursor)

    def heads(self, viewer: Viewer, wanted: WorkflowFilter, limit: int | None = None) -> Sequence[Head]:
        """Newest first, the viewer's alone."""
        return self._store.workflow_heads(_narrowed(wanted, viewer), limit)

    def known(self, ids: Sequence[int]) -> Sequence[Workflow]:
        """Of ids that `heads` gave, in this order; those that are gone are left out."""
        return self._store.workflows(ids)

    def steps(self, ref: int | str, viewer: Viewer) -> Sequence[Step]:
        """As they were handed in."""
        return self._store.described_workflow(self.find(ref, viewer).uid).steps

    def job(self, ref: int | str, viewer: Viewer, step: str, instance: int | None) -> Job | None:
        """Of a step (and of an instance of one that is swept); None when there is none or not yet."""
        workflow = self.find(ref, viewer)
        name = job_name(workflow.name, step, instance)
        wanted = Filter(owners=viewer.owners, workflow=workflow.id, name=name, deleted=True)
        found = self._jobs.page(wanted, 1).jobs
        return found[0] if found else None

    def cancel(self, ref: int | str, viewer: Viewer, by: str, sentence: str = STOPPED) -> Workflow:
        """Nothing more starts, and what runs is stopped; one that has ended stays as it is."""
        workflow = self.find(ref, viewer)
        reason = Reason("cancelled", sentence)
        return self._store.cancel_workflow(workflow.uid, by, reason, self._clock.now())

    def rerun(
        self, ref: int | str, viewer: Viewer, groups: tuple[str, ...], key: Key | None = None
    ) -> SubmittedWorkflow:
        """As a new workflow in which what did well is kept; `groups` count for its owner now.

        Raises NotFinished, BadSpec (an input that its owner may not use any more), KeyReused, KeyInFlight.
        """
        if (earlier := self.replayed(key)) is not None:
            return earlier
        workflow = self.find(ref, viewer)
        if not workflow.is_final:
            raise NotFinished
        self._fitting.allow(replace(self._store.described_workflow(workflow.uid), groups=groups))
        return self._store.rerun_workflow(workflow.uid, groups, self._quotas, self._clock.now(), key)

    def clone(
        self, ref: int | str, viewer: Viewer, groups: tuple[str, ...], key: Key | None = None
    ) -> SubmittedWorkflow:
        """The same once more, in whatever state it is. Raises what submit raises."""
        if (earlier := self.replayed(key)) is not None:
            return earlier
        workflow = self.find(ref, viewer)
        described = self._store.described_workflow(workflow.uid)
        return self.submit(replace(described, groups=groups), key)

    def put_away(self, ref: int | str, viewer: Viewer) -> Workflow:
        """It lingers no longer. Raises NotFinished, AlreadyFinished (it did not linger)."""
        return self._store.put_workflow_away(self.find(ref, viewer).uid, self._clock.now())


def _reference(ref: int | str) -> int | str:
    if isinstance(ref, int) or is_uid(ref):
        return ref
    if ref.isascii() and ref.isdigit() and len(ref) <= MAX_ID_DIGITS:
        return int(ref)
    raise WorkflowNotFound(ref[:64])


def _narrowed(wanted: WorkflowFilter, viewer: Viewer) -> WorkflowFilter:
    if viewer.owners is None:
        return wanted
    owners = viewer.owners if wanted.owners is None else viewer.owners.intersection(wanted.owners)
    return replace(wanted, owners=owners)
