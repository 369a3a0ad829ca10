"""What a listing shows, by every parameter of contract 1.3, as the command lines send them."""

from dataclasses import replace

import pytest

from services.compute.dialects.prominence.rows import Rows
from services.compute.domain.job import NewJob
from services.compute.domain.reasons import Reason
from services.compute.ports.store import Filter
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.viewers import viewer_of
from tests.fakes.compute_jobs import spec
from tests.fakes.compute_prominence import Prominence
from tests.fakes.compute_room import ADA

pytestmark = pytest.mark.clause("prominence 1.3")

EXIT = Reason("command_failed", "It ended with 1.")


@pytest.fixture
def jobs(room: Prominence) -> dict[str, int]:
    """One in every state, the older first."""
    made = {
        "done": room.submit(name="calculate-pi", labels={"app": "x", "b": "y"}),
        "failed": room.submit(labels={"app": "x"}),
        "deleted": room.submit(),
        "running": room.submit(name="calculate-pi", labels={"app": "x"}),
        "pending": room.submit(labels={"b": "y"}),
    }
    room.run(made["done"])
    room.run(made["failed"], EXIT)
    room.call("DELETE", f"/jobs/{made['deleted']}")
    room.start(made["running"])
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "pending running"),
        ("?num=1", "pending running"),
        ("?num=x", "pending running"),  # it counts for completed ones alone
        ("?completed=true", "deleted"),
        ("?completed=true&num=1", "deleted"),
        ("?completed=true&num=2", "deleted failed"),
        ("?completed=true&num=-1", "deleted failed done"),
        ("?completed=true&num=0", ""),
        ("?completed=false", "pending running"),
        ("?num=1&all=true", "pending running deleted failed done"),
        ("?all=True", "pending running deleted failed done"),
        ("?num=1&status=running", "running"),
        ("?num=1&status=idle", "pending"),
        ("?status=pending", "pending"),
        ("?constraint=app%3Dx", "running"),
        ("?constraint=app:x", "running"),
        ("?all=true&constraint=app%3Dx", "running failed done"),
        ("?all=true&constraint=app%3Dx&constraint=b%3Dy", "done"),
        ("?all=true&constraint=app%3Dx&constraint=app%3Dy", ""),
        ("?completed=true&num=5&constraint=app%3Dx&constraint=b%3Dy&name=calculate-pi", "done"),
        ("?name=calculate-pi", "running"),
        ("?all=true&name=calculate", ""),
        ("?unknown=1", "pending running"),
    ],
)
@pytest.mark.parametrize("detail", ["", "detail=true"])
def test_which_jobs(room: Prominence, jobs: dict[str, int], query: str, expected: str, detail: str) -> None:
    asked = query + (("&" if query else "?") + detail if detail else "")
    assert room.listed(f"/jobs{asked}") == [jobs[name] for name in expected.split()]


def test_by_ids(room: Prominence, jobs: dict[str, int]) -> None:
    done, failed, running = jobs["done"], jobs["failed"], jobs["running"]
    assert room.listed(f"/jobs?id={done},{running}") == [running, done]
    assert room.listed(f"/jobs?id={done},{failed},{running}&completed=true") == [failed, done]
    assert room.listed(f"/jobs?id={done},{failed}&completed=true&num=1") == [failed]
    assert room.listed(f"/jobs?id={room.submit('bob')}") == []


@pytest.mark.parametrize(
    "query",
    [
        "status=finished", "status=", "completed=true&num=x", "completed=true&num=1.5", "constraint=app",
        "constraint=%3Dx", "constraint=", "id=x", "id=1,,x", "id=-1", "id=1;2", "workflow=true",
        "id=" + "9" * 19, "id=" + ",".join(map(str, range(2000))), "name=%ff", "name=%00",
        "&".join(["a=b"] * 1001),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["jobs", "workflows"])
def test_parameters_that_cannot_be(room: Prominence, kind: str, query: str) -> None:
    if kind == "workflows" and query == "workflow=true":
        return
    answer = room.get(f"/{kind}?{query}")
    assert answer.status_code == (413 if query.startswith("a=b&") else 400)
    assert answer.mimetype == "application/json"
    assert isinstance(answer.get_json()["error"], str)


def test_the_summary_form(room: Prominence, jobs: dict[str, int]) -> None:
    listed = {job["id"]: job for job in room.get("/jobs?all=true").get_json()}
    assert set(listed[jobs["pending"]]) == {"id", "name", "status", "tasks", "events"}
    assert set(listed[jobs["failed"]]) == {"id", "name", "status", "statusReason", "tasks", "events"}


def test_the_detailed_form(room: Prominence, jobs: dict[str, int]) -> None:
    (job,) = room.get("/jobs?detail=true&status=running").get_json()
    assert job == room.described(jobs["running"])


def test_a_row_follows_its_job(room: Prominence) -> None:
    number = room.submit()
    assert room.get("/jobs").get_json()[0]["status"] == "pending"
    lease = room.start(number)
    assert room.get("/jobs").get_json()[0]["status"] == "running"
    room.finish(lease)
    assert room.get("/jobs").get_json() == []


def test_a_long_list_is_whole(room: Prominence) -> None:
    new = NewJob(owner=ADA.subject, dialect="native", spec=spec("small"), name="n" * 12_000)
    numbers = [room.other(replace(new, labels={"n": str(n)})).id for n in range(100)]
    assert room.listed("/jobs") == numbers[::-1]


class Counting(Jobs):
    """Counts the jobs that are read whole."""

    read = 0

    def listed(self, heads):  # type: ignore[no-untyped-def]
        self.read += len(heads)
        return super().listed(heads)


def test_rows_are_made_once_and_forgotten_when_there_are_too_many(room: Prominence) -> None:
    numbers = [room.submit() for _ in range(4)]
    jobs = Counting(room.store, room.clock)
    rows = Rows(jobs)
    heads = room.parts.jobs.heads(viewer_of(ADA), Filter(owners=None))
    first = list(rows.of(heads))
    assert (jobs.read, list(rows.of(heads)) == first) == (4, True)
    assert jobs.read == 4
    small = Rows(jobs, most_bytes=2 * max(map(len, first)))
    assert list(small.of(heads)) == first
    assert jobs.read == 8
    assert list(small.of(heads[2:])) == first[2:]  # the last ones are still known
    assert jobs.read == 8
    assert list(small.of(heads)) == first
    assert len(numbers) == 4


def test_a_job_that_went_meanwhile_is_left_out(room: Prominence) -> None:
    number = room.submit()
    heads = room.parts.jobs.heads(viewer_of(ADA), Filter(owners=None))
    room.store.purge(room.job(number).uid)
    assert list(Rows(room.parts.jobs).of(heads)) == []
