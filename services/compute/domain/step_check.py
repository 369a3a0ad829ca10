"""What is wrong with a step of a workflow: with its spec as the first of its jobs has it, and with what texts
among its values do to paths.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from services.compute.domain.path_check import path_problem
from services.compute.domain.spec import Spec
from services.compute.domain.spec_check import pattern_problem, problems
from services.compute.domain.sweep import Grid, Sweep, Value, Way, text_of
from services.compute.domain.templates import ADDRESSES, fill, fill_text
from services.compute.domain.workflow import Step

Problem = tuple[str, str]
MOST_TOLD: Final = 20
MOST_CHECKED: Final = 100_000
_LONG = 128


def step_problems(step: Step) -> Iterator[Problem]:
    """Places are those of the spec."""
    if step.sweep is None:
        yield from problems(step.spec)
        return
    if step.sweep.count < 1:
        yield "", "A sweep makes at least one job."
        return
    yield from problems(fill(step.spec, step.sweep.values(0)))
    yield from islice(_texts_in_paths(step.spec, step.sweep), MOST_TOLD)


def _texts_in_paths(spec: Spec, sweep: Sweep) -> Iterator[Problem]:
    """Numbers make no path worse; only texts can hold slashes and dots."""
    paths = list(_paths(spec))
    if not paths or not _has_risky_texts(sweep):
        return
    if sweep.way is Way.PRODUCT and sweep.count > MOST_CHECKED:
        yield "", f"A product of more than {MOST_CHECKED} jobs has no texts with slashes, nor of dots alone."
        return
    for instance in range(1, sweep.count):
        values = sweep.values(instance)
        if not any(_is_risky(value) for value in values.values()):
            continue
        filled = {name: text_of(value) for name, value in values.items()}
        for place, template, check in paths:
            if problem := check(fill_text(template, filled)):
                yield place, f"In the job of number {instance}: {problem}"


def _has_risky_texts(sweep: Sweep) -> bool:
    return any(
        _is_risky(value)
        for parameter in sweep.parameters
        if not isinstance(parameter.values, Grid)
        for value in parameter.values
    )


def _is_risky(text: Value) -> bool:
    if not isinstance(text, str):
        return False
    return "/" in text or len(text) > _LONG or not text.strip(".") or not text.isprintable()


def _paths(spec: Spec) -> Iterator[tuple[str, str, Callable[[str], str | None]]]:
    """Templates that become paths, each with its place and its rule."""
    for number, role in enumerate(spec.roles):
        for place, task in enumerate(role.tasks):
            here = f"/roles/{number}/tasks/{place}"
            for name, path in (("working_folder", task.working_folder), ("tee", task.tee)):
                if path is not None and "$" in path:
                    yield f"{here}/{name}", path, path_problem
    for number, given in enumerate(spec.inputs):
        if given.source in ADDRESSES and "$" in given.path:
            yield f"/inputs/{number}/path", given.path, path_problem
    for number, output in enumerate(spec.outputs):
        for name, text in (("pattern", output.pattern), ("name", output.name)):
            if text is not None and "$" in text:
                yield f"/outputs/{number}/{name}", text, pattern_problem
