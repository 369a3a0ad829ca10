"""Workflows that are submitted: what is taken, what is refused and where it says so."""

from pathlib import Path
from typing import Any

import pytest

from services.compute.domain.quotas import Quota, Quotas
from tests.fakes.compute_room import ADA, Room
from tests.fakes.native_workflows import (
    GRID,
    JOB,
    document,
    jobs_of,
    listed,
    pointers,
    step,
    stored,
    submit,
)

NO_OUTPUT = "0" * 32 + "/x"


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path, quotas=Quotas(principal=Quota()))


# -- taking -----------------------------------------------------------------------------------------------
def test_a_workflow_is_taken(room: Room) -> None:
    answer = room.call(
        "POST", "/workflows", json=document(step("a"), step("b", "a"), labels={"project": "tides"})
    )
    receipt = answer.get_json()
    assert (answer.status_code, answer.headers["Location"]) == (201, receipt["url"])
    assert receipt["url"] == f"/tidegate/v1/workflows/{receipt['uid']}"
    assert (receipt["name"], receipt["jobs"]) == ("tides", 2)
    taken = room.store.described_workflow(receipt["uid"])
    assert (taken.owner, taken.dialect, taken.labels) == (ADA.subject, "native", {"project": "tides"})
    assert [(one.name, one.after) for one in taken.steps] == [("a", ()), ("b", ("a",))]
    (job,) = jobs_of(room, receipt["uid"])
    assert (job["name"], job["state"], job["dialect"]) == ("tides/a", "queued", "native")


def test_twice_is_once(room: Room) -> None:
    sent = {"json": document(step("a")), "headers": {"Idempotency-Key": "k"}}
    first, second = (room.call("POST", "/workflows", **sent) for _ in range(2))
    assert first.data == second.data
    assert second.headers["Idempotency-Replayed"] == "true"
    other = room.call("POST", "/workflows", **{**sent, "json": document(step("b"))})
    assert (other.status_code, other.get_json()["code"]) == (422, "key_reused")
    # The same key for a job is another one.
    job = room.call("POST", "/jobs", json=dict(JOB), headers={"Idempotency-Key": "k"})
    assert job.status_code == 201
    assert len(room.get("/workflows").get_json()["workflows"]) == 1


def test_a_sweep_makes_jobs_that_know_their_place(room: Room) -> None:
    sweep = {"way": "product", "parameters": [GRID, {"name": "who", "values": ["ada", "bob", 3]}]}
    command = ["echo", "$x", "${who}", "$$x", "$HOME"]
    uid = submit(room, step("s", sweep=sweep, command=command))
    jobs = jobs_of(room, uid, "?limit=200")
    assert len(jobs) == 15
    last = jobs[0]["workflow"]
    workflow = stored(room, uid)
    assert last == {
        "id": workflow.id, "uid": uid, "name": "tides", "step": "s", "instance": 14,
        "parameters": {"x": 1, "who": 3}, "url": f"/tidegate/v1/workflows/{uid}",
    }  # fmt: skip
    shown = room.get(f"/jobs/{jobs[10]['uid']}").get_json()
    assert (shown["name"], shown["workflow"]["parameters"]) == ("tides/s/4", {"x": 0.25, "who": "bob"})
    assert shown["spec"]["roles"][0]["tasks"][0]["command"] == ["echo", "0.25", "bob", "$x", "$HOME"]


@pytest.mark.parametrize(
    ("sweep", "values"),
    [
        ({"way": "repeat", "number": 2}, [{}, {}]),
        (
            {"way": "zip", "parameters": [listed("a", 1, 2.5), listed("b", "x", "y")]},
            [{"a": 1, "b": "x"}, {"a": 2.5, "b": "y"}],
        ),
        (
            {"way": "product", "parameters": [{"name": "a", "start": 0, "end": 0.3, "step": 0.1}]},
            [{"a": 0}, {"a": 0.1}, {"a": 0.2}, {"a": 0.3}],
        ),
        (
            {"way": "product", "parameters": [{"name": "a", "start": 1, "end": -1, "number": 3}]},
            [{"a": 1}, {"a": 0}, {"a": -1}],
        ),
        ({"way": "zip", "parameters": [{"name": "a", "start": 5, "end": 9, "number": 1}]}, [{"a": 5}]),
        ({"way": "repeat", "number": 1, "parameters": [{"name": "a", "values": ["", "z"]}]}, [{"a": ""}]),
    ],
)  # fmt: skip
def test_ways_to_sweep(room: Room, sweep: Any, values: list[Any]) -> None:
    taken = room.store.described_workflow(submit(room, step("s", sweep=sweep))).steps[0].sweep
    assert [taken.values(number) for number in range(taken.count)] == values
    shown = room.call("POST", "/workflows/validate", json=document(step("s", sweep=sweep))).get_json()
    again = room.store.described_workflow(submit(room, step("s", sweep=shown["steps"][0]["sweep"])))
    assert [again.steps[0].sweep.values(number) for number in range(taken.count)] == values


