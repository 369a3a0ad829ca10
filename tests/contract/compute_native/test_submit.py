"""Submitting jobs: what is taken, what is refused and where it says so, and that twice is once."""

from pathlib import Path
from typing import Any

import pytest

from services.compute.domain.input_check import MAX_INLINE
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Source
from tests.fakes.compute_room import ADA, MINIMUM, Room

FULL = {
    "name": "trial",
    "labels": {"project": "tides"},
    "environment": "pinned",
    "image": "registry.example/group/tool:1.2@sha256:" + "ab" * 32,
    "command": ["python", "main.py", ""],
    "variables": {"N": "3"},
    "split_logs": True,
    "retries": 2,
    "resources": {"cpus": 0.5, "memory": "512 MiB", "disk": 1000, "gpus": 1, "nodes": 1, "processes": 9},
    "inputs": [
        {"path": "main.py", "text": "print(1)\n"},
        {"path": "/work/run", "base64": "YQ==", "executable": True, "sha256": "cd" * 32, "label": "it"},
    ],
    "outputs": ["results/**", {"folder": "/work/plots", "pattern": "*.png", "required": True}],
    "timeouts": {"queue": 5, "stage_in": 4, "pull": 3, "run": 2, "publish": 1.5},
    "retry": {"attempts": 3, "on": ["engine_lost"], "succeeded": True},
    "priority": -3,
    "network": True,
    "keep_failed_outputs": False,
    "keep_seconds": 60,
    "gathered": True,
    "least_succeeded": 1,
    "judged_late": True,
}

RULED = {
    "command": ["true"],
    "count": 2,
    "least_failed": None,
    "least_succeeded": 2,
    "resources": {"cpus": 0.25, "memory": "64M", "disk": "1M"},
}


def pointers(room: Room, document: Any) -> list[str]:
    answer = room.call("POST", "/jobs", json=document)
    assert answer.status_code == 422, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    problem = answer.get_json()
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    return [entry["pointer"] for entry in problem["errors"]]


def test_the_least_job_is_taken_with_what_its_environment_has(room: Room) -> None:
    answer = room.call("POST", "/jobs", json=MINIMUM)
    receipt = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == receipt["url"] == f"/tidegate/v1/jobs/{receipt['uid']}"
    job = room.job(receipt["uid"])
    assert (job.id, job.owner, job.dialect, job.state) == (receipt["id"], ADA.subject, "native", "queued")
    task = job.spec.roles[0].tasks[0]
    assert (task.image and task.image.name, task.working_folder) == ("python:3.12", "/work")
    assert (job.spec.clocks.run, job.spec.keep_seconds) == (600.0, 3600.0)


def test_everything_that_can_be_said_is_heard(room: Room) -> None:
    spec = room.job(room.submit(**FULL)).spec
    role, task = spec.roles[0], spec.roles[0].tasks[0]
    assert task.command == ("python", "main.py", "")
    assert task.image is not None
    assert (task.image.name, task.image.digest) == ("registry.example/group/tool:1.2", "sha256:" + "ab" * 32)
    assert (task.environment, task.split_logs, task.retries) == ({"N": "3"}, True, 2)
    assert (role.resources.memory_bytes, role.resources.disk_bytes, role.resources.gpus) == (
        512 << 20,
        1000,
        1,
    )
    assert [(given.source, given.path, given.value, given.encoded) for given in spec.inputs] == [
        (Source.INLINE, "/work/main.py", "print(1)\n", False),
        (Source.INLINE, "/work/run", "YQ==", True),
    ]
    assert [(kept.folder, kept.pattern, kept.required) for kept in spec.outputs] == [
        ("/work", "results/**", False),
        ("/work/plots", "*.png", True),
    ]
    assert (spec.clocks.queue, spec.clocks.publish, spec.keep_seconds) == (5, 1.5, 60)
    assert (spec.retry.attempts, spec.retry.on, spec.retry.succeeded) == (3, {"engine_lost"}, True)
    assert (spec.gathered, spec.least_succeeded, spec.judged_late) == (True, 1, True)
    assert (spec.priority, spec.network, spec.keep_failed_outputs) == (-3, True, False)


