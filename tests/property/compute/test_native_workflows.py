"""Workflow documents of any shape: a workflow or a list of problems, never an exception of another kind."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.web.params import BadParams
from libs.web.strict_json import parse_json
from services.compute.dialects.native.sweeps import read_sweep, sweep_view
from services.compute.dialects.native.workflow_documents import new_workflow
from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.errors import BadSpec
from services.compute.domain.spec_check import check
from services.compute.domain.sweep import Sweep
from services.compute.domain.templates import fill
from services.compute.domain.workflow import NewWorkflow
from services.compute.domain.workflow_check import check_workflow
from tests.fakes.compute_room import ADA, PINNED, SMALL

BOOK = EnvironmentBook([SMALL, PINNED])
NAMES = (
    "name", "labels", "steps", "after", "sweep", "way", "parameters", "values", "start", "end", "step",
    "number", "environment", "image", "command", "variables", "tasks", "roles", "resources", "inputs",
    "outputs", "timeouts", "path", "text", "sandbox", "output", "folder", "pattern", "unknown",
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NUMBERS = st.integers(-(10**60), 10**60) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = (
    st.none()
    | st.booleans()
    | NUMBERS
    | TEXTS
    | st.sampled_from(["small", "a", "b", "x", "/work/$x", "../$x", "product", "zip", "repeat", "**", "$x"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=10)
PARAMETERS = (
    st.fixed_dictionaries({"name": st.sampled_from("xyz"), "values": st.lists(NUMBERS | TEXTS, max_size=4)})
    | st.fixed_dictionaries({"name": st.just("x"), "start": NUMBERS, "end": NUMBERS, "step": NUMBERS})
    | st.fixed_dictionaries(
        {"name": st.just("y"), "start": NUMBERS, "end": NUMBERS, "number": st.integers(-1, 10**6)}
    )
)
SWEEPS = st.fixed_dictionaries(
    {"way": st.sampled_from(["product", "zip", "repeat"])},
    optional={"parameters": st.lists(PARAMETERS, max_size=3), "number": st.integers(-1, 10**7)},
)
STEPS = st.fixed_dictionaries(
    {
        "name": st.sampled_from("abcd"),
        "environment": st.just("small"),
        "command": st.lists(st.sampled_from(["echo", "$x", "${y}", "$", "$$"]), min_size=1),
    },
    optional={
        "after": st.lists(st.sampled_from("abcd"), max_size=3),
        "sweep": SWEEPS,
        "outputs": st.just(["$x/*"]),
        "working_folder": st.just("/work/$y"),
        "inputs": st.just([{"path": "$x", "sandbox": "in-$y"}]),
    },
)


def read(document: Any) -> NewWorkflow | None:
    """Sound ones alone."""
    asked = None
    try:
        sent = parse_json(json.dumps(document))
        assert isinstance(sent, dict)
        asked = new_workflow(sent, ADA, BOOK)
        check_workflow(asked.new)
    except BadSpec as error:
        problems = error.problems if asked is None else asked.moved(error.problems)
        assert problems
        assert all(text and (place == "" or place.startswith("/")) for place, text in problems)
        assert not any("/spec" in place for place, _ in problems)
        return None
    except BadParams:
        return None
    return asked.new


def again(sweep: Sweep) -> Sweep | None:
    problems: list[tuple[str, str]] = []
    found = read_sweep(parse_json(json.dumps(sweep_view(sweep))), "", problems)
    assert not problems
    return found


@settings(max_examples=400, deadline=None)
@given(document=DOCUMENTS)
def test_any_document_is_a_workflow_or_has_problems(document: Any) -> None:
    read(document)


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=4))
def test_sound_workflows_make_sound_jobs(steps: list[Any]) -> None:
    new = read({"steps": steps})
    for step in () if new is None else new.steps:
        if step.sweep is None:
            check(step.spec)
            continue
        for instance in {0, step.count // 2, step.count - 1}:
            check(fill(step.spec, step.sweep.values(instance)))
        shown = again(step.sweep)
        assert shown is not None
        assert shown.count == step.count


@settings(max_examples=200, deadline=None)
@given(member=st.sampled_from(NAMES), value=VALUES)
def test_one_odd_member_in_a_sound_step(member: str, value: Any) -> None:
    read({"steps": [{"name": "a", "environment": "small", "command": ["true"], member: value}]})
