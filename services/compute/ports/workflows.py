"""Workflows and the making of their jobs. Implemented by the same store as jobs, in the same database.

Every method is one transaction and raises StoreUnavailable. No lease is needed: `feed` is one transaction
under the workflow's row lock, so that it may be called by any number of workers, at any time, twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.compute.domain.ids import JobUid
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.workflow import NewWorkflow, Workflow, WorkflowState
from services.compute.ports.store import Head, Key


@dataclass(frozen=True, slots=True)
class SubmittedWorkflow:
    """`replayed`: the workflow is of an earlier request with the same key."""

    workflow: Workflow
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFilter:
    """Every field narrows; `owners` None: everybody's (administrators). `lingering`: those that linger
    besides those of `states`.
    """

    owners: Collection[str] | None
    dialects: Collection[str] = ()
    states: Collection[WorkflowState] = ()
    ids: Collection[int] | None = None
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    lingering: bool = False


@dataclass(frozen=True, slots=True)
class WorkflowPage:
    """`next` is an opaque cursor, None on the last page."""

    workflows: tuple[Workflow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Fed:
    """`made` jobs were added; `is_held_up`: a quota let no more in, so look again later."""

    made: int
    is_final: bool
    is_held_up: bool = False


class WorkflowStore(Protocol):
    # -- for the windows ----------------------------------------------------------------------------
    def submit_workflow(
        self, new: NewWorkflow, quotas: Quotas, now: float, key: Key | None = None
    ) -> SubmittedWorkflow:
        """Take it, and make its first jobs. Its specs were checked and fitted before. Jobs that a quota
        does not let in wait; the workflow itself is not refused for that. Keys as JobStore.submit.

        Raises KeyReused, KeyInFlight.
        """

    def replayed_workflow(self, key: Key) -> Workflow | None:
        """As JobStore.replayed."""

    def find_workflow(self, ref: int | str, owners: Collection[str] | None) -> Workflow:
        """By integer id or uid. Raises WorkflowNotFound for what is missing and for what is not one of
        `owners`'.
        """

    def workflow_page(self, wanted: WorkflowFilter, limit: int, cursor: str | None = None) -> WorkflowPage:
        """Newest first, stable under writes. A cursor that is none raises ValueError."""

    def workflow_heads(self, wanted: WorkflowFilter, limit: int | None = None) -> Sequence[Head]: ...

    def workflows(self, ids: Sequence[int]) -> Sequence[Workflow]:
        """In this order; those that are gone are left out."""

    def described_workflow(self, uid: JobUid) -> NewWorkflow:
        """As it was handed in. Raises WorkflowNotFound."""

    def cancel_workflow(self, uid: JobUid, by: str, reason: Reason, now: float) -> Workflow:
        """Nothing more starts; its jobs are wished cancelled with a reason of their own (code `cancelled`).
        One that has ended stays as it is. Raises WorkflowNotFound.
        """

    def rerun_workflow(
        self, uid: JobUid, groups: tuple[str, ...], quotas: Quotas, now: float, key: Key | None = None
    ) -> SubmittedWorkflow:
        """A new workflow of the same description, owner and steps, in which what did well is kept and
        everything else runs, for `groups`.

        Raises WorkflowNotFound, NotFinished, KeyReused, KeyInFlight.
        """

    def put_workflow_away(self, uid: JobUid, now: float) -> Workflow:
        """It lingers no longer. Raises WorkflowNotFound, NotFinished, AlreadyFinished (it did not linger)."""

    # -- for workers --------------------------------------------------------------------------------
    def due_workflows(self, now: float, limit: int) -> Sequence[JobUid]:
        """Unfinished ones of which a job has ended since they were fed last, or that were held up and whose
        time has come.
        """

    def feed(self, uid: JobUid, quotas: Quotas, now: float) -> Fed:
        """Make the jobs that may start, `WINDOW` unfinished ones at most; end it when nothing more can happen
        (its jobs are kept as long as it is). Of one that was cancelled, wish its jobs cancelled: each in a
        transaction of its own. Raises WorkflowNotFound.
        """

    # -- upkeep -------------------------------------------------------------------------------------
    def expired_workflows(self, now: float, limit: int) -> Sequence[JobUid]:
        """Ended ones whose time is over and that have no jobs left."""

    def purge_workflow(self, uid: JobUid) -> None: ...