def test_tasks_in_sequence_and_roles_side_by_side(room: Room) -> None:
    step = {"command": ["true"]}
    in_sequence = room.job(_take(room, {"tasks": [step, step]}))
    assert len(in_sequence.spec.roles[0].tasks) == 2
    roles = [
        {"name": "server", "command": ["serve"], "resources": {"cpus": 0.5, "memory": "1 GiB"}},
        {
            "name": "worker",
            "count": 2,
            "tasks": [step],
            "least_failed": None,
            "least_succeeded": 2,
            "resources": {"cpus": 0.5, "memory": "256M"},
        },
    ]
    side_by_side = room.job(
        _take(room, {"roles": roles, "folders": [{"path": "/data"}, {"path": "/out", "writable": True}]})
    )
    assert [(role.name, role.count) for role in side_by_side.spec.roles] == [("server", 1), ("worker", 2)]
    rules = [(role.least_failed, role.least_succeeded) for role in side_by_side.spec.roles]
    assert rules == [(1, None), (None, 2)]
    assert side_by_side.spec.roles[1].tasks[0].working_folder == "/out"
    assert side_by_side.spec.outputs == ()


def _take(room: Room, members: dict[str, Any]) -> str:
    answer = room.call("POST", "/jobs", json={"environment": "small", **members})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["uid"])


def test_what_is_shown_of_a_spec_can_be_submitted_again(room: Room) -> None:
    for document in (FULL, {"roles": [{**RULED, "name": "a"}, {**RULED, "name": "b"}]}):
        first = _take(room, document)
        shown = room.get(f"/jobs/{first}").get_json()["spec"]
        assert room.job(_take(room, shown)).spec == room.job(first).spec


@pytest.mark.parametrize(
    ("members", "places"),
    [
        ({"comand": ["x"]}, ["/comand"]),
        ({"command": "ls -l"}, ["/command"]),
        ({"command": [1]}, ["/command/0"]),
        ({"command": ["a\0b"]}, None),
        ({"command": [""]}, ["/command/0"]),
        ({"variables": {"A=B": "x"}}, ["/variables/A=B"]),
        ({"variables": {"A": 1}}, ["/variables/A"]),
        ({"variables": {"a/b~": "x"}}, ["/variables/a~1b~0"]),
        ({"image": "has blank"}, ["/image"]),
        ({"image": "../../etc"}, ["/image"]),
        ({"image": "a@sha256:12"}, ["/image"]),
        ({"image": 7}, ["/image"]),
        ({"working_folder": "tmp"}, ["/working_folder"]),
        ({"tasks": [{"command": ["a"]}]}, ["/tasks"]),
        ({"roles": [{"command": ["a"]}]}, ["/roles"]),
        ({"resources": {"memory": "much"}}, ["/resources/memory"]),
        ({"resources": {"memory": 0}}, ["/resources/memory"]),
        ({"resources": {"memory": True}}, ["/resources/memory"]),
        ({"resources": {"cpus": -1}}, ["/resources/cpus"]),
        ({"resources": {"cpus": 1e999}}, None),
        ({"resources": {"speed": 1}}, ["/resources/speed"]),
        ({"resources": []}, ["/resources"]),
        ({"folders": [{"path": "/etc", "writable": True}], "outputs": []}, ["/folders/0/path"]),
        ({"folders": [{"path": "/a/../b"}], "outputs": []}, ["/folders/0/path"]),
        ({"inputs": [{"path": "x"}]}, ["/inputs/0"]),
        ({"inputs": [{"path": "x", "text": "a", "base64": "YQ=="}]}, ["/inputs/0"]),
        ({"inputs": [{"path": "../x", "text": "a"}]}, ["/inputs/0/path"]),
        ({"inputs": [{"path": "/etc/passwd", "text": "a"}]}, ["/inputs/0/path"]),
        ({"inputs": [{"path": "x", "base64": "not base64!"}]}, ["/inputs/0/base64"]),
        ({"inputs": [{"path": "x", "source": "grant", "value": "h"}]}, ["/inputs/0"]),
        ({"inputs": [{"path": "x", "text": "a", "source": "grant"}]}, ["/inputs/0/source"]),
        ({"inputs": [{"path": "x", "text": "a"}, {"path": "x", "text": "b"}]}, ["/inputs/1/path"]),
        ({"inputs": [{"path": "x", "text": "a"}, {"path": "x/y", "text": "b"}]}, ["/inputs/0/path"]),
        ({"inputs": [{"path": "x", "text": "a" * (MAX_INLINE + 1)}]}, ["/inputs"]),
        ({"inputs": [{"path": "x", "sandbox": "none"}]}, ["/inputs/0/sandbox"]),
        ({"inputs": [{"path": "x", "sandbox": "../other"}]}, ["/inputs/0/sandbox"]),
        ({"inputs": [{"path": "x", "output": "a" * 32 + "/f"}]}, ["/inputs/0/output"]),
        ({"inputs": [{"path": "x", "output": "f"}]}, ["/inputs/0/output"]),
        ({"outputs": ["../x"]}, ["/outputs/0"]),
        ({"outputs": [{"folder": "/elsewhere"}]}, ["/outputs/0/folder"]),
        ({"outputs": "all"}, ["/outputs"]),
        ({"timeouts": {"run": 0}}, ["/timeouts/run"]),
        ({"timeouts": {"lunch": 1}}, ["/timeouts/lunch"]),
        ({"timeouts": {"run": 601}}, ["/timeouts/run"]),
        ({"keep_seconds": 3601}, ["/keep_seconds"]),
        ({"retry": {"attempts": 0}}, ["/retry/attempts"]),
        ({"gathered": "yes"}, ["/gathered"]),
        ({"least_succeeded": 2}, ["/least_succeeded"]),
        ({"retry": {"attempts": 2, "succeeded": 1}}, ["/retry/succeeded"]),
        ({"retry": {"attempts": 2, "on": ["bad_luck"]}}, ["/retry/on"]),
        ({"priority": 1001}, ["/priority"]),
        ({"network": True}, ["/network"]),
        ({"network": "yes"}, ["/network"]),
        ({"name": "a\nb"}, ["/name"]),
        ({"name": 3}, ["/name"]),
        ({"labels": {"a b": "c"}}, ["/labels/a b"]),
        ({"labels": {"a": "b\u202e"}}, ["/labels/a"]),
        ({"labels": ["a"]}, ["/labels"]),
        ({"resources": {"cpus": 3}}, ["/resources/cpus"]),
        ({"resources": {"memory": "3 GiB", "gpus": 1}}, ["/resources/memory", "/resources/gpus"]),
        ({"resources": {"nodes": 2, "disk": 0}}, ["/resources/nodes"]),
        ({"resources": {"processes": 257}}, ["/resources/processes"]),
        ({"image": "python@sha256:" + "ab" * 32}, ["/image"]),
        ({"environment": None}, ["/environment"]),
    ],
)  # fmt: skip
def test_a_refusal_names_the_place_in_the_document(
    room: Room, members: dict[str, Any], places: list[str] | None
) -> None:
    if places is None:  # no JSON text could say it
        answer = room.call("POST", "/jobs", json={**MINIMUM, **members})
        assert answer.status_code == 400
        return
    assert pointers(room, {**MINIMUM, **members}) == places
    assert room.get("/jobs").get_json()["jobs"] == []


