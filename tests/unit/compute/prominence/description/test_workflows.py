"""Workflows: what is refused, and the steps that they become (contract 3)."""

from itertools import pairwise
from typing import Any

import pytest

from services.compute.dialects.prominence.description import describe_workflow
from services.compute.domain.errors import BadSpec
from services.compute.domain.notices import Means
from services.compute.domain.spec import Source
from services.compute.domain.sweep import MAX_INSTANCES
from services.compute.domain.templates import fill
from services.compute.domain.workflow import MAX_STEPS, Step
from tests.fakes.prominence_documents import (
    a_job,
    a_task,
    a_workflow,
    terms,
    workflow,
    workflow_refusal,
)

pytestmark = pytest.mark.clause("prominence 3.1", "prominence 3.2", "prominence 3.3")


def _factory(**more: Any) -> dict[str, Any]:
    given = {"name": "f", "type": "parameterSweep", "jobs": ["a"], "parameters": [_parameter()], **more}
    return {name: value for name, value in given.items() if value is not ...}


def _parameter(**more: Any) -> dict[str, Any]:
    given = {"name": "x", "start": 1, "end": 3, "step": 1, **more}
    return {name: value for name, value in given.items() if value is not ...}


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "a workflow must be described by a JSON object"),
        ({}, "a workflow must contain jobs"),
        ({"jobs": []}, "a workflow must contain jobs"),
        ({"jobs": {}}, "/jobs: an array of jobs must be provided"),
        ({"jobs": [1]}, "/jobs/0: a job must be described by a JSON object"),
        (a_workflow(storage={}), '/storage: invalid item "storage" in workflow description'),
        (a_workflow(name="a;b"), "/name: invalid workflow name"),
        (a_workflow(name="x" * 513), "/name: workflow name must be less than 512 characters in length"),
        (a_workflow(labels=1), "/labels: labels must be defined as a dict"),
        ({"jobs": [a_job(name=...)]}, "/jobs/0: all jobs must have names"),
        ({"jobs": [a_job()]}, "/jobs/0/name: names of jobs in workflows cannot be empty"),
        (
            a_workflow("a", "b", "a"),
            '/jobs/2/name: all jobs must have unique names: "a" is used more than once',
        ),
        (a_workflow(jobs=[a_job(name="a", tasks=[])]), "/jobs/0/tasks: a job must contain at least one task"),
        (
            a_workflow(jobs=[a_job(name="a", resources={"cpus": 99, "memory": 1})]),
            "/jobs/0/resources/cpus: No matching resources: "
            "The job asks for 99 cpus; small has 4 cpus for one job.",
        ),
        (
            a_workflow(jobs=[a_job(name="a", outputFiles=["/etc/x"])]),
            "/jobs/0/outputFiles/0: Outputs are kept from the job's own writable folders only.",
        ),
        (
            a_workflow(jobs=[a_job(name="a", artifacts=[{"url": "no/x"}])]),
            "/jobs/0/artifacts/0/url: Not authorized to access artifact no/x",
        ),
        (a_workflow(dependencies=[]), "/dependencies: dependencies must be a dict"),
        (
            a_workflow(dependencies={"a": "b"}),
            "/dependencies/a: children of parent job must be in the form of a list",
        ),
        (
            a_workflow(dependencies={"a": ["c", 1]}),
            '/dependencies/a: child job "c" is not actually defined; '
            '/dependencies/a: child job "1" is not actually defined',
        ),
        (
            a_workflow(dependencies={"z": ["a"]}),
            '/dependencies/z: parent job "z" is not actually defined',
        ),
        (
            a_workflow(dependencies={"a": ["a"]}),
            "/dependencies: jobs wait for each other in a circle: a -> a",
        ),
        (
            a_workflow(policies={"maximumTaskRetries": 1}),
            '/policies/maximumTaskRetries: invalid item "maximumTaskRetries" in policies',
        ),
        (
            a_workflow(policies={"maximumRetries": 11}),
            "/policies/maximumRetries: the number of retries must be at most 10",
        ),
        (
            a_workflow(policies={"maximumReruns": 0}),
            "/policies/maximumReruns: the number of reruns must be greater than 0",
        ),
        (
            a_workflow(notifications=[{"event": "jobFinished", "type": "email"}]),
            '/notifications/0: invalid notification event "jobFinished"',
        ),
    ],
)
def test_what_is_refused(document: Any, text: str) -> None:
    assert workflow_refusal(document) == text


