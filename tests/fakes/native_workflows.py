"""Native workflow documents for tests, and how their jobs come to an end in a room."""

from collections.abc import Mapping
from typing import Any

from services.compute.domain.workflow import Workflow
from tests.fakes.compute_room import Room

JOB: Mapping[str, Any] = {"environment": "small", "command": ["true"], "resources": {"cpus": 0.1}}
GRID = {"name": "x", "start": 0, "end": 1, "step": 0.25}


def listed(name: str, *values: Any) -> dict[str, Any]:
    return {"name": name, "values": list(values)}


def step(name: str, *after: str, **members: Any) -> dict[str, Any]:
    return {**JOB, "name": name, "after": list(after), **members}


def document(*steps: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    return {"name": "tides", "steps": list(steps), **members}


def submit(room: Room, *steps: Mapping[str, Any], token: str = "ada", **members: Any) -> str:
    answer = room.call("POST", "/workflows", token=token, json=document(*steps, **members))
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["uid"])


def stored(room: Room, uid: str) -> Workflow:
    found: Workflow = room.store.find_workflow(uid, None)
    return found


def jobs_of(room: Room, uid: str, query: str = "", **more: Any) -> list[dict[str, Any]]:
    answer = room.get(f"/workflows/{uid}/jobs{query}", **more)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: list[dict[str, Any]] = answer.get_json()["jobs"]
    return found


def end_all(room: Room, uid: str, failing: tuple[str, ...] = ()) -> None:
    """Until nothing more happens; jobs of the steps named `failing` fail."""
    while unfinished := [job for job in jobs_of(room, uid) if job["finished_at"] is None]:
        for job in unfinished:
            room.run(job["uid"], exit_code=1 if job["workflow"]["step"] in failing else 0)
        for due in room.store.due_workflows(room.clock.now(), 100):
            room.store.feed(due, room.quotas, room.clock.now())


def pointers(room: Room, sent: Any) -> list[str]:
    answer = room.call("POST", "/workflows", json=sent)
    assert answer.status_code == 422, answer.get_data(as_text=True)
    problem = answer.get_json()
    assert problem["code"] in ("invalid_workflow", "environment_refuses")
    return [entry["pointer"] for entry in problem["errors"]]
