"""GET result, result/{n} and result/wait: which, in which order, how much, and when."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from services.compute.dialects.dcp import envelopes
from services.compute.domain.slices import PAGE_CHARS, SliceLine, SliceResult, SliceState
from tests.fakes.compute_dcp import BASIC_A, Room, failed

pytestmark = pytest.mark.clause("dcp 5.3")
Make = Callable[..., Room]


@pytest.fixture
def job_id(room: Room) -> str:
    """Of 40 slices 36 are over: 7 of them failed, the last four wait."""
    made = room.deploy(slices={"start": 1, "end": 40})
    errors = {f"n{number}": failed(number) for number in range(5, 36, 5)}
    room.compute(room.start(made), 36, **errors)
    return made


def numbers(document: Any, of: str = "results") -> list[int]:
    return [entry["sliceNumber"] for entry in document[of]]


DONE = [number for number in range(1, 37) if number % 5]


def test_results_have_the_counters_of_the_whole_job(room: Room, job_id: str) -> None:
    whole = room.got(f"/job/{job_id}/result")
    part = room.got(f"/job/{job_id}/result?range=1-10&range=33-35")
    assert numbers(whole) == DONE
    assert numbers(whole, "errors") == [5, 10, 15, 20, 25, 30, 35]
    assert numbers(part) == [1, 2, 3, 4, 6, 7, 8, 9, 33, 34]
    assert numbers(part, "errors") == [5, 10, 35]
    for document in (whole, part):
        assert {name: document[name] for name in document if name not in ("results", "errors")} == {
            "jobId": job_id,
            "status": "running",
            "totalSlices": 40,
            "completedSlices": 29,
            "activeSlices": 0,
            "failedSlices": 7,
        }
    assert whole["results"][2] == {"sliceNumber": 3, "value": 6}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("range=3", [3]),
        ("range=33-", [33, 34, 36]),
        ("range=4-1", [1, 2, 3, 4]),
        ("range=1-3&range=2-4", [1, 2, 3, 4]),
        ("range=1-2,8-9", [1, 2, 8, 9]),
        ("range=37-999999999", []),
        ("range=", DONE),
        ("range=5", []),
        ("range=2&ignoreFetchFailure=true", [2]),
        ("range=%201%20-%202", [1, 2]),
    ],
    ids=str,
)
def test_ranges_name_slices(room: Room, job_id: str, query: str, found: list[int]) -> None:
    assert numbers(room.got(f"/job/{job_id}/result?{query}")) == found


@pytest.mark.parametrize("text", ["-3", "0-5", "1-2-3", "a-b", "1,,2", "0", "%00", "1.5"])
@pytest.mark.parametrize("path", ["result", "result/wait"])
def test_what_is_no_range_is_400(room: Room, job_id: str, path: str, text: str) -> None:
    answer = room.get(f"/job/{job_id}/{path}?range={text}")
    assert answer.status_code == 400
    assert answer.get_json()["code"] in ("InvalidRange", "InvalidRequest")


@pytest.mark.clause("dcp 5.5")
def test_an_error_says_what_the_function_threw(room: Room, job_id: str) -> None:
    (error,) = room.got(f"/job/{job_id}/result?range=5")["errors"]
    assert error == {
        "sliceNumber": 5,
        "code": "EUNCAUGHT",
        "name": "TypeError",
        "message": "it is no number",
        "stack": "at f (work.js:1)",
        "attempts": 1,
    }


@pytest.mark.clause("dcp 4.4")
def test_values_go_out_as_they_came_in_and_notes_beside_them(room: Room) -> None:
    job_id = room.deploy(slices=[1, 2, 3])
    values = {
        "n1": SliceResult(number=1, state=SliceState.DONE, body='{"a":[9007199254740993,1.0]}'),
        "n2": SliceResult(number=2, state=SliceState.DONE, body="null", note="NaN"),
        "n3": SliceResult(number=3, state=SliceState.DONE, body="null"),
    }
    room.compute(room.start(job_id), **values)
    text = room.get(f"/job/{job_id}/result").get_data(as_text=True)
    assert '{"sliceNumber":1,"value":{"a":[9007199254740993,1.0]}}' in text
    assert '{"sliceNumber":2,"value":null,"note":"NaN"}' in text
    assert '{"sliceNumber":3,"value":null}' in text


# -- one slice --------------------------------------------------------------------------------------
def test_one_slice_has_the_same_envelope(room: Room, job_id: str) -> None:
    done, bad, waits = (room.got(f"/job/{job_id}/result/{number}") for number in (3, 5, 38))
    assert (numbers(done), numbers(done, "errors")) == ([3], [])
    assert (numbers(bad), numbers(bad, "errors")) == ([], [5])
    assert (numbers(waits), numbers(waits, "errors")) == ([], [])
    assert done["totalSlices"] == 40


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        *(("41", 404, "SliceNotFound"), ("0", 400, "InvalidRequest"), ("-1", 400, "InvalidRequest")),
        *(("x", 400, "InvalidRequest"), ("1.5", 400, "InvalidRequest"), ("9" * 30, 400, "InvalidRequest")),
    ],
    ids=["above", "zero", "negative", "word", "fraction", "long"],
)
def test_a_number_that_is_none(room: Room, job_id: str, number: str, status: int, code: str) -> None:
    answer = room.get(f"/job/{job_id}/result/{number}")
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


# -- pages ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("limit", [1, 7, 36, 100])
def test_pages_bring_everything_once(room: Room, job_id: str, limit: int) -> None:
    after: int | None = 0
    found: list[int] = []
    errors: list[int] = []
    while after is not None:
        page = room.got(f"/job/{job_id}/result?limit={limit}&after={after}")
        assert len(page["results"]) + len(page["errors"]) <= limit
        found += numbers(page)
        errors += numbers(page, "errors")
        after = page["next"]
    assert (found, errors) == (DONE, [5, 10, 15, 20, 25, 30, 35])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "after=-1", "after=1.5", "limit=" + "9" * 20]
)
def test_what_is_no_number_is_400(room: Room, job_id: str, query: str) -> None:
    answer = room.get(f"/job/{job_id}/result?{query}")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "InvalidRequest")


def test_long_answers_stream_and_are_whole(room: Room) -> None:
    """More than any page of the store, values larger than any piece, more errors than are held back."""
    job_id = room.deploy(slices={"start": 1, "end": 2400})
    lease = room.start(job_id)
    long = json.dumps({"code": "EUNCAUGHT", "name": "E", "message": "m", "stack": "s" * 12000})
    made = {
        f"n{number}": SliceResult(number=number, state=SliceState.FAILED, body=long)
        for number in range(10, 2401, 10)
    }
    big = json.dumps("v" * 300_000)
    made["n1"] = SliceResult(number=1, state=SliceState.DONE, body=big)
    while room.compute(lease, **made):
        pass
    answer = room.get(f"/job/{job_id}/result", buffered=False)
    pieces = list(answer.iter_encoded())
    assert len(pieces) > 3
    document = json.loads(b"".join(pieces))
    assert numbers(document) == [number for number in range(1, 2401) if number % 10]
    assert numbers(document, "errors") == list(range(10, 2401, 10))
    assert sum(len(error["stack"]) for error in document["errors"]) > envelopes.HELD


# -- unchanged --------------------------------------------------------------------------------------
def test_what_did_not_change_is_304_until_it_does(room: Room) -> None:
    job_id = room.deploy()
    lease = room.start(job_id)
    first = room.get(f"/job/{job_id}/result?range=1-3")
    tag = first.headers["ETag"]
    again = room.get(f"/job/{job_id}/result?range=1-3", headers={"If-None-Match": tag})
    assert (again.status_code, again.get_data(), again.headers["ETag"]) == (304, b"", tag)
    other = room.get(f"/job/{job_id}/result?range=1-4", headers={"If-None-Match": tag})
    assert other.status_code == 200
    room.compute(lease, 1)
    news = room.get(f"/job/{job_id}/result?range=1-3", headers={"If-None-Match": tag})
    assert (news.status_code, numbers(news.get_json())) == (200, [1])
    seen = news.headers["ETag"]
    room.post(f"/job/{job_id}/close")
    assert room.get(f"/job/{job_id}/result?range=1-3", headers={"If-None-Match": seen}).status_code == 200


# -- waiting ----------------------------------------------------------------------------------------
def test_who_waits_is_answered_when_the_range_is_over(room: Room) -> None:
    job_id = room.deploy()
    lease = room.start(job_id)
    room.clock.after(5, lambda: room.compute(lease, 4))
    found = room.got(f"/job/{job_id}/result/wait?range=1-3&timeout=60")
    assert (found["complete"], numbers(found)) == (True, [1, 2, 3])
    assert 5 <= room.clock.paused < 6


def test_who_waits_is_answered_when_the_time_is_up(room: Room) -> None:
    job_id = room.deploy()
    lease = room.start(job_id)
    room.compute(lease, 2)
    found = room.got(f"/job/{job_id}/result/wait?timeout=7.5")
    assert (found["complete"], numbers(found)) == (False, [1, 2])
    assert room.clock.paused == pytest.approx(7.5)


@pytest.mark.parametrize(("query", "seconds"), [("", 30), ("?timeout=9999", 120), ("?timeout=", 30)], ids=str)
def test_how_long_a_wait_lasts(room: Room, query: str, seconds: float) -> None:
    job_id = room.deploy()
    assert room.got(f"/job/{job_id}/result/wait{query}")["complete"] is False
    assert room.clock.paused == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["-1", "x", "1e3", "nan"])
def test_a_time_that_is_none_is_400(room: Room, text: str) -> None:
    job_id = room.deploy()
    assert room.get(f"/job/{job_id}/result/wait?timeout={text}").status_code == 400


def test_nobody_waits_for_what_never_comes(room: Room) -> None:
    empty, done = room.deploy(slices=None), room.deploy(slices=[1])
    assert room.got(f"/job/{empty}/result/wait")["complete"] is True
    assert room.got(f"/job/{done}/result/wait?range=5-9")["complete"] is True
    room.call("DELETE", f"/job/{done}")
    assert room.got(f"/job/{done}/result/wait")["complete"] is False
    assert room.clock.paused == 0


def test_those_who_wait_have_places_and_give_them_back(make: Make) -> None:
    room = make(streams=2)
    job_id = room.deploy()
    places = room.parts.streams
    held = [places.take("other")]
    for _ in range(2):
        assert room.get(f"/job/{job_id}/result/wait?timeout=1").status_code == 200
    held.append(places.take("third"))
    answer = room.get(f"/job/{job_id}/result/wait?timeout=1")
    assert (answer.status_code, answer.get_json()["code"]) == (429, "TooManyWaiting")
    assert answer.headers["Retry-After"]
    assert room.get(f"/job/{job_id}/result/wait?timeout=0").status_code == 200


# -- what functions said ----------------------------------------------------------------------------
def test_large_results_are_read_few_at_a_time(room: Room) -> None:
    """A thousand of them at once would be more than the service has memory for."""
    made = room.deploy(slices={"start": 1, "end": 7})
    text = json.dumps("x" * (PAGE_CHARS // 2))
    large = {
        f"n{number}": SliceResult(number=number, state=SliceState.DONE, body=text) for number in range(1, 6)
    }
    room.compute(room.start(made), 7, **large)
    page = room.store.slices.results(room.job(made).id, (), 0, 1000)
    assert [result.number for result in page] == [1, 2]
    found = room.got(f"/job/{made}/result")
    assert numbers(found) == [1, 2, 3, 4, 5, 6, 7]
    assert [len(entry["value"]) for entry in found["results"][:5]] == [PAGE_CHARS // 2] * 5
    spans = room.got(f"/job/{made}/result?range=1,3,5,7&limit=3")
    assert (numbers(spans), spans["next"]) == ([1, 3, 5], 5)


def test_long_lines_of_the_console_come_in_shorter_pages(room: Room) -> None:
    made = room.deploy(slices=[1])
    lease = room.start(made)
    room.store.slices.hand_out(lease, 0, 1, room.clock.now())
    long = SliceLine(number=1, level="log", text="x" * 16384, at=1.0)
    room.say(lease, *[long] * 600)
    first = room.got(f"/job/{made}/console?limit=10000")
    assert (len(first["lines"]), first["next"]) == (500, 500)
    rest = room.got(f"/job/{made}/console?limit=10000&after=500")
    assert (len(rest["lines"]), rest["next"]) == (100, 600)


def test_lines_of_the_console_come_in_pages(room: Room) -> None:
    job_id = room.deploy()
    lease = room.start(job_id)
    room.store.slices.hand_out(lease, 0, 4, room.clock.now())
    now = room.clock.now()
    room.say(lease, *(SliceLine(number=1 + n, level="log", text=f"line {n}", at=now) for n in range(3)))
    first = room.got(f"/job/{job_id}/console?limit=2")
    assert first["lines"] == [
        {"sliceNumber": 1, "level": "log", "message": "line 0", "time": int(now * 1000)},
        {"sliceNumber": 2, "level": "log", "message": "line 1", "time": int(now * 1000)},
    ]
    rest = room.got(f"/job/{job_id}/console?after={first['next']}")
    assert [line["message"] for line in rest["lines"]] == ["line 2"]
    end = room.got(f"/job/{job_id}/console?after={rest['next']}")
    assert (end["lines"], end["next"]) == ([], rest["next"])
    assert room.get(f"/job/{job_id}/console?limit=0", auth=BASIC_A).status_code == 400