def test_a_circle_is_told_in_its_order() -> None:
    chain = {"a": ["b"], "b": ["c", "d"], "c": ["a"]}
    text = workflow_refusal(a_workflow("a", "b", "c", "d", dependencies=chain))
    circle = text.removeprefix("/dependencies: jobs wait for each other in a circle: ").split(" -> ")
    assert circle[0] == circle[-1]
    assert all(after in chain[before] for before, after in pairwise(circle))
    assert len(circle) == 4


def test_a_long_circle_is_told_short() -> None:
    names = [f"j{number}" for number in range(2000)]
    chain = {name: [names[(number + 1) % 2000]] for number, name in enumerate(names)}
    assert len(workflow_refusal(a_workflow(*names, dependencies=chain))) < 200


def test_too_many_jobs() -> None:
    job = a_job(name="a")
    assert workflow_refusal({"jobs": [job] * (MAX_STEPS + 1)}) == (
        "/jobs: a workflow must not describe more than 10000 jobs"
    )
    factory = _factory(type="repeat", number=MAX_INSTANCES)
    text = workflow_refusal(a_workflow("a", "b", factories=[factory]))
    assert text == "a workflow must not have more than 1000000 jobs"


def test_the_name_of_an_instance_is_no_other_jobs() -> None:
    text = workflow_refusal(a_workflow("a", "a/1", factories=[_factory()]))
    assert text == '/jobs: job "a/1" has the name of an instance of job "a"'
    assert len(workflow("a/x", "a/1", "a").steps) == 3


def test_a_scatter_and_gather() -> None:
    new = workflow(
        "split",
        "work",
        "join",
        dependencies={"split": ["work", "work"], "work": ["join"]},
        factories=[_factory(jobs=["work"])],
        labels={"app": "x"},
        policies={"leaveInQueue": True},
        notifications=[{"event": "workflowFinished", "type": "email"}],
    )
    assert (new.name, new.labels, new.lingers) == ("wf", {"app": "x"}, True)
    assert [notice.means for notice in new.notices] == [Means.EMAIL]
    assert [(step.name, step.after, step.count) for step in new.steps] == [
        ("split", (), 1),
        ("work", ("split",), 3),
        ("join", ("work",), 1),
    ]


def test_what_a_workflow_says_of_all_its_jobs() -> None:
    placement = {"requirements": {"sites": ["small"]}}
    jobs = [
        a_job(name="a", policies={"placement": {"requirements": {"sites": ["moon"]}}}),
        a_job(name="b", policies={"maximumRetries": 5}),
    ]
    new = workflow(jobs=jobs, policies={"maximumRetries": 3, "maximumReruns": 1, "placement": placement})
    assert [step.spec.environment for step in new.steps] == ["small", "small"]
    assert [step.spec.retry.attempts for step in new.steps] == [4, 6]


def test_facts_of_workflow_and_steps() -> None:
    document = a_workflow(
        jobs=[a_job(name="a", inputs=[{"filename": "f", "content": "YQ=="}])], factories=[_factory()]
    )
    new = describe_workflow(document, terms()).new
    shown = new.facts["prominence"]
    assert shown["factories"] == document["factories"]
    assert shown["jobs"][0]["inputs"] == [{"filename": "f", "content": None}]
    assert new.steps[0].facts["prominence"] == shown["jobs"][0]
    assert document["jobs"][0]["inputs"][0]["content"] == "YQ=="


def _filled(step: Step, number: int) -> Any:
    assert step.sweep is not None
    return fill(step.spec, step.sweep.values(number))


