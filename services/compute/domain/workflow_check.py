"""What is wrong with a new workflow, whatever environments its jobs are for: every problem, with its place
(`/steps/<n>/...`; what is below `spec` is domain/spec_check.py's).
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from services.compute.domain.errors import BadSpec
from services.compute.domain.job_check import label_problems, name_problems
from services.compute.domain.site_check import storage_problems
from services.compute.domain.spec import Input, Source
from services.compute.domain.step_check import step_problems
from services.compute.domain.sweep import MAX_INSTANCES, Sweep, Way
from services.compute.domain.workflow import MAX_JOBS, MAX_STEPS, NewWorkflow, Step, cycle

Problem = tuple[str, str]
MOST_TOLD: Final = 100


def check_workflow(new: NewWorkflow) -> None:
    """Raises BadSpec with its problems, the first hundred of them."""
    found = list(islice(_problems(new), MOST_TOLD))
    if found:
        raise BadSpec(found)


def within(step: int, problems: list[Problem]) -> list[Problem]:
    """Problems of a job as problems of the step that describes it."""
    here = f"/steps/{step}"
    own = ("/labels", "/name")
    return [
        (f"{here}{path}" if path.startswith(own) else f"{here}/spec{path}", text) for path, text in problems
    ]


def _problems(new: NewWorkflow) -> Iterator[Problem]:
    yield from name_problems(new.name)
    yield from label_problems(new.labels)
    if not 1 <= len(new.steps) <= MAX_STEPS:
        yield "/steps", f"A workflow has between 1 and {MAX_STEPS} steps."
        return
    unsound = False
    for problem in _order_problems(new.steps):
        unsound = True
        yield problem
    for number, step in enumerate(new.steps):
        sweep_problems = [] if step.sweep is None else list(_sweep_problems(step.sweep))
        yield from ((f"/steps/{number}/sweep{path}", text) for path, text in sweep_problems)
        unsound = unsound or bool(sweep_problems)
        yield from within(number, list(label_problems(step.labels)))
        if not sweep_problems:
            yield from within(number, list(step_problems(step)))
            yield from within(number, list(_holder_problems(step)))
            yield from within(number, list(storage_problems(step.spec)))
    if not unsound and sum(step.count for step in new.steps) > MAX_JOBS:
        yield "/steps", f"A workflow has {MAX_JOBS} jobs at most, all instances counted."


def _order_problems(steps: tuple[Step, ...]) -> Iterator[Problem]:
    names: set[str] = set()
    is_whole = True
    for number, step in enumerate(steps):
        here = f"/steps/{number}"
        for _, text in name_problems(step.name):
            yield f"{here}/name", text
        if not step.name:
            yield f"{here}/name", "A step has a name."
        if step.name in names:
            yield f"{here}/name", "Another step has this name."
            is_whole = False
        names.add(step.name)
    for number, step in enumerate(steps):
        for place, name in enumerate(step.after):
            if name not in names:
                yield f"/steps/{number}/after/{place}", "No step has this name."
                is_whole = False
    found = cycle({step.name: step.after for step in steps}) if is_whole else []
    if found:
        shown = " -> ".join(name[:64] for name in found[:20])
        yield "/steps", f"Steps wait for each other in a circle: {shown}."


def _sweep_problems(sweep: Sweep) -> Iterator[Problem]:
    names = [parameter.name for parameter in sweep.parameters]
    if sweep.way is not Way.REPEAT and not names:
        yield "/parameters", "A sweep has parameters."
    for number, parameter in enumerate(sweep.parameters):
        if names.index(parameter.name) < number:
            yield f"/parameters/{number}/name", "Another parameter has this name."
        if not 1 <= parameter.count <= MAX_INSTANCES:
            yield f"/parameters/{number}", f"A parameter has between 1 and {MAX_INSTANCES} values."
    if sweep.way is Way.ZIP and len({parameter.count for parameter in sweep.parameters}) > 1:
        yield "/parameters", "All parameters have equally many values."
    if sweep.way is Way.REPEAT and any(parameter.count < sweep.number for parameter in sweep.parameters):
        yield "/parameters", "Every instance has its values."
    if not 1 <= sweep.count <= MAX_INSTANCES:
        yield "", f"A sweep makes between 1 and {MAX_INSTANCES} jobs."


def _holder_problems(step: Step) -> Iterator[Problem]:
    """Whose an input is, is the same for all instances: it is asked once."""
    for number, given in enumerate(step.spec.inputs if step.sweep is not None else ()):
        if "$" in _holder(given):
            yield f"/inputs/{number}/value", "Whose it is depends on no parameter."


def _holder(given: Input) -> str:
    """Of an output the job, of a stored object its owner or group: what is before the first slash."""
    if given.source not in (Source.OUTPUT, Source.OBJECT):
        return ""
    return given.value if "/" not in given.value else given.value.partition("/")[0]
