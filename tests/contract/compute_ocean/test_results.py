"""One result of a job by its position: whole, in part, and to its owner alone (contract 2.12)."""

from typing import Any

import pytest

from services.compute.dialects.ocean.results import attachment
from services.compute.domain.states import State
from tests.fakes.compute_ocean import OTHER, RESULT, OceanRoom, wallet_principal, wallet_token

pytestmark = pytest.mark.clause("ocean 2.12")

OUTPUTS = {"data.bin": b"0123456789", "empty": b"", 'nested/evil name;".csv': b"x"}
LOGS = {"main.0.0.output": b"said\n", "staging": b"fetched\n", "publishing": b"kept\n"}


@pytest.fixture
def done(room: OceanRoom) -> str:
    uid = room.started()
    room.finish(uid, outputs=OUTPUTS, logs=LOGS)
    return uid


def test_every_position_opens_what_the_status_lists(room: OceanRoom, done: str) -> None:
    (job,) = room.signed_status(done).get_json()
    for entry in job["results"]:
        answer = room.result(done, entry["index"])
        assert answer.status_code == 200
        assert len(answer.data) == entry["filesize"] == int(answer.headers["Content-Length"])
    assert [room.result(done, index).data for index in range(6)] == [
        b"0123456789",
        b"",
        b"x",
        b"said\n",
        b"fetched\n",
        b"kept\n",
    ]


def test_headers_are_the_ones_clients_read(room: OceanRoom, done: str) -> None:
    answer = room.result(done, 0)
    assert answer.headers["Content-Disposition"] == "attachment;filename=data.bin"
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" in answer.headers["Access-Control-Expose-Headers"]
    assert room.result(done, 2).headers["Content-Disposition"] == (
        "attachment;filename=nested_evil name__.csv"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a/b.txt", "a_b.txt"),
        ("..\\x", "_x"),
        (".hidden", "hidden"),
        ("näh\r\n", "näh__"),
        ("日本", "__"),
        ("...", "result"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
def test_names_are_one_segment_that_steers_nobody(name: str, shown: str) -> None:
    assert attachment(name) == f"attachment;filename={shown}"


@pytest.mark.parametrize(
    ("wanted", "status", "data", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=0-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=5-2", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_ranges(
    room: OceanRoom, done: str, wanted: str, status: int, data: bytes, content_range: str | None
) -> None:
    answer = room.result(done, 0, headers={"Range": wanted})
    assert (answer.status_code, answer.data) == (status, data)
    assert answer.headers.get("Content-Range") == content_range
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_range_beyond_the_end_is_416(room: OceanRoom, done: str) -> None:
    answer = room.result(done, 0, headers={"Range": "bytes=10-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */10")
    assert "error" in answer.get_json()


def test_if_range_holds_to_the_version(room: OceanRoom, done: str) -> None:
    etag = room.result(done, 0).headers["ETag"]
    part = room.result(done, 0, headers={"Range": "bytes=0-0", "If-Range": etag})
    whole = room.result(done, 0, headers={"Range": "bytes=0-0", "If-Range": '"other"'})
    assert (part.status_code, whole.status_code) == (206, 200)


def test_head_tells_the_size_and_sends_nothing(room: OceanRoom, done: str) -> None:
    answer = room.http.head(RESULT, query_string=room.result_query(done, 0))
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", "10")


@pytest.mark.parametrize("index", [6, 999999999])
def test_what_is_not_there_is_404(room: OceanRoom, done: str, index: int) -> None:
    answer = room.result(done, index)
    assert (answer.status_code, answer.get_json()) == (404, {"error": "No such result."})


def test_a_job_that_runs_has_no_results_yet(room: OceanRoom) -> None:
    uid = room.started()
    room.reach(uid, State.STAGING, State.PULLING, State.RUNNING)
    assert room.result(uid, 0).status_code == 404


def test_somebody_elses_result_looks_as_if_there_were_no_job(room: OceanRoom, done: str) -> None:
    room.key = OTHER
    elses, missing = room.result(done, 0), room.result("f" * 32, 0)
    assert (elses.status_code, elses.data) == (missing.status_code, missing.data) == (404, missing.data)


def test_a_result_is_given_once_for_each_signature(room: OceanRoom, done: str) -> None:
    query = room.result_query(done, 0)
    assert room.http.get(RESULT, query_string=query).status_code == 200
    again = room.http.get(RESULT, query_string=query)
    assert again.status_code == 400
    assert "signature" in again.get_json()["errors"]


@pytest.mark.parametrize("field", ["jobId", "index", "consumerAddress", "nonce", "signature"])
def test_every_parameter_is_needed(room: OceanRoom, done: str, field: str) -> None:
    query = {name: value for name, value in room.result_query(done, 0).items() if name != field}
    answer = room.http.get(RESULT, query_string=query)
    assert answer.status_code == 400
    assert list(answer.get_json()["errors"]) == [field]


@pytest.mark.parametrize("index", ["-1", "01", "1.0", "x", "1e1", "9999999999"])
def test_an_index_is_a_plain_number(room: OceanRoom, done: str, index: str) -> None:
    answer = room.result(done, index)
    assert answer.get_json()["errors"] == {"index": ["The index must be an integer."]}


def test_an_index_of_zero_may_be_a_json_number(room: OceanRoom, done: str) -> None:
    answer = room.http.get(RESULT, json=room.result_query(done, 0))
    assert answer.status_code == 200


def test_a_token_opens_a_result_without_a_nonce(room: OceanRoom, done: str) -> None:
    token = wallet_token(room.address)
    room.principals.known[token] = wallet_principal(room.address)
    query: dict[str, Any] = {"jobId": done, "index": 0, "consumerAddress": room.address}
    assert room.http.get(RESULT, query_string=query, headers={"AuthToken": token}).status_code == 200
