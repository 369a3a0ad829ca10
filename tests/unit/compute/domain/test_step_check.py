"""Steps of workflows: their spec as their first job has it, and texts that are no part of a path."""

from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.spec import Folder, Input, Output, Role, Source, Spec, Take, Task
from services.compute.domain.step_check import MOST_TOLD, step_problems
from services.compute.domain.sweep import Parameter, Sweep, Way
from services.compute.domain.workflow import Step

SPEC = Spec(
    environment="e",
    roles=(Role(tasks=(Task(command=("x", "$p"), working_folder="/w/$p", tee="/w/$p.log"),)),),
    folders=(Folder(path="/w", writable=True),),
    inputs=(
        Input(source=Source.URL, path="/w/in/$p", value="https://h/$p"),
        Input(source=Source.INLINE, path="/w/$p", value="$p"),
    ),
    outputs=(
        Output(folder="/w", pattern="o/$p", name="k/$p", take=Take.FIRST),
        Output(folder="/w", pattern="$$/$p$q"),
    ),
)


def _step(*values: Any, spec: Spec = SPEC, way: Way = Way.ZIP) -> Step:
    other = Parameter("q", tuple("." for _ in values))
    return Step(name="s", spec=spec, sweep=Sweep(way=way, parameters=(Parameter("p", values), other)))


def test_a_good_step() -> None:
    assert list(step_problems(_step("a", "b/c", 1.5, "...", "x" * 200))) == []
    assert list(step_problems(Step(name="s", spec=SPEC))) == []
    assert (
        list(
            step_problems(
                _step("a", "..", spec=replace(SPEC, roles=(Role(tasks=(Task(),)),), inputs=(), outputs=()))
            )
        )
        == []
    )


def test_a_step_that_is_not_swept_is_its_spec() -> None:
    bad = replace(SPEC, environment="")
    assert [place for place, _ in step_problems(Step(name="s", spec=bad))] == ["/environment"]


def test_the_first_job_stands_for_all() -> None:
    spec = replace(SPEC, inputs=(Input(source=Source.SANDBOX, path="/w/in", value="$p"),))
    assert list(step_problems(_step("a", spec=spec))) == []
    assert [place for place, _ in step_problems(_step("$", spec=spec))] == ["/inputs/0/value"]


def test_a_sweep_of_nothing() -> None:
    assert list(step_problems(_step())) == [("", "A sweep makes at least one job.")]


@pytest.mark.parametrize("value", ["..", ".", "", "/x", "x/", "a//b", "../../etc", "a\nb"])
def test_texts_that_would_lead_elsewhere(value: str) -> None:
    found = dict(step_problems(_step("a", "b", value)))
    assert "/outputs/0/pattern" in found
    assert all(text.startswith("In the job of number 2: ") for text in found.values())
    assert "/outputs/0/pattern" in dict(step_problems(_step("a", "b", value, way=Way.PRODUCT)))


def test_a_product_that_is_too_large_to_look_at() -> None:
    values = tuple(str(number) for number in range(400))
    assert list(step_problems(_step(*values, way=Way.PRODUCT))) == [
        ("", "A product of more than 100000 jobs has no texts with slashes, nor of dots alone.")
    ]


def test_places_of_all_that_is_a_path() -> None:
    assert {place for place, _ in step_problems(_step("a", "x/../y"))} == {
        "/roles/0/tasks/0/working_folder",
        "/roles/0/tasks/0/tee",
        "/inputs/0/path",
        "/outputs/0/pattern",
        "/outputs/0/name",
        "/outputs/1/pattern",
    }


def test_two_texts_that_are_bad_together() -> None:
    assert [place for place, _ in step_problems(_step("a", "."))][-1] == "/outputs/1/pattern"


def test_not_all_of_many_are_told() -> None:
    assert len(list(step_problems(_step("a", *[".."] * 1000)))) == MOST_TOLD
