"""What MemoryWorkflowStore keeps of each workflow."""

from dataclasses import dataclass, field, replace

from services.compute.domain.job import Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.workflow import NewWorkflow, Step, StepState, Workflow
from services.compute.ports.workflows import WorkflowFilter


@dataclass(slots=True)
class WorkflowRow:
    shown: Workflow
    new: NewWorkflow
    following: list[int]  # of each step: the instance that is made next
    kept: list[set[int]]
    wish: Wish = Wish.RUN
    wish_by: str = ""
    wish_reason: Reason | None = None
    due_at: float | None = None
    well: list[set[int]] = field(default_factory=list)  # instances that did well

    def show(self, **changes: object) -> None:
        revision = self.shown.revision + 1
        self.shown = replace(self.shown, revision=revision, **changes)  # type: ignore[arg-type]

    def count(self, step: int, **more: int) -> None:
        old = self.shown.steps[step]
        new = replace(old, **{name: getattr(old, name) + value for name, value in more.items()})
        self.show(steps=(*self.shown.steps[:step], new, *self.shown.steps[step + 1 :]))


def state_of(number: int, step: Step) -> StepState:
    return StepState(
        number=number,
        name=step.name,
        after=step.after,
        count=step.count,
        is_swept=step.sweep is not None,
        made=0,
        succeeded=0,
        failed=0,
    )


def is_wanted_workflow(shown: Workflow, wanted: WorkflowFilter) -> bool:
    return all(
        (
            wanted.owners is None or shown.owner in wanted.owners,
            not wanted.dialects or shown.dialect in wanted.dialects,
            not wanted.states or shown.state in wanted.states or (wanted.lingering and shown.lingers),
            wanted.ids is None or shown.id in wanted.ids,
            wanted.name is None or shown.name == wanted.name,
            all(shown.labels.get(name) == value for name, value in wanted.labels.items()),
        )
    )