def test_values_come_to_every_place_that_may_name_them() -> None:
    job = a_job(
        name="a",
        tasks=[a_task(cmd="run $x ${x}b $y $$x", env={"V": "$x"}, workdir="w/$x", stdout="log-$x")],
        artifacts=[{"url": "https://h/$x/in-$x.tgz"}, {"url": "obj-$x"}],
        outputFiles=["out/$x.txt"],
        outputDirs=["base/$x"],
    )
    step = workflow(jobs=[job], factories=[_factory()]).steps[0]
    spec = _filled(step, 1)
    task = spec.roles[0].tasks[0]
    assert task.command == ("run", "2", "2b", "$y", "$x")
    assert (task.environment["V"], task.environment["PROMINENCE_PARAMETER_x"]) == ("2", "2")
    assert task.environment["PROMINENCE_INSTANCE"] == "${TIDEGATE_INSTANCE}"
    assert task.environment["PROMINENCE_WORKFLOW_ID"] == "${TIDEGATE_WORKFLOW_ID}"
    assert task.environment["PROMINENCE_JOB_ID"] == "${TIDEGATE_JOB_ID}"
    assert (task.working_folder, task.tee) == ("/home/user/w/2", "/home/user/log-2")
    first, second = spec.inputs
    assert (first.value, first.path) == ("https://h/2/in-2.tgz", "/home/user/in-2.tgz")
    assert (second.source, second.path) == (Source.OBJECT, "/home/user/obj-2")
    assert second.value.endswith("/obj-2")
    assert [output.pattern for output in spec.outputs] == ["out/2.txt", "base/2"]


def test_inputs_are_no_templates() -> None:
    job = a_job(name="a", inputs=[{"filename": "$x", "content": "JHg="}])
    spec = _filled(workflow(jobs=[job], factories=[_factory()]).steps[0], 0)
    assert (spec.inputs[0].path, spec.inputs[0].value) == ("/home/user/$x", "JHg=")


def test_an_id_in_a_command_of_a_workflow() -> None:
    job = a_job(
        name="a", tasks=[a_task(cmd="x $PROMINENCE_WORKFLOW_ID ${PROMINENCE_JOB_ID} $$PROMINENCE_JOB_ID")]
    )
    spec = _filled(workflow(jobs=[job], factories=[_factory()]).steps[0], 0)
    words = spec.roles[0].tasks[0].command
    assert words == ("x", "${TIDEGATE_WORKFLOW_ID}", "${TIDEGATE_JOB_ID}", "$PROMINENCE_JOB_ID")


@pytest.mark.parametrize("value", ["../b", "/etc", "..", "", "a//b", "a\nb"])
def test_texts_that_would_lead_out_of_a_folder(value: str) -> None:
    factory = _factory(type="zip", parameters=[{"name": "x", "values": ["a/b", value]}])
    text = workflow_refusal(a_workflow(jobs=[a_job(name="a", outputDirs=["base/$x"])], factories=[factory]))
    assert text.startswith("/jobs/0/outputDirs/0: In the job of number 1: A pattern ")


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("/steps/1/roles/0/tasks/0/command", "/jobs/1/tasks/0/cmd"),
        ("/steps/1/spec/clocks/run", "/jobs/1/resources/walltime"),
        ("/steps/0", "/jobs/0"),
        ("/steps/1/name", "/jobs/1/name"),
        ("/steps/1/labels/a", "/jobs/1/labels/a"),
        ("/steps/1/after/0", "/dependencies"),
        ("/steps/1/sweep/parameters/0", "/factories"),
        ("/steps/7/spec", "/steps/7/spec"),
        ("/steps", "/steps"),
        ("/steps/x/spec", "/steps/x/spec"),
        ("/name", "/name"),
    ],
)
def test_problems_of_steps_are_told_of_jobs(place: str, shown: str) -> None:
    described = describe_workflow(a_workflow(), terms())
    assert described.told(BadSpec([(place, "No.")])).problems == [(shown, "No.")]
