"""Requests for one job that meet: whoever looked it up first finds it changed by the other."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from services.compute.domain.errors import JobNotFound
from services.compute.domain.job import Handle, Job
from services.compute.ports.store import Filter, Submitted
from tests.fakes.compute_openpai import BOB, OWN, OpenPai

START, STOP = {"value": "START"}, {"value": "STOP"}
PATH = f"{OWN}/j"


def execute(room: OpenPai, value: dict[str, str], token: str = "ada") -> TestResponse:
    return room.call("PUT", f"{PATH}/executionType", json=value, token=token)


def meanwhile(room: OpenPai, monkeypatch: pytest.MonkeyPatch, act: Callable[[Job], object]) -> None:
    """`act` once, after the next look for a job by its name."""
    look, acts = room.store.by_handle, [act]

    def looked(handle: Handle) -> Job:
        job: Job = look(handle)
        if acts:
            acts.pop()(job)
        return job

    monkeypatch.setattr(room.store, "by_handle", looked)


def kept(room: OpenPai) -> list[Job]:
    """That anybody is still shown."""
    return list(room.store.jobs([head.id for head in room.store.heads(Filter(owners=None))]))


@pytest.mark.clause("openpai 4.5")
def test_a_job_that_two_start_at_once_runs_once(either: OpenPai, monkeypatch: pytest.MonkeyPatch) -> None:
    either.run(either.submit("j", OWN), code=3)
    answers: list[TestResponse] = []
    meanwhile(either, monkeypatch, lambda _: answers.append(execute(either, START, "root")))
    answers.append(execute(either, START))
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [job.is_final for job in kept(either)] == [False]
    assert either.call("DELETE", PATH).status_code == 202
    assert kept(either) == []


@pytest.mark.clause("openpai 4.4", "openpai 4.5")
def test_a_job_that_is_deleted_before_it_starts_again_does_not_start(
    either: OpenPai, monkeypatch: pytest.MonkeyPatch
) -> None:
    either.run(either.submit("j", OWN), code=3)
    meanwhile(either, monkeypatch, lambda _: either.call("DELETE", PATH))
    answer = execute(either, START)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "NoJobError")
    assert answer.get_json()["message"] == "Job j is not found."
    assert kept(either) == []
    assert all(job.is_final for job in _all(either))


@pytest.mark.clause("openpai 4.4", "openpai 4.5")
def test_a_job_that_starts_again_while_it_is_deleted_is_stopped_and_gone(
    either: OpenPai, monkeypatch: pytest.MonkeyPatch
) -> None:
    either.run(either.submit("j", OWN), code=3)
    meanwhile(either, monkeypatch, lambda _: execute(either, START))
    assert either.call("DELETE", PATH).status_code == 202
    assert either.get(PATH).status_code == 404
    assert kept(either) == []
    assert all(job.is_final for job in _all(either))
    assert either.put(PATH).status_code == 202


@pytest.mark.clause("openpai 4.4")
def test_a_deleted_jobs_name_that_is_taken_at_once_keeps_its_new_job(
    either: OpenPai, monkeypatch: pytest.MonkeyPatch
) -> None:
    either.submit("j", OWN)

    def other_deletes(_: Job) -> None:
        assert either.call("DELETE", PATH).status_code == 202
        assert either.put(PATH).status_code == 202

    meanwhile(either, monkeypatch, other_deletes)
    assert either.call("DELETE", PATH).status_code == 202
    assert [job.is_final for job in kept(either)] == [False]
    assert either.get(PATH).status_code == 200


@pytest.mark.clause("openpai 4.4", "openpai 4.5")
def test_what_is_gone_before_it_is_acted_on_is_missing_and_no_fault(
    room: OpenPai, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.start(room.submit("j", OWN))

    def gone(*_: object, **__: object) -> Submitted:
        raise JobNotFound

    for name in ("delete", "wish", "runs"):
        monkeypatch.setattr(room.store, name, gone)
    answers = [room.call("DELETE", PATH), execute(room, STOP), room.get(PATH, "ada"), room.get(PATH)]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.get_json()["message"] for answer in answers} == {"Job j is not found."}
    legacy = room.call("DELETE", "/api/job/ada~j")
    assert (legacy.status_code, legacy.headers["X-PAI-Status"]) == (500, "404")
    assert legacy.get_json() == {"error": "JobNotFound", "message": "could not find job ada~j"}


@pytest.mark.clause("openpai 3.5", "openpai 4.5")
def test_who_may_use_a_virtual_cluster_no_more_starts_nothing_in_it(room: OpenPai) -> None:
    path = "/api/v1/user/bob/jobs"
    room.run(room.submit("j", path, "bob", virtualCluster="vc1"), code=3)
    room.principals.known["bob"] = replace(BOB, virtual_clusters=())
    answer = room.call("PUT", f"{path}/j/executionType", json=START, token="bob")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "ForbiddenUserError")
    assert [job.is_final for job in kept(room)] == [True]


def _all(room: OpenPai) -> list[Job]:
    wanted = Filter(owners=None, deleted=True)
    return list(room.store.jobs([head.id for head in room.store.heads(wanted)]))