def test_places_inside_roles_and_tasks_are_those_of_the_document(room: Room) -> None:
    roles = [{"name": "a", "command": [1]}, {"name": "B", "tasks": [{"variables": {"1": "x"}}]}]
    assert pointers(room, {"environment": "small", "roles": [roles[0]]}) == ["/roles/0/command/0"]
    assert pointers(room, {"environment": "small", "roles": [roles[1]]}) == [
        "/roles/0/name",
        "/roles/0/tasks/0/variables/1",
    ]


def test_every_problem_is_told_at_once(room: Room) -> None:
    assert pointers(
        room, {**MINIMUM, "priority": 5000, "image": "//", "outputs": ["/x"], "timeouts": {"pull": -1}}
    ) == ["/image", "/outputs/0", "/timeouts/pull", "/priority"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid_job"),
        (b"{", 400, "invalid_request"),
        (b"[]", 400, "invalid_request"),
        (b"\xff", 400, "invalid_request"),
        (b'{"environment":"small","environment":"small"}', 400, "invalid_request"),
        (b'{"name":"\\u0000"}', 400, "invalid_request"),
        (b'{"name":"\\ud800"}', 400, "invalid_request"),
        (b"[" * 100_000, 400, "invalid_request"),
        (b'{"priority":' + b"9" * 5000 + b"}", 422, "invalid_job"),
        (b'{"a":"' + b"x" * (8 * 2**20) + b'"}', 413, "too_large"),
    ],
)
def test_bodies_that_are_no_document(room: Room, body: bytes, status: int, code: str) -> None:
    answer = room.call("POST", "/jobs", data=body)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_an_unknown_environment_is_told_with_where_to_look(room: Room) -> None:
    answer = room.call("POST", "/jobs", json={**MINIMUM, "environment": "moon"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "no_such_environment")


def test_an_environment_with_a_price_is_not_had_for_nothing(room: Room) -> None:
    answer = room.call("POST", "/jobs", json={**MINIMUM, "environment": "priced"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "environment_refuses")


# -- the dry run ------------------------------------------------------------------------------------
def test_validating_writes_nothing_and_shows_what_would_be_taken(room: Room) -> None:
    answer = room.call("POST", "/jobs/validate", json={**MINIMUM, "name": "x"})
    assert answer.status_code == 200
    assert answer.get_json()["spec"]["roles"][0]["tasks"][0]["image"] == "python:3.12"
    assert room.get("/jobs").get_json()["jobs"] == []
    refused = room.call("POST", "/jobs/validate", json={**MINIMUM, "command": [1]})
    assert refused.get_json()["errors"][0]["pointer"] == "/command/0"


def test_validating_looks_at_quotas_too(room: Room) -> None:
    for _ in range(4):
        room.submit(resources={"cpus": 2})
    answer = room.call("POST", "/jobs/validate", json=MINIMUM)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "quota_exceeded")
    assert "physics" in answer.get_json()["detail"]


# -- quotas -----------------------------------------------------------------------------------------
def test_quotas_of_owners_and_groups_hold(tmp_path: Path) -> None:
    room = Room(tmp_path, quotas=Quotas(principal=Quota(jobs=2), owners={ADA.subject: Quota(jobs=1)}))
    room.submit()
    answer = room.call("POST", "/jobs", json=MINIMUM)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "quota_exceeded")
    assert answer.headers["Retry-After"] == "30"
    room.submit("bob")
    room.submit("bob")
    assert room.call("POST", "/jobs", json=MINIMUM, token="bob").status_code == 429
    room.run(room.get("/jobs").get_json()["jobs"][0]["uid"])
    room.submit()


