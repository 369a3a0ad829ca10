"""What jobs say, by the requests of both command lines."""

import pytest

from services.compute.domain.states import State
from tests.fakes.compute_prominence import Prominence

pytestmark = pytest.mark.clause("prominence 1.1")


def test_a_pending_job_has_an_empty_stream(room: Prominence) -> None:
    number = room.submit()
    for path in ("stdout?node=0&offset=0", "stderr?node=0&offset=0", "stdout", "stderr"):
        answer = room.get(f"/jobs/{number}/{path}")
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_streams_while_it_runs_and_after(room: Prominence) -> None:
    number = room.submit(tasks=[{"image": "a", "cmd": "one"}, {"image": "a", "cmd": "two"}])
    lease = room.start(number)
    room.write(number, "é1\n".encode())
    assert room.get(f"/jobs/{number}/stdout?node=0&offset=0").data == "é1\n".encode()
    room.write(number, b"two\n", "main.0.1.stdout")
    room.write(number, b"oh\n", "main.0.1.stderr")
    assert room.get(f"/jobs/{number}/stdout?node=0&offset=1").data == b"1\ntwo\n"
    room.finish(lease)
    assert room.get(f"/jobs/{number}/stdout").data == "é1\ntwo\n".encode()
    assert room.get(f"/jobs/{number}/stderr").data == b"oh\n"
    assert room.get(f"/jobs/{number}/stdout?offset=100").data == b""


def test_following_gets_every_character_once(room: Prominence) -> None:
    """As the newer command line does it: so many characters as came so far are left out."""
    number = room.submit()
    room.start(number)
    whole, seen = "héllo wörld ☃ 🜁\n" * 5, ""
    raw = whole.encode()
    for start in range(0, len(raw), 7):
        room.write(number, raw[start : start + 7])
        seen += room.get(f"/jobs/{number}/stdout?node=0&offset={len(seen)}").get_data(as_text=True)
    assert seen == whole


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("node=1", "stdout does not exist"), ("node=-1", "stdout does not exist"),
        ("node=a", "node must be a whole number"), ("node=1.0", "node must be a whole number"),
        ("offset=x", "offset must be a whole number"), ("offset=-1", "offset must not be negative"),
        ("node=" + "9" * 30, "node must be a whole number"),
    ],
)  # fmt: skip
def test_positions_that_are_not_there(room: Prominence, query: str, text: str) -> None:
    answer = room.get(f"/jobs/{room.submit()}/stdout?{query}")
    assert (answer.status_code, answer.get_json()) == (400, {"error": text})


def test_a_deleted_job_can_still_be_read(room: Prominence) -> None:
    number = room.submit()
    lease = room.start(number)
    room.write(number, b"so far\n")
    room.call("DELETE", f"/jobs/{number}")
    room.change(lease, State.CANCELLED, release=True)
    assert room.get(f"/jobs/{number}/stdout").data == b"so far\n"


def test_head_sends_no_text(room: Prominence) -> None:
    number = room.submit()
    room.start(number)
    room.write(number, b"x")
    assert room.call("HEAD", f"/jobs/{number}/stdout").data == b""


def test_what_a_job_says_is_no_page(room: Prominence) -> None:
    number = room.submit()
    room.start(number)
    room.write(number, b"<script>")
    assert room.get(f"/jobs/{number}/stdout").headers["X-Content-Type-Options"] == "nosniff"
