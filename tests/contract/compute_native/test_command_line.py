"""`tidegate workflow` and `tidegate exec` against this room."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from libs.client.main import main
from services.compute.domain.errands import ErrandState
from services.compute.domain.layout import stored_errand
from services.compute.domain.quotas import Quota, Quotas
from tests.fakes.compute_room import Room
from tests.fakes.native_workflows import document, end_all, step

Run = Callable[..., int]
REPEAT = {"way": "repeat", "number": 2}


class RoomAdapter(requests.adapters.BaseAdapter):
    """Brings requests into the room without a network."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        answer = self._room.http.open(
            request.path_url, method=request.method, headers=dict(request.headers), data=request.body
        )
        made = requests.Response()
        made.status_code, made.url = answer.status_code, str(request.url)
        made.headers.update(answer.headers)
        made.raw = io.BytesIO(answer.data)
        return made

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path, quotas=Quotas(principal=Quota()))


@pytest.fixture
def tidegate(room: Room, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line of ada."""
    monkeypatch.setattr(requests.Session, "get_adapter", lambda *_, **__: RoomAdapter(room))
    environment = {"TIDEGATE_URL": "http://gate.example", "TIDEGATE_TOKEN": "ada"}
    return lambda *words: main(words, environment)


@pytest.fixture
def submitted(room: Room, tidegate: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The number of a workflow."""
    file = tmp_path / "flow.json"
    bare = {name: value for name, value in step("b", "a").items() if name != "environment"}
    file.write_text(json.dumps(document(step("a", sweep=REPEAT), bare)))
    assert tidegate("workflow", "submit", str(file), "-n", "renamed", "-l", "k=v") == 0
    return capsys.readouterr().out.strip()


def documents(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_workflow_is_submitted_listed_and_shown(
    room: Room, tidegate: Run, submitted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tidegate("workflow", "list") == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "NAME", "STATE", "SUBMITTED", "RAN", "JOBS"]
    assert row.split()[:3] == [submitted, "renamed", "pending"]
    assert row.endswith("0/3, 2 under way")
    assert tidegate("workflow", "show", submitted) == 0
    shown = capsys.readouterr().out
    assert "labels      k=v" in shown
    assert shown.endswith("a     running  0/2, 2 under way\n└─ b  waiting  0/1\n")
    assert tidegate("--json", "workflow", "show", submitted) == 0
    assert [one["name"] for one in documents(capsys)[0]["steps"]] == ["a", "b"]
    steps = room.store.described_workflow(room.store.find_workflow(int(submitted), None).uid).steps
    assert [one.spec.environment for one in steps] == ["small", "small"]


def test_jobs(tidegate: Run, submitted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tidegate("workflow", "jobs", submitted, "--step", "a") == 0
    assert "renamed/a/1" in capsys.readouterr().out
    assert tidegate("--json", "workflow", "jobs", submitted, "-n", "1") == 0
    (job,) = documents(capsys)
    assert job["workflow"]["instance"] == 1
    assert tidegate("workflow", "jobs", submitted, "--step", "none") == 3
    assert "no step of this name" in capsys.readouterr().err


def test_changes(room: Room, tidegate: Run, submitted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tidegate("workflow", "rerun", submitted) == 3
    assert tidegate("workflow", "cancel", submitted) == 0
    assert "is stopped" in capsys.readouterr().err
    assert tidegate("workflow", "rerun", submitted) == 0
    assert int(capsys.readouterr().out) > int(submitted)
    assert tidegate("workflow", "clone", submitted) == 0
    number = int(capsys.readouterr().out)
    end_all(room, room.store.find_workflow(number, None).uid)
    assert tidegate("--json", "workflow", "list", "--state", "succeeded") == 0
    assert [one["id"] for one in documents(capsys)] == [number]
    assert tidegate("workflow", "show", "none") == 6


def test_what_is_wrong_is_told_with_its_place(
    tidegate: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flow.json"
    file.write_text(json.dumps(document(step("a", "nobody", command="ls"))))
    assert tidegate("workflow", "submit", str(file), "--dry-run") == 3
    told = capsys.readouterr().err
    assert "/steps/0/command" in told
    assert "/steps/0/after/0" in told
    file.write_text("[]")
    assert tidegate("workflow", "submit", str(file)) == 2


def test_a_dry_run_takes_nothing(tidegate: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "flow.json"
    file.write_text(json.dumps(document(step("a", sweep=REPEAT))))
    assert tidegate("workflow", "submit", str(file), "--dry-run") == 0
    assert documents(capsys)[0]["jobs"] == 2
    assert tidegate("--json", "workflow", "list") == 0
    assert documents(capsys) == []


@pytest.mark.parametrize(("failing", "code", "told"), [((), 0, ""), (("a",), 1, "1 of 1 jobs")])
def test_waiting(
    room: Room,
    tidegate: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    failing: Any,
    code: int,
    told: str,
) -> None:
    file = tmp_path / "flow.json"
    file.write_text(json.dumps(document(step("a"))))
    assert tidegate("--quiet", "workflow", "submit", str(file), "--key", "k") == 0
    end_all(room, room.store.find_workflow(int(capsys.readouterr().out), None).uid, failing)
    assert tidegate("workflow", "submit", str(file), "--key", "k", "--wait") == code
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [(("--", "ls", "-l", "a b"), "ls -l 'a b'"), (("--", "ls | wc"), "ls | wc"), (("id",), "id")],
)
def test_exec(
    room: Room, tidegate: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], line: str
) -> None:
    lease = room.start(room.submit())

    def work() -> None:
        (asked,) = room.errands.asked([lease.uid], room.clock.now())[lease.uid]
        room.errands.take(lease, asked.uid, room.clock.now())
        room.files.put(stored_errand(lease.uid, asked.uid), [asked.argument.encode()])
        done = replace(asked, state=ErrandState.DONE, size=9, exit_code=2)
        room.errands.finish(lease, done, room.clock.now())

    room.clock.after(0.01, work)
    assert tidegate("exec", lease.uid, *words) == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == (line, "exit code 2\n")


def test_exec_of_nothing(tidegate: Run) -> None:
    assert tidegate("exec", "1") == 2
