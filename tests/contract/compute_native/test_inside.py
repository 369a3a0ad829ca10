"""Commands and snapshots inside of running jobs."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.errands import Errand, ErrandKind, ErrandState
from services.compute.domain.job import NewJob
from services.compute.domain.layout import stored_errand
from services.compute.domain.spec import Folder, Input, Source
from services.compute.ports.store import Lease
from tests.fakes.compute_jobs import spec
from tests.fakes.compute_room import ADA, Room


def running(room: Room, **members: Any) -> Lease:
    return room.start(room.submit(**members))


def serve(room: Room, lease: Lease, output: bytes = b"", **outcome: Any) -> list[str]:
    """A worker that takes whatever is asked a moment later; returns the arguments it sees."""
    seen: list[str] = []

    def work() -> None:
        for asked in room.errands.asked([lease.uid], room.clock.now()).get(lease.uid, ()):
            seen.append(asked.argument)
            assert room.errands.take(lease, asked.uid, room.clock.now())
            room.files.put(stored_errand(lease.uid, asked.uid), [output])
            done: Errand = replace(asked, state=ErrandState.DONE, size=len(output), exit_code=0)
            room.errands.finish(lease, replace(done, **outcome), room.clock.now())

    room.clock.after(0.01, work)
    return seen


def execute(room: Room, uid: str, line: Any = "ls", **more: Any) -> Any:
    return room.call("POST", f"/jobs/{uid}/exec", json={"command": line}, **more)


def test_a_command(room: Room) -> None:
    lease = running(room)
    seen = serve(room, lease, "héllo, you\n".encode())
    answer = execute(room, lease.uid, "echo héllo, you | cat")
    assert (answer.status_code, answer.get_json()) == (200, {"exit_code": 0, "text": "héllo, you\n"})
    assert seen == ["echo héllo, you | cat"]
    (asked,) = room.errands.errands(lease.uid)
    assert asked.by == ADA.subject


def test_a_command_that_fails_and_writes_bytes(room: Room) -> None:
    lease = running(room)
    serve(room, lease, b"\xff\x00", exit_code=3)
    shown = execute(room, lease.uid).get_json()
    assert shown == {"exit_code": 3, "base64": base64.b64encode(b"\xff\x00").decode()}


def test_a_command_that_could_not_be_done(room: Room) -> None:
    lease = running(room)
    serve(room, lease, state=ErrandState.FAILED, sentence="The worker died.")
    answer = execute(room, lease.uid)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "not_done")
    assert answer.get_json()["detail"] == "The worker died."


def test_a_command_that_nobody_does(room: Room) -> None:
    lease = running(room)
    assert execute(room, lease.uid).get_json()["code"] == "not_done"
    assert room.clock.paused < 25


@pytest.mark.parametrize("line", [None, "", "  ", 3, ["ls"], "x" * 16_385])
def test_no_command(room: Room, line: Any) -> None:
    answer = execute(room, running(room).uid, line)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")


def test_other_members_and_parameters_are_refused(room: Room) -> None:
    path = f"/jobs/{running(room).uid}/exec"
    assert room.call("POST", path, json={"command": "ls", "as": "root"}).status_code == 400
    assert room.call("POST", f"{path}?command=ls", json={"command": "ls"}).status_code == 400
    assert room.call("POST", path, data=b"ls").status_code == 400


def test_nothing_is_done_in_a_job_that_does_not_run(room: Room) -> None:
    waiting, ended = room.submit(), room.submit()
    room.run(ended)
    for uid in (waiting, ended):
        for answer in (execute(room, uid), room.get(f"/jobs/{uid}/snapshot?path=outputs")):
            assert (answer.status_code, answer.get_json()["code"]) == (409, "not_running")


def test_nobody_looks_inside_of_a_job_on_granted_data(room: Room) -> None:
    given = Input(source=Source.GRANT, path="/data/x", value="handle")
    granted = spec(
        "small", inputs=(given,), folders=(Folder(path="/work", writable=True), Folder(path="/data"))
    )
    job = room.parts.submit(NewJob(owner=ADA.subject, dialect="ocean", spec=granted)).job
    room.start(job.uid)
    for answer in (execute(room, job.uid, "cat /data/x"), room.get(f"/jobs/{job.uid}/snapshot?path=/data")):
        assert (answer.status_code, answer.get_json()["code"]) == (403, "closed_job")
    assert room.errands.errands(job.uid) == []


def test_somebody_elses(room: Room) -> None:
    uid = running(room).uid
    assert execute(room, uid, token="bob").status_code == 404
    assert room.get(f"/jobs/{uid}/snapshot?path=x", token="bob").status_code == 404
    for token, status in ((None, 401), ("reader", 403), ("nobody", 403)):
        assert execute(room, uid, token=token).status_code == status
        assert room.get(f"/jobs/{uid}/snapshot?path=x", token=token).status_code == status
    assert room.errands.errands(uid) == []


@pytest.mark.parametrize(
    ("path", "inside", "name"),
    [
        ("outputs/a", "/work/outputs/a", "a.tgz"),
        (".", "/work", "work.tgz"),
        ("/work/x", "/work/x", "x.tgz"),
    ],
)
def test_a_snapshot(room: Room, path: str, inside: str, name: str) -> None:
    lease = running(room)
    seen = serve(room, lease, b"a tarball")
    answer = room.get(f"/jobs/{lease.uid}/snapshot?path={path}")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"a tarball", "application/gzip")
    assert (answer.headers["Content-Length"], seen) == ("9", [inside])
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"


@pytest.mark.parametrize(
    "path", ["", "..", "../x", "/work/../etc", "/etc/passwd", "/worker", "/", "a%0Ab", "x" * 1025]
)
def test_paths_that_lead_elsewhere(room: Room, path: str) -> None:
    uid = running(room).uid
    answer = room.get(f"/jobs/{uid}/snapshot?path={path}")
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (400, "/path")
    assert room.errands.errands(uid) == []


def test_to_look_makes_no_snapshot(room: Room) -> None:
    uid = running(room).uid
    answer = room.call("HEAD", f"/jobs/{uid}/snapshot?path=x")
    assert (answer.status_code, answer.data, room.errands.errands(uid)) == (200, b"", [])


def test_one_job_has_only_so_many_at_a_time(room: Room) -> None:
    lease = running(room)
    now = room.clock.now()
    for _ in range(16):
        room.errands.ask(lease.uid, ErrandKind.EXEC, "ls", "x", now, now + 60)
    answer = execute(room, lease.uid)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "quota_exceeded")
    assert answer.headers["Retry-After"]
