"""Workflows that were taken: shown, listed, followed, stopped, run again, copied."""

from pathlib import Path

import pytest

from services.compute.domain.quotas import Quota, Quotas
from tests.fakes.compute_room import Room
from tests.fakes.native_workflows import document, end_all, jobs_of, step, stored, submit


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path, quotas=Quotas(principal=Quota()))


# -- looking ----------------------------------------------------------------------------------------------
def test_the_graph_with_its_progress(room: Room) -> None:
    uid = submit(
        room, step("a", sweep={"way": "repeat", "number": 3}), step("b"), step("c", "a", "b"), step("d", "c")
    )
    first = room.get(f"/workflows/{uid}")
    shown = first.get_json()
    assert (shown["state"], shown["jobs"]["total"], shown["jobs"]["unfinished"]) == ("pending", 6, 4)
    assert [(one["name"], one["after"], one["state"]) for one in shown["steps"]] == [
        ("a", [], "running"),
        ("b", [], "running"),
        ("c", ["a", "b"], "waiting"),
        ("d", ["c"], "waiting"),
    ]
    again = room.get(f"/workflows/{uid}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    job = jobs_of(room, uid, "?step=a")[0]["uid"]
    room.run(job, exit_code=1)
    now = room.get(f"/workflows/{uid}", headers={"If-None-Match": first.headers["ETag"]}).get_json()
    counts = {"total": 3, "succeeded": 0, "failed": 1, "unfinished": 2, "waiting": 0, "kept": 0}
    assert (now["state"], now["steps"][0]["jobs"]) == ("running", counts)
    end_all(room, uid)
    over = room.get(f"/workflows/{uid}").get_json()
    assert (over["state"], over["reason"]["code"]) == ("failed", "jobs_failed")
    assert [one["state"] for one in over["steps"]] == ["failed", "succeeded", "skipped", "skipped"]


def test_steps_that_are_at_work_or_done(room: Room) -> None:
    uid = submit(room, step("a"), step("b", "a"))
    end_all(room, uid)
    shown = room.get(f"/workflows/{uid}").get_json()
    assert (shown["state"], [one["state"] for one in shown["steps"]]) == ("succeeded", ["succeeded"] * 2)
    assert shown["finished_at"] >= shown["started_at"] >= shown["submitted_at"]


def test_jobs_of_a_workflow(room: Room) -> None:
    uid = submit(room, step("a", sweep={"way": "repeat", "number": 5}), step("b"))
    alone = room.submit()
    number = stored(room, uid).id
    assert [job["workflow"]["instance"] for job in jobs_of(room, uid, "?step=a")] == [4, 3, 2, 1, 0]
    (other,) = jobs_of(room, uid, "?step=b")
    assert (other["workflow"]["instance"], other["workflow"]["parameters"]) == (None, {})
    for query in (f"workflow={uid}", f"workflow={number}"):
        listed = room.get(f"/jobs?{query}").get_json()["jobs"]
        assert len(listed) == 6
        assert alone not in [job["uid"] for job in listed]
    first = room.get(f"/workflows/{number}/jobs?limit=4").get_json()
    second = room.get(f"/workflows/{number}/jobs?limit=4&cursor={first['next']}").get_json()
    assert (len(first["jobs"]), len(second["jobs"]), second["next"]) == (4, 2, None)
    assert room.get(f"/jobs/{alone}").get_json()["workflow"] is None
    assert jobs_of(room, uid, "?state=succeeded") == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/workflows/{uid}/jobs?step=none", 400),
        ("/workflows/{uid}/jobs?all=true", 400),
        ("/workflows/{uid}/jobs?cursor=x", 400),
        ("/workflows/{uid}/jobs?limit=0", 400),
        ("/workflows?cursor=x", 400),
        ("/workflows?state=held", 400),
        ("/workflows?since=1", 400),
        ("/workflows?label=a", 400),
        ("/jobs?workflow=none", 404),
        ("/jobs?workflow=999999", 404),
        ("/workflows/" + "9" * 30, 404),
        ("/workflows/none", 404),
        ("/workflows/none/jobs", 404),
    ],
)
def test_questions_without_an_answer(room: Room, path: str, code: int) -> None:
    uid = submit(room, step("a"))
    answer = room.get(path.format(uid=uid))
    assert (answer.status_code, answer.mimetype) == (code, "application/problem+json")


def test_pages_of_workflows(room: Room) -> None:
    uids = [submit(room, step("a"), name=f"w{number}", labels={"n": str(number % 2)}) for number in range(5)]
    first = room.get("/workflows?limit=3").get_json()
    second = room.get(f"/workflows?limit=3&cursor={first['next']}").get_json()
    assert [one["uid"] for one in first["workflows"] + second["workflows"]] == uids[::-1]
    assert second["next"] is None
    room.call("POST", f"/workflows/{uids[0]}/cancel")

    def found(query: str) -> list[int]:
        return [uids.index(one["uid"]) for one in room.get(f"/workflows?{query}").get_json()["workflows"]]

    assert found("state=cancelled") == [0]
    assert found("state=pending,running&label=n=1") == [3, 1]
    assert (found("name=w2"), found("dialect=prominence")) == ([2], [])