def test_what_would_be_taken(room: Room) -> None:
    sent = document(step("a"), step("b", "a", labels={"k": "v"}, sweep={"way": "repeat", "number": 7}))
    shown = room.call("POST", "/workflows/validate", json=sent).get_json()
    assert (shown["name"], shown["jobs"]) == ("tides", 8)
    second = shown["steps"][1]
    assert (second["name"], second["after"], second["labels"], second["jobs"]) == ("b", ["a"], {"k": "v"}, 7)
    assert second["spec"]["roles"][0]["tasks"][0]["image"] == "python:3.12"
    assert room.get("/workflows").get_json()["workflows"] == []


# -- refusing ---------------------------------------------------------------------------------------------
SWEPT = "/steps/0/sweep"
FIRST = f"{SWEPT}/parameters/0"


def parameters(*given: Any) -> dict[str, Any]:
    return {"way": "product", "parameters": list(given)}


@pytest.mark.parametrize(
    ("sweep", "places"),
    [
        (None, [SWEPT]),
        ({}, [f"{SWEPT}/way"]),
        ({"way": "grid"}, [f"{SWEPT}/way"]),
        ({"way": ["zip"]}, [f"{SWEPT}/way"]),
        ({"way": "zip"}, [f"{SWEPT}/parameters", SWEPT]),
        ({"way": "product", "parameters": []}, [f"{SWEPT}/parameters"]),
        ({"way": "product", "parameters": {}}, [f"{SWEPT}/parameters"]),
        ({"way": "product", "parameters": [GRID] * 101}, [f"{SWEPT}/parameters"]),
        ({"way": "repeat"}, [f"{SWEPT}/number"]),
        ({"way": "repeat", "number": 0}, [f"{SWEPT}/number"]),
        ({"way": "repeat", "number": "3"}, [f"{SWEPT}/number"]),
        ({"way": "repeat", "number": 1.5}, [f"{SWEPT}/number"]),
        ({"way": "repeat", "number": 10**7}, [f"{SWEPT}/number"]),
        ({"way": "repeat", "number": True}, [f"{SWEPT}/number"]),
        ({"way": "repeat", "number": 2, "parameters": [listed("a", 1)]}, [f"{SWEPT}/parameters"]),
        ({**parameters(GRID), "number": 3}, [f"{SWEPT}/number"]),
        ({**parameters(GRID), "more": 3}, [f"{SWEPT}/more"]),
        (parameters("x"), [FIRST]),
        (parameters({"name": "x"}), [FIRST]),
        (parameters({**GRID, "values": [1]}), [FIRST]),
        (parameters({**GRID, "number": 1}), [FIRST]),
        (parameters({"name": "x", "start": 0, "end": 1}), [FIRST]),
        (parameters({**GRID, "name": "1x"}), [f"{FIRST}/name"]),
        (parameters({**GRID, "name": "x y"}), [f"{FIRST}/name"]),
        (parameters({**GRID, "name": "TIDEGATE_JOB_ID"}), [f"{FIRST}/name"]),
        (parameters({"values": [1]}), [f"{FIRST}/name"]),
        (parameters({**GRID, "x/y": 1}), [f"{FIRST}/x~1y"]),
        (parameters({**GRID, "step": 0}), [f"{FIRST}/step"]),
        (parameters({**GRID, "step": -1}), [f"{FIRST}/step"]),
        (parameters({**GRID, "step": "1"}), [f"{FIRST}/step"]),
        (parameters({**GRID, "start": None, "end": True}), [f"{FIRST}/start", f"{FIRST}/end"]),
        (parameters({**GRID, "step": 1e-9}), [FIRST, SWEPT]),
        (parameters({"name": "x", "start": 0, "end": 1, "number": 0}), [f"{FIRST}/number"]),
        (parameters({"name": "x", "start": "a", "end": 1, "number": 2}), [f"{FIRST}/start"]),
        (parameters({"name": "x", "values": []}), [f"{FIRST}/values"]),
        (parameters({"name": "x", "values": "abc"}), [f"{FIRST}/values"]),
        (parameters({"name": "x", "values": [1, None]}), [f"{FIRST}/values/1"]),
        (parameters({"name": "x", "values": [[1]]}), [f"{FIRST}/values/0"]),
        (parameters({"name": "x", "values": ["x" * 4097]}), [f"{FIRST}/values/0"]),
        (parameters(GRID, GRID), [f"{SWEPT}/parameters/1/name"]),
        (
            {"way": "zip", "parameters": [listed("a", 1), listed("b", 1, 2)]},
            [f"{SWEPT}/parameters"],
        ),
        (parameters(*({"name": n, "start": 1, "end": 1000, "step": 1} for n in "abc")), [SWEPT]),
    ],
)  # fmt: skip
def test_sweeps_that_are_none(room: Room, sweep: Any, places: list[str]) -> None:
    assert pointers(room, document(step("s", sweep=sweep))) == places


