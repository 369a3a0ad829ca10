"""Whether every job of a workflow can be taken: sound, allowed to its owner, fit for its environment."""

from dataclasses import replace

from services.compute.domain import quotas as quota_rules
from services.compute.domain.errors import BadSpec, EnvironmentRefuses, EnvironmentUnknown
from services.compute.domain.quotas import Held, Quotas
from services.compute.domain.spec import Spec
from services.compute.domain.templates import fill
from services.compute.domain.workflow import NewWorkflow, Step
from services.compute.domain.workflow_check import check_workflow, within
from services.compute.usecases.submit import Submit

Problems = list[tuple[str, str]]


class WorkflowFitting:
    def __init__(self, submit: Submit, quotas: Quotas) -> None:
        self._submit = submit
        self._quotas = quotas

    def __call__(self, new: NewWorkflow) -> NewWorkflow:
        """The workflow as it would be taken now.

        Raises BadSpec, EnvironmentRefuses (places are `/steps/<n>/...`), QuotaExceeded (of a job that no
        waiting would let in), StoreUnavailable.
        """
        check_workflow(new)
        self.allow(new)
        steps = tuple(
            replace(step, spec=spec) for step, spec in zip(new.steps, self._fitted(new), strict=True)
        )
        limits = [("You", self._quotas.of_owner(new.owner))]
        limits += [(f"The group {name}", quota) for name, quota in self._quotas.of_groups(new.groups).items()]
        for step in steps:
            for holder, quota in limits:
                quota_rules.check(quota, Held(), step.spec, holder)
        return replace(new, steps=steps)

    def allow(self, new: NewWorkflow) -> None:
        """Raises BadSpec for inputs that its owner and `groups` may not use."""
        found: Problems = []
        for number, step in enumerate(new.steps):
            inputs = _first(step).inputs
            if inputs:
                found += within(number, self._submit.input_problems(new.owner, new.groups, inputs))
        if found:
            raise BadSpec(found)

    def _fitted(self, new: NewWorkflow) -> list[Spec]:
        found: list[Spec] = []
        refused: Problems = []
        for number, step in enumerate(new.steps):
            try:
                found.append(self._submit.fit(step.spec))
            except EnvironmentRefuses as error:
                refused += within(number, error.problems)
            except EnvironmentUnknown:
                refused.append((f"/steps/{number}/spec/environment", "No environment has this name."))
        if refused:
            raise EnvironmentRefuses(refused)
        return found


def _first(step: Step) -> Spec:
    return step.spec if step.sweep is None else fill(step.spec, step.sweep.values(0))
