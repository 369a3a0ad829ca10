"""Whatever is sent as a description is taken or refused in words; what is taken, the job core takes too."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.compute.dialects.prominence.description import BadDescription, describe_job, describe_workflow
from services.compute.domain import sweep as sweeps
from services.compute.domain.job_check import check_job, label_problems, name_problems
from services.compute.domain.spec_json import decode, encode
from services.compute.domain.step_check import step_problems
from services.compute.domain.templates import fill
from tests.fakes.prominence_documents import a_job, a_task, terms

pytestmark = pytest.mark.clause("prominence 2.1")

TERMS = terms()
TEXTS = (
    "", "a", "b", "$x", "${x}", "$$", "..", ".", "/", "../..", "/etc/passwd", "a:/b", "https", "//h:1/x",
    "http://h/x", "openmpi", "sidecar", "zip", "repeat", "parameterSweep", "'", "\\", "\0", "\ud800", "é",
    "1", "x" * 600,
)  # fmt: skip
WORDS = st.sampled_from(TEXTS)
NUMBERS = st.one_of(
    st.integers(-3, 12), st.integers(), st.floats(allow_nan=True), st.sampled_from([10**45, -1e308, 5e-324])
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS, st.text(max_size=5))
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
JOB = a_job(
    name="a",
    labels={"app": "x"},
    tasks=[
        a_task(env={"A": "$x"}, workdir="w", stdout="log", procsPerNode=1, imageSha256="0" * 64),
        a_task(type="sidecar", imagePullCredential={"username": "u", "token": "t"}),
        a_task(type="openmpi"),
    ],
    inputs=[{"filename": "in", "content": "YQ==", "executable": True}],
    artifacts=[
        {"url": "data.tgz", "mountpoint": "data:/data"},
        {"url": "https", "mountpoint": "//h:8443/$x.tgz"},
    ],
    outputFiles=["out/$x"],
    outputDirs=["base"],
    policies={
        "maximumRetries": 1,
        "maximumTimeInQueue": 5,
        "priority": 1,
        "leaveInQueue": True,
        "placement": {"requirements": {"sites": ["small"]}, "preferences": {"regions": []}},
    },
    notifications=[{"event": "jobFinished", "type": "webhook", "url": "http://h/x", "secret": "s"}],
)
GRID = {"name": "x", "start": 0, "end": 1, "step": 0.5}
WORKFLOW = {
    "name": "wf",
    "labels": {"a": "b"},
    "jobs": [JOB, a_job(name="b", outputDirs=["base/$y"]), a_job(name="c")],
    "dependencies": {"a": ["b", "c"], "b": ["c"]},
    "factories": [
        {"name": "f", "type": "parameterSweep", "jobs": ["a"], "parameters": [GRID, {**GRID, "name": "z"}]},
        {"name": "g", "type": "zip", "jobs": ["b"], "parameters": [{"name": "y", "values": ["a/b", 2]}]},
    ],
    "policies": {"maximumRetries": 2, "leaveInQueue": True},
    "notifications": [{"event": "workflowFinished", "type": "email"}],
}


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in members:
        found += _places(member, (*path, name))
    return found


def _changed(document: Any, changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
    changed = copy.deepcopy(document)
    for path, value in changes:
        parent = changed
        try:
            for part in path[:-1]:
                parent = parent[part]
            parent[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return changed


def _change_of(document: Any) -> st.SearchStrategy[Any]:
    change = st.tuples(st.sampled_from(_places(document)), JSON)
    return st.lists(change, min_size=1, max_size=3).map(lambda changes: _changed(document, changes))


def _taken(describe: Callable[[Any, Any], Any], document: Any) -> Any:
    """What was described, None when it was refused as it must be."""
    try:
        return describe(document, TERMS).new
    except BadDescription as error:
        text = str(error)
        assert text
        assert text.isprintable()
        assert len(text) < 60_000
        text.encode()
        return None


def _holds_no_null(value: Any, name: str = "") -> bool:
    if isinstance(value, dict):
        return all(_holds_no_null(member, key) for key, member in value.items())
    if isinstance(value, list):
        return all(_holds_no_null(member, name) for member in value)
    return value is not None or name in ("content", "values")


@settings(max_examples=300, deadline=None)
@given(JSON | _change_of(JOB))
def test_jobs(document: Any) -> None:
    new = _taken(describe_job, document)
    if new is None:
        return
    check_job(new)
    assert decode(json.loads(json.dumps(encode(new.spec), allow_nan=False))) == new.spec
    json.dumps(new.facts, allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(JSON | _change_of(WORKFLOW))
def test_workflows(document: Any) -> None:
    new = _taken(describe_workflow, document)
    if new is None:
        return
    assert not [*name_problems(new.name), *label_problems(new.labels)]
    for step in new.steps:
        assert not list(step_problems(step))
        assert set(step.after) <= {other.name for other in new.steps}
        if step.sweep is not None:
            assert sweeps.decode(json.loads(json.dumps(sweeps.encode(step.sweep)))) == step.sweep
            last = step.sweep.values(step.sweep.count - 1)
            json.dumps(last, allow_nan=False)
            fill(step.spec, last)
    json.dumps(new.facts, allow_nan=False)


def test_what_the_changes_start_from_is_good() -> None:
    assert describe_job(JOB, TERMS).new.name == "a"
    assert [step.count for step in describe_workflow(WORKFLOW, TERMS).new.steps] == [9, 2, 1]
    assert _holds_no_null(describe_job(JOB, TERMS).new.facts)