@pytest.mark.parametrize("number", ["1e999999999999999999999", "1e400", "-1e50", "1e-200", "9" * 50])
def test_numbers_beyond_all_numbers(room: Room, number: str) -> None:
    for text in (f'"values": [{number}]', f'"start": {number}, "end": 1, "step": 1'):
        sweep = f'{{"way": "product", "parameters": [{{"name": "x", {text}}}]}}'
        body = (
            f'{{"steps": [{{"name": "s", "environment": "small", "command": ["true"], "sweep": {sweep}}}]}}'
        )
        answer = room.call("POST", "/workflows", data=body, content_type="application/json")
        assert answer.status_code == 422
        (error,) = answer.get_json()["errors"]
        assert error["pointer"].startswith(f"{FIRST}/")


@pytest.mark.parametrize(
    ("sent", "places"),
    [
        ({}, ["/steps"]),
        ({"steps": []}, ["/steps"]),
        ({"steps": {}}, ["/steps"]),
        ({"steps": [3]}, ["/steps/0"]),
        ({"steps": [step("a")] * 10_001}, ["/steps"]),
        (document(step("a"), more=1), ["/more"]),
        (document(step("a"), name=1), ["/name"]),
        (document(step("a"), name="a\nb"), ["/name"]),
        (document(step("a"), labels=["x"]), ["/labels"]),
        (document(step("a"), labels={"!": "x"}), ["/labels/!"]),
        (document(dict(JOB)), ["/steps/0/name"]),
        (document(step("")), ["/steps/0/name"]),
        (document({**JOB, "name": 1}), ["/steps/0/name"]),
        (document(step("a"), step("a")), ["/steps/1/name"]),
        (document(step("a", "b")), ["/steps/0/after/0"]),
        (document({**step("a"), "after": "b"}), ["/steps/0/after"]),
        (document({**step("a"), "after": [1]}), ["/steps/0/after/0"]),
        (document(step("a", "a")), ["/steps"]),
        (document(step("a", "b"), step("b", "a")), ["/steps"]),
        (document(step("a", comand=["x"])), ["/steps/0/comand"]),
        (document(step("a", command="ls")), ["/steps/0/command"]),
        (document(step("a", command=[1])), ["/steps/0/command/0"]),
        (document(step("a", labels={"!": "x"})), ["/steps/0/labels/!"]),
        (document(step("a", variables={"A=B": "x"})), ["/steps/0/variables/A=B"]),
        (document(step("a", resources={"memory": "much"})), ["/steps/0/resources/memory"]),
        (document(step("a", inputs=[{"path": "x", "sandbox": "none"}])), ["/steps/0/inputs/0/sandbox"]),
        (document(step("a", inputs=[{"path": "x", "output": NO_OUTPUT}])), ["/steps/0/inputs/0/output"]),
        (document(step("a", environment="nowhere")), ["/steps/0/environment"]),
        (document(step("a", environment="priced")), ["/steps/0/environment"]),
        (document(step("a", resources={"cpus": 99})), ["/steps/0/resources/cpus"]),
        (document(step("a", timeouts={"run": 10**6})), ["/steps/0/timeouts/run"]),
        (
            document(step("a"), step("b", sweep=parameters(listed("x", "../y")), outputs=["$x"])),
            ["/steps/1/outputs/0"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(room: Room, sent: Any, places: list[str]) -> None:
    assert pointers(room, sent) == places
    assert room.get("/workflows").get_json()["workflows"] == []


def test_every_problem_at_once(room: Room) -> None:
    sent = document(
        step("a", "nobody", command="ls", sweep={"way": "all"}),
        step("b", "a", variables={"A=B": "x"}),
        {"after": [], "environment": 3, "command": ["true"]},
        labels={"!": "x"},
    )
    assert set(pointers(room, sent)) == {
        "/steps/0/command", "/steps/0/sweep/way", "/steps/0/after/0", "/steps/1/variables/A=B",
        "/steps/2/name", "/steps/2/environment", "/labels/!",
    }  # fmt: skip


def test_not_more_than_anybody_reads_is_told(room: Room) -> None:
    assert len(pointers(room, document(*({"name": f"s{n}"} for n in range(1000))))) == 200


def test_another_key_than_a_keys_shape(room: Room) -> None:
    answer = room.call("POST", "/workflows", json=document(step("a")), headers={"Idempotency-Key": "a b"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_key")
