"""What is shown again of a description, and where in it the job core's problems are told (contract 2, 8)."""

from typing import Any

import pytest

from services.compute.dialects.prominence.description import describe_job
from services.compute.domain.errors import BadSpec, EnvironmentRefuses
from services.compute.domain.notices import Means, Notice
from tests.fakes.prominence_documents import a_job, a_task, job, terms

pytestmark = pytest.mark.clause("prominence 2.1", "prominence 8")


def test_notices_and_what_is_shown_of_them() -> None:
    hook = {"event": "jobFinished", "type": "webhook", "url": "https://h/x", "secret": "s3"}
    new = job(notifications=[{"event": "jobFinished", "type": "email"}, hook])
    assert new.notices == (
        Notice(means=Means.EMAIL),
        Notice(means=Means.WEBHOOK, url="https://h/x", secret="s3"),
    )
    assert new.facts["prominence"]["notifications"][1]["secret"] == "***"


def test_secrets_and_contents_are_not_kept_beside_the_spec() -> None:
    credential = {"username": "u", "token": "hunter2", "more": "hunter2"}
    new = job(
        inputs=[{"filename": "a", "content": "aHVudGVyMg=="}], tasks=[a_task(imagePullCredential=credential)]
    )
    facts = new.facts["prominence"]
    assert facts["inputs"] == [{"filename": "a", "content": None}]
    assert facts["tasks"][0]["imagePullCredential"] == {"username": "u", "token": "***"}
    assert "hunter2" not in repr(new)


def test_what_describe_printed_can_be_handed_in_again() -> None:
    shown = job(name="n", labels={"a": "/b/c"}).facts["prominence"]
    again = {**shown, "statusReason": "x", "parameters": {"a": 1}, "preemptible": False, "storage": None}
    new = describe_job(again, terms()).new
    assert new.facts["prominence"] == shown


def test_what_is_shown_holds_no_nulls() -> None:
    shown = job(name=None, tasks=[a_task(cmd=None)], policies={"placement": None}).facts["prominence"]
    assert shown == {
        "resources": {"nodes": 1, "disk": 10, "cpus": 1, "memory": 1},
        "tasks": [{"image": "python:3.12", "runtime": "singularity"}],
        "policies": {},
    }


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("/roles/0/tasks/1/command/3", "/tasks/2/cmd"),
        ("/roles/1/tasks/0/environment/A~1B", "/tasks/1/env/A~1B"),
        ("/roles/0/tasks/0/image/name", "/tasks/0/image"),
        ("/roles/0/resources/memory_bytes", "/resources/memory"),
        ("/roles/1/resources/processes", "/resources"),
        ("/inputs/0/value", "/inputs/0"),
        ("/inputs/1/path", "/artifacts/0"),
        ("/inputs", "/inputs"),
        ("/outputs/1/pattern", "/outputDirs/0"),
        ("/clocks/run", "/resources/walltime"),
        ("/environment", "/policies/placement"),
        ("/labels/a", "/labels/a"),
        ("/network", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("kind", [BadSpec, EnvironmentRefuses])
def test_problems_of_a_spec_are_told_of_the_description(kind: Any, place: str, shown: str) -> None:
    document = a_job(
        tasks=[a_task(), a_task(type="sidecar"), a_task()],
        inputs=[{"filename": "a", "content": ""}],
        artifacts=[{"url": "b"}],
        outputFiles=["c"],
        outputDirs=["d"],
    )
    told = describe_job(document, terms()).told(kind([(place, "No.")])).problems
    text = "No." if kind is BadSpec else "No matching resources: No."
    assert told == [(shown, text)]