# -- twice is once ----------------------------------------------------------------------------------
def keyed(room: Room, key: str, token: str = "ada", path: str = "/jobs", **members: Any) -> Any:
    return room.call("POST", path, token=token, json={**MINIMUM, **members}, headers={"Idempotency-Key": key})


def test_a_replay_gives_the_first_answer_to_the_byte(room: Room) -> None:
    first = keyed(room, "k1")
    room.run(first.get_json()["uid"])
    again = keyed(room, "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(room.get("/jobs").get_json()["jobs"]) == 1


def test_a_replay_is_answered_though_what_it_needed_is_gone(room: Room) -> None:
    room.call("PUT", "/sandboxes/data", data=b"abc")
    inputs = [{"path": "x", "sandbox": "data"}]
    first = keyed(room, "k1", inputs=inputs)
    room.call("DELETE", "/sandboxes/data")
    assert keyed(room, "k2", inputs=inputs).status_code == 422
    assert keyed(room, "k1", inputs=inputs).data == first.data


def test_the_same_key_for_another_request_is_refused(room: Room) -> None:
    keyed(room, "k1")
    other = keyed(room, "k1", name="other")
    assert (other.status_code, other.get_json()["code"]) == (422, "key_reused")


def test_keys_are_each_owners_own(room: Room) -> None:
    assert keyed(room, "k1").data != keyed(room, "k1", token="bob").data


def test_a_request_whose_first_is_at_work_waits(room: Room) -> None:
    room.store.keys_at_work.add((ADA.subject, "native", "k1"))
    answer = keyed(room, "k1")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "key_in_flight")
    assert answer.headers["Retry-After"] == "1"


def test_a_refused_request_leaves_its_key_free(room: Room) -> None:
    assert keyed(room, "k1", command=[1]).status_code == 422
    assert keyed(room, "k1").status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_a_key_that_cannot_be_one_is_refused(room: Room, key: str) -> None:
    answer = keyed(room, key)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_key")


# -- inputs of one's own ----------------------------------------------------------------------------
def test_sandboxes_and_outputs_of_ones_own_jobs_are_inputs(room: Room) -> None:
    room.call("PUT", "/sandboxes/data", data=b"abc")
    earlier = room.submit()
    room.run(earlier, files={"a/b.csv": b"1,2"})
    given = [{"path": "x", "sandbox": "data"}, {"path": "y", "output": f"{earlier}/a/b.csv"}]
    spec = room.job(room.submit(inputs=given)).spec
    assert [(i.source, i.value) for i in spec.inputs] == [
        (Source.SANDBOX, "data"),
        (Source.OUTPUT, f"{earlier}/a/b.csv"),
    ]


def test_nobody_elses_sandboxes_and_outputs_are(room: Room) -> None:
    room.call("PUT", "/sandboxes/data", data=b"abc")
    earlier = room.submit()
    room.run(earlier, files={"a": b"1"})
    for given in ({"sandbox": "data"}, {"output": f"{earlier}/a"}):
        answer = room.call("POST", "/jobs", token="bob", json={**MINIMUM, "inputs": [{"path": "x", **given}]})
        assert answer.status_code == 422
        assert answer.get_json()["errors"][0]["pointer"] == f"/inputs/0/{next(iter(given))}"


def test_without_a_database_nothing_is_promised(room: Room) -> None:
    room.store.away = True
    answer = room.call("POST", "/jobs", json=MINIMUM)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.get_json()["code"] == "temporarily_unavailable"
