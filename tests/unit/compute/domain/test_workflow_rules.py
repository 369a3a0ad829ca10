"""Which steps of a workflow may run, when it has ended, and circles."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.compute.domain.spec import Spec
from services.compute.domain.sweep import Sweep, Way
from services.compute.domain.workflow import Step, StepState, cycle, has_ended, job_name, runnable

SPEC = Spec(environment="e", roles=())


def step(
    name: str, *after: str, count: int = 1, made: int = 0, succeeded: int = 0, failed: int = 0
) -> StepState:
    return StepState(
        number=0,
        name=name,
        after=after,
        count=count,
        is_swept=count > 1,
        made=made,
        succeeded=succeeded,
        failed=failed,
    )


DONE = step("done", count=2, made=2, succeeded=2)
FAILED = step("failed", made=1, failed=1)
RUNNING = step("running", count=3, made=2, succeeded=1)


def test_a_step_counts_its_sweep() -> None:
    assert Step(name="a", spec=SPEC).count == 1
    assert Step(name="a", spec=SPEC, sweep=Sweep(way=Way.REPEAT, number=7)).count == 7


def test_numbers_of_a_step() -> None:
    assert (RUNNING.queued, RUNNING.waiting, RUNNING.is_done) == (1, 1, False)
    assert (DONE.queued, DONE.waiting, DONE.is_done) == (0, 0, True)


@pytest.mark.parametrize(("instance", "name"), [(None, "wf/a"), (0, "wf/a/0"), (12, "wf/a/12")])
def test_names_of_jobs(instance: int | None, name: str) -> None:
    assert job_name("wf", "a", instance) == name


@pytest.mark.parametrize(
    ("steps", "names", "ended"),
    [
        ([step("a"), step("b", "a")], ["a"], False),
        ([DONE, step("b", "done"), step("c", "done", "b")], ["b"], False),
        ([RUNNING, step("b", "running")], ["running"], False),
        ([step("one", made=1), step("b", "one")], [], False),
        ([FAILED, step("b", "failed")], [], True),
        ([FAILED, step("b")], ["b"], False),
        ([DONE], [], True),
        # Names are whole: `don` is another job than `done`.
        ([DONE, step("don"), step("b", "don")], ["don"], False),
    ],
)
def test_what_may_run(steps: list[StepState], names: list[str], ended: bool) -> None:
    assert [found.name for found in runnable(steps)] == names
    assert has_ended(steps) is ended


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ({}, []),
        ({"a": ()}, []),
        ({"a": ("a",)}, ["a", "a"]),
        ({"b": ("a",), "c": ("a", "b"), "d": ("b", "c"), "a": ()}, []),
        ({"a": ("b",), "b": ("a",)}, ["a", "b", "a"]),
        ({"a": ("missing",)}, []),
    ],
)
def test_circles(after: Mapping[str, tuple[str, ...]], found: list[str]) -> None:
    circle = cycle(after)
    assert sorted(circle[1:]) == sorted(found[1:])
    assert all(before in after[name] for before, name in pairwise(circle))


def test_a_long_chain_is_no_circle_and_no_recursion() -> None:
    after = {str(number): (str(number + 1),) for number in range(20_000)}
    assert cycle(after) == []
    assert len(cycle({**after, "20000": ("0",)})) == 20_002


NAMES = st.sampled_from("abcdef")


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3)))
def test_a_circle_is_found_when_there_is_one(after: dict[str, list[str]]) -> None:
    left = dict(after)
    while free := [name for name in left if not any(before in left for before in left[name])]:
        for name in free:
            del left[name]
    circle = cycle(after)
    assert bool(circle) is bool(left)
    if circle:
        assert circle[0] == circle[-1]
        assert all(before in after[name] for before, name in pairwise(circle))
        assert len(set(circle)) == len(circle) - 1