# -- others -----------------------------------------------------------------------------------------------
def test_somebody_elses_and_none_look_the_same(room: Room) -> None:
    uid = submit(room, step("a"))
    for method, path in (
        ("GET", ""), ("GET", "/jobs"), ("POST", "/cancel"), ("POST", "/rerun"), ("POST", "/clone")
    ):  # fmt: skip
        theirs = room.call(method, f"/workflows/{uid}{path}", token="bob")
        none = room.call(method, f"/workflows/{'0' * 32}{path}", token="bob")
        assert theirs.status_code == none.status_code == 404
        assert theirs.get_json()["code"] == none.get_json()["code"] == "no_such_workflow"
    assert room.get(f"/jobs?workflow={uid}", token="bob").status_code == 404
    assert room.get("/workflows", token="bob").get_json()["workflows"] == []
    assert not stored(room, uid).is_final


def test_everybodys_are_for_administrators(room: Room) -> None:
    uid = submit(room, step("a"))
    assert [one["uid"] for one in room.get("/workflows?all=true", token="root").get_json()["workflows"]] == [
        uid
    ]
    assert len(room.get(f"/jobs?workflow={uid}&all=true", token="root").get_json()["jobs"]) == 1
    for token in ("ada", "demoted"):
        assert room.get("/workflows?all=true", token=token).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/workflows", "write"),
        ("POST", "/workflows/validate", "write"),
        ("GET", "/workflows", "read"),
        ("GET", "/workflows/{uid}", "read"),
        ("GET", "/workflows/{uid}/jobs", "read"),
        ("POST", "/workflows/{uid}/cancel", "write"),
        ("POST", "/workflows/{uid}/rerun", "write"),
        ("POST", "/workflows/{uid}/clone", "write"),
    ],
)
def test_scopes(room: Room, method: str, path: str, scope: str) -> None:
    path = path.format(uid=submit(room, step("a")))
    body = {"json": document(step("x"))} if path in ("/workflows", "/workflows/validate") else {}
    body = body if method == "POST" else {}
    allowed, other = ("writer", "reader") if scope == "write" else ("reader", "writer")
    assert room.call(method, path, token=None, **body).status_code == 401
    assert room.call(method, path, token=other, **body).status_code == 403
    assert room.call(method, path, token="nobody", **body).status_code == 403
    assert room.call(method, path, token=allowed, **body).status_code in (200, 201, 409)


# -- changing ---------------------------------------------------------------------------------------------
def test_cancel(room: Room) -> None:
    uid = submit(room, step("a"), step("b", "a"))
    answer = room.call("POST", f"/workflows/{uid}/cancel")
    assert (answer.status_code, answer.get_json()["state"]) == (200, "cancelled")
    assert [job["state"] for job in jobs_of(room, uid)] == ["cancelled"]
    assert room.call("POST", f"/workflows/{uid}/cancel").status_code == 200
    shown = room.get(f"/workflows/{uid}").get_json()
    assert [one["state"] for one in shown["steps"]] == ["cancelled", "cancelled"]


def test_what_has_ended_is_not_stopped(room: Room) -> None:
    uid = submit(room, step("a"))
    end_all(room, uid)
    answer = room.call("POST", f"/workflows/{uid}/cancel")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "already_finished")


def test_rerun_keeps_what_went_well(room: Room) -> None:
    uid = submit(room, step("a"), step("b", "a"))
    early = room.call("POST", f"/workflows/{uid}/rerun")
    assert (early.status_code, early.get_json()["code"]) == (409, "not_finished")
    end_all(room, uid, failing=("b",))
    sent = {"headers": {"Idempotency-Key": "again"}}
    first, second = (room.call("POST", f"/workflows/{uid}/rerun", **sent) for _ in range(2))
    assert (first.status_code, first.data) == (201, second.data)
    new = first.get_json()["uid"]
    shown = room.get(f"/workflows/{new}").get_json()
    assert (shown["rerun_of"], [one["jobs"]["kept"] for one in shown["steps"]]) == (uid, [1, 0])
    assert [job["workflow"]["step"] for job in jobs_of(room, new)] == ["b"]
    end_all(room, new)
    assert room.get(f"/workflows/{new}").get_json()["state"] == "succeeded"


def test_clone(room: Room) -> None:
    uid = submit(room, step("a", sweep={"way": "repeat", "number": 2}), labels={"k": "v"})
    answer = room.call("POST", f"/workflows/{uid}/clone", headers={"Idempotency-Key": "c"})
    new = answer.get_json()
    assert (answer.status_code, new["jobs"], new["uid"] == uid) == (201, 2, False)
    assert room.store.described_workflow(new["uid"]) == room.store.described_workflow(uid)


def test_a_clone_that_may_not_be_taken_any_more(room: Room) -> None:
    source = room.submit()
    room.run(source, files={"o.txt": b"o"})
    uid = submit(room, step("a", inputs=[{"path": "x", "output": f"{source}/o.txt"}]))
    room.store.purge(source)
    answer = room.call("POST", f"/workflows/{uid}/clone")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_workflow")
