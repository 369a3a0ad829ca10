"""Commands and snapshots inside of running jobs, by the requests of the newer command line."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.compute.domain.errands import Errand, ErrandState
from services.compute.domain.job import NewJob
from services.compute.domain.layout import stored_errand
from services.compute.domain.spec import Folder, Input, Source
from services.compute.ports.store import Lease
from tests.fakes.compute_jobs import spec
from tests.fakes.compute_prominence import Prominence
from tests.fakes.compute_room import ADA
from tests.fakes.compute_side import MemoryErrands
from tests.fakes.compute_store import MemoryJobStore

pytestmark = pytest.mark.clause("prominence 1.1")

EMPTY = {"Content-Type": "application/json", "Content-Length": "0"}


@pytest.fixture
def room(tmp_path: Path) -> Prominence:
    store = MemoryJobStore()
    return Prominence(tmp_path, store=store, errands=MemoryErrands(store))


def running(room: Prominence, **members: Any) -> tuple[int, Lease]:
    number = room.submit(**members)
    return number, room.start(number)


def serve(room: Prominence, lease: Lease, output: bytes = b"", **outcome: Any) -> list[str]:
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


def test_exec(room: Prominence) -> None:
    number, lease = running(room)
    seen = serve(room, lease, "héllo\n".encode())
    answer = room.call("POST", f"/jobs/{number}/exec?command=ls%2C-l%2C%2Ftmp", headers=EMPTY)
    assert (answer.status_code, answer.data) == (200, "héllo\n".encode())
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert seen == ["ls -l /tmp"]
    (command,) = room.described(number)["execution"]["commands"]
    assert command["command"] == "ls -l /tmp"


def test_a_command_that_fails(room: Prominence) -> None:
    number, lease = running(room)
    serve(room, lease, b"no such file", exit_code=2)
    answer = room.call("POST", f"/jobs/{number}/exec?command=cat,x")
    assert answer.status_code == 400
    assert answer.get_json() == {
        "error": "Unable to execute command",
        "exitCode": 2,
        "output": "no such file",
    }


def test_a_command_that_nobody_does(room: Prominence) -> None:
    number, _ = running(room)
    before = room.clock.paused
    answer = room.call("POST", f"/jobs/{number}/exec?command=ls")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "Unable to execute command")
    assert room.clock.paused - before < 25


def test_a_command_that_could_not_be_done(room: Prominence) -> None:
    number, lease = running(room)
    serve(room, lease, state=ErrandState.FAILED, sentence="The worker died.")
    answer = room.call("POST", f"/jobs/{number}/exec?command=ls")
    assert answer.get_json() == {"error": "Unable to execute command", "reason": "The worker died."}


@pytest.mark.parametrize("query", ["", "?command=", "?command=,", "?command=" + "x" * 20_000])
def test_no_command(room: Prominence, query: str) -> None:
    number, _ = running(room)
    answer = room.call("POST", f"/jobs/{number}/exec{query}")
    assert answer.status_code == 400
    assert answer.get_json() == {"error": "A command to execute must be specified"}


@pytest.mark.parametrize(("method", "path"), [("POST", "exec?command=ls"), ("PUT", "snapshot?path=out.txt")])
def test_nothing_is_done_in_a_job_that_does_not_run(room: Prominence, method: str, path: str) -> None:
    pending, ended = room.submit(), room.submit()
    room.run(ended)
    for number in (pending, ended):
        answer = room.call(method, f"/jobs/{number}/{path}")
        assert (answer.status_code, answer.get_json()) == (400, {"error": "Job is not running"})


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "exec?command=cat,/data/x"), ("PUT", "snapshot?path=/work")]
)
def test_nobody_looks_inside_of_a_job_on_granted_data(room: Prominence, method: str, path: str) -> None:
    given = Input(source=Source.GRANT, path="/data/x", value="handle")
    folders = (Folder(path="/work", writable=True),)
    job = room.other(
        NewJob(owner=ADA.subject, dialect="ocean", spec=spec("small", inputs=(given,), folders=folders))
    )
    room.start(job.id)
    assert room.call(method, f"/jobs/{job.id}/{path}").status_code == 403
    assert room.errands.errands(job.uid) == []


def test_snapshot(room: Prominence) -> None:
    number, lease = running(room)
    seen = serve(room, lease, b"a tarball")
    taken = room.call("PUT", f"/jobs/{number}/snapshot?path=out.txt", headers=EMPTY)
    assert (taken.status_code, taken.data) == (200, b"{}")
    assert seen == ["/home/user/out.txt"]
    url = room.get(f"/jobs/{number}/snapshot").get_json()["url"]
    fetched = room.http.get(url.removeprefix("https://gate.example"))
    assert (fetched.status_code, fetched.data, fetched.mimetype) == (200, b"a tarball", "application/gzip")


def test_a_snapshot_of_an_ended_job_can_still_be_fetched(room: Prominence) -> None:
    number, lease = running(room)
    serve(room, lease, b"x")
    room.call("PUT", f"/jobs/{number}/snapshot?path=.")
    room.finish(lease)
    assert room.get(f"/jobs/{number}/snapshot").status_code == 200


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "A path to snapshot must be specified"), ("/etc/passwd", "Invalid path"), ("/", "Invalid path"),
        ("../x", "Invalid path"), ("a/../../x", "Invalid path"), ("/home/user/../../etc", "Invalid path"),
        ("a%0Ab", "Invalid path"), ("x" * 2000, "Invalid path"), ("/home/username", "Invalid path"),
    ],
)  # fmt: skip
def test_paths_that_cannot_be(room: Prominence, path: str, text: str) -> None:
    number, _ = running(room)
    answer = room.call("PUT", f"/jobs/{number}/snapshot?path={path}")
    assert (answer.status_code, answer.get_json()) == (400, {"error": text})


def test_no_snapshot(room: Prominence) -> None:
    number, _ = running(room)
    answer = room.get(f"/jobs/{number}/snapshot")
    assert (answer.status_code, answer.get_json()) == (400, {"error": "No snapshot of this job was made"})


def test_a_link_to_a_snapshot_is_of_one_snapshot(room: Prominence) -> None:
    number, lease = running(room)
    serve(room, lease, b"x")
    room.call("PUT", f"/jobs/{number}/snapshot?path=a")
    url = room.get(f"/jobs/{number}/snapshot").get_json()["url"].removeprefix("https://gate.example")
    path, query = url.split("?")
    for other in (
        path[:-1] + ("1" if path[-1] == "0" else "0"),
        path + "0",
        path.replace("snapshots", "outputs"),
    ):
        assert room.http.get(f"{other}?{query}").status_code in (403, 404)


def test_a_gateway_where_nothing_is_done_inside(tmp_path: Path) -> None:
    room = Prominence(tmp_path)
    number, _ = running(room)
    for method, path in (("POST", "exec?command=ls"), ("PUT", "snapshot?path=x")):
        answer = room.call(method, f"/jobs/{number}/{path}")
        assert answer.status_code == 400
        assert answer.get_json()["error"].startswith("Nothing can be done inside")
