"""Events and logs: as they stand, by long poll, and as they come; broken off anywhere and joined again."""

import base64
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from libs.web.http import PeerUnavailable
from services.compute.dialects.native.following import STREAM_SECONDS
from services.compute.domain.states import State
from services.compute.usecases.follow import BEAT_SECONDS
from tests.fakes.compute_room import Room

BINARY = bytes(range(256)) * 3
TEXT = "line\r\n\r zażółć 𝄞\n".encode() * 40


def messages(answer: TestResponse) -> list[tuple[str, int | None, Any]]:
    """(event, id, data) of a whole stream."""
    assert answer.mimetype == "text/event-stream"
    return list(parsed(answer.get_data()))


def parsed(stream: bytes) -> Iterator[tuple[str, int | None, Any]]:
    """As a browser reads it: only what an empty line ended counts."""
    for block in stream.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if "event" in fields:
            number = int(fields["id"]) if "id" in fields else None
            yield fields["event"], number, json.loads(fields["data"])


def content(data: Any) -> bytes:
    return base64.b64decode(data["base64"]) if "base64" in data else data["text"].encode()


# -- events -----------------------------------------------------------------------------------------
def test_events_tell_every_change(room: Room) -> None:
    uid = room.submit()
    room.run(uid, exit_code=2)
    shown = room.get(f"/jobs/{uid}/events").get_json()
    assert [(e["from"], e["to"]) for e in shown["events"]] == [
        (None, "queued"), ("queued", "staging"), ("staging", "pulling"), ("pulling", "running"),
        ("running", "publishing"), ("publishing", "failed"),
    ]  # fmt: skip
    assert shown["events"][-1]["reason"]["code"] == "command_failed"
    assert (shown["next"], shown["ended"]) == (6, True)
    later = room.get(f"/jobs/{uid}/events?after=5").get_json()
    assert [e["seq"] for e in later["events"]] == [6]


def test_a_long_poll_answers_as_soon_as_there_is_news(room: Room) -> None:
    uid = room.submit()
    room.clock.after(3, lambda: room.start(uid) and None)
    before = room.clock.now()
    shown = room.get(f"/jobs/{uid}/events?after=1&wait=20").get_json()
    assert [e["to"] for e in shown["events"]][:1] == ["staging"]
    assert room.clock.now() - before < 4
    assert shown["ended"] is False


@pytest.mark.parametrize(
    ("wait", "waited"), [("", 0.0), ("&wait=0", 0.0), ("&wait=7", 7.0), ("&wait=999", 30.0)]
)
def test_a_long_poll_without_news_ends_when_its_time_is_up(room: Room, wait: str, waited: float) -> None:
    uid = room.submit()
    before = room.clock.now()
    assert room.get(f"/jobs/{uid}/events?after=1{wait}").get_json()["events"] == []
    assert room.clock.now() - before == pytest.approx(waited, abs=0.6)


def test_a_stream_of_events_ends_with_the_job(room: Room) -> None:
    uid = room.submit()
    lease = room.start(uid)
    room.clock.after(25, lambda: room.finish(lease) and None)
    answer = room.follow(f"/jobs/{uid}/events")
    found = messages(answer)
    assert [number for _, number, _ in found] == [1, 2, 3, 4, 5, 6, None]
    assert found[-1] == ("end", None, {"state": "succeeded"})
    assert answer.get_data().startswith(b"retry: 1000\n\n")
    assert answer.get_data().count(b": still here\n\n") == 25 // BEAT_SECONDS
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")


def test_a_stream_goes_on_after_what_was_seen_and_a_finished_one_says_so(room: Room) -> None:
    uid = room.submit()
    room.run(uid)
    found = messages(room.follow(f"/jobs/{uid}/events", **{"Last-Event-ID": "4"}))
    assert [number for _, number, _ in found] == [5, 6, None]
    assert room.follow(f"/jobs/{uid}/events", **{"Last-Event-ID": "6"}).status_code == 204
    strange = messages(room.follow(f"/jobs/{uid}/events", **{"Last-Event-ID": "x" * 50}))
    assert len(strange) == 7


def test_a_stream_ends_by_itself_after_a_while_without_saying_end(room: Room) -> None:
    uid = room.submit()
    room.start(uid)
    before = room.clock.now()
    found = messages(room.follow(f"/jobs/{uid}/events"))
    assert [kind for kind, _, _ in found] == ["state"] * 4
    assert room.clock.now() - before == pytest.approx(STREAM_SECONDS, abs=BEAT_SECONDS + 1)


def test_a_stream_ends_quietly_when_the_database_goes_away(room: Room) -> None:
    uid = room.submit()
    room.start(uid)
    room.clock.after(2, lambda: setattr(room.store, "away", True))
    assert [kind for kind, _, _ in messages(room.follow(f"/jobs/{uid}/events"))] == ["state"] * 4


@pytest.mark.parametrize("path", ["events", "logs"])
def test_nothing_more_is_sent_to_a_credential_that_was_revoked(room: Room, path: str) -> None:
    uid = room.submit()
    lease = room.start(uid)
    room.write_log(uid, b"before")
    room.clock.after(5, lambda: room.principals.known.pop("ada"))
    room.clock.after(7, lambda: room.write_log(uid, b"secret"))
    room.clock.after(7, lambda: room.finish(lease) and None)
    shown = room.follow(f"/jobs/{uid}/{path}").get_data(as_text=True)
    assert "secret" not in shown
    assert "publishing" not in shown
    assert "event: end" not in shown
    assert room.follow(f"/jobs/{uid}/{path}").status_code == 401


def test_a_stream_ends_when_credentials_cannot_be_checked(room: Room) -> None:
    uid = room.submit()
    room.start(uid)
    room.clock.after(5, lambda: setattr(room.principals, "trouble", PeerUnavailable("auth", "gone")))
    before = room.clock.now()
    messages(room.follow(f"/jobs/{uid}/events"))
    assert room.clock.now() - before < 2 * BEAT_SECONDS


# -- logs -------------------------------------------------------------------------------------------
def test_a_log_is_read_while_it_grows_and_after(room: Room) -> None:
    uid = room.submit()
    assert room.get(f"/jobs/{uid}/logs").data == b""
    lease = room.start(uid)
    room.write_log(uid, b"one\n")
    assert room.get(f"/jobs/{uid}/logs").data == b"one\n"
    room.write_log(uid, b"two\n")
    room.finish(lease)
    answer = room.get(f"/jobs/{uid}/logs")
    assert (answer.data, answer.headers["Content-Length"]) == (b"one\ntwo\n", "8")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("wanted", "status", "data", "shown"),
    [
        ("bytes=0-", 206, BINARY, f"bytes 0-767/{len(BINARY)}"),
        ("bytes=10-19", 206, BINARY[10:20], "bytes 10-19/768"),
        ("bytes=760-9999", 206, BINARY[760:], "bytes 760-767/768"),
        ("bytes=-5", 206, BINARY[-5:], "bytes 763-767/768"),
        ("bytes=768-", 416, None, "bytes */768"),
        ("bytes=-0", 416, None, "bytes */768"),
        ("bytes=5-4", 200, BINARY, None),
        ("bytes=0-1,3-4", 200, BINARY, None),
        ("lines=1-2", 200, BINARY, None),
    ],
)
def test_parts_of_a_log(room: Room, wanted: str, status: int, data: bytes | None, shown: str | None) -> None:
    uid = room.submit()
    room.start(uid)
    room.write_log(uid, BINARY)
    answer = room.get(f"/jobs/{uid}/logs", headers={"Range": wanted})
    assert (answer.status_code, answer.headers.get("Content-Range")) == (status, shown)
    if data is None:
        assert answer.get_json()["code"] == "range_not_satisfiable"
    else:
        assert answer.data == data
        head = room.call("HEAD", f"/jobs/{uid}/logs", headers={"Range": wanted})
        assert (head.status_code, head.data) == (status, b"")
        assert head.headers["Content-Length"] == str(len(data))


def test_streams_are_listed_and_only_those_that_can_be_are_read(room: Room) -> None:
    uid = room.submit(split_logs=True)
    room.start(uid)
    room.write_log(uid, b"fetching\n", "staging")
    room.write_log(uid, b"oops\n", "main.0.0.stderr")
    shown = room.get(f"/jobs/{uid}/streams").get_json()
    assert shown == {
        "attempt": 1,
        "main": "main.0.0.stdout",
        "streams": [{"stream": "staging", "size": 9}, {"stream": "main.0.0.stderr", "size": 5}],
    }
    assert room.get(f"/jobs/{uid}/logs?stream=staging").data == b"fetching\n"
    assert room.get(f"/jobs/{uid}/logs?stream=publishing").data == b""
    for query in (
        "stream=main.0.0.output", "stream=main.0.1.stdout", "stream=other.0.0.stdout",
        "stream=../../../../etc/passwd", "attempt=2", "stream=staging%00",
    ):  # fmt: skip
        assert room.get(f"/jobs/{uid}/logs?{query}").status_code in (400, 404), query


def test_logs_of_earlier_attempts_stay_readable(room: Room) -> None:
    uid = room.submit(retry={"attempts": 2})
    lease = room.start(uid)
    room.write_log(uid, b"first")
    room.change(lease, State.QUEUED, release=True)
    room.start(uid)
    room.write_log(uid, b"second", attempt=2)
    assert room.get(f"/jobs/{uid}/logs").data == b"second"
    assert room.get(f"/jobs/{uid}/logs?attempt=1").data == b"first"
    assert b"".join(
        content(d) for k, _, d in messages(room.follow(f"/jobs/{uid}/logs?attempt=1")) if k == "log"
    )


@pytest.mark.parametrize("data", [TEXT, BINARY, b"", b"\xf0\x9d", b"a" * 200_000])
def test_a_followed_log_is_the_file(room: Room, data: bytes) -> None:
    uid = room.submit()
    lease = room.start(uid)
    dice = random.Random(7)
    cuts = sorted(dice.sample(range(len(data)), min(len(data), 9)))
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(data)], strict=True)):
        room.clock.after(number + 0.5, lambda piece=data[start:end]: room.write_log(uid, piece))
    room.clock.after(20, lambda: room.finish(lease) and None)
    found = messages(room.follow(f"/jobs/{uid}/logs"))
    assert found[-1][0] == "end"
    assert b"".join(content(part) for kind, _, part in found if kind == "log") == data


def cut(answer: TestResponse, most_bytes: int) -> bytes:
    """What a reader got before the connection broke."""
    got = b""
    for piece in answer.response:
        got += piece
        if len(got) >= most_bytes:
            break
    answer.close()
    return got[:most_bytes]


def test_a_stream_that_is_cut_anywhere_is_joined_without_a_gap(room: Room) -> None:
    uid = room.submit()
    lease = room.start(uid)
    data = (TEXT + BINARY) * 30
    for number, at in enumerate(range(0, len(data), 500)):
        room.clock.after(number / 20, lambda piece=data[at : at + 500]: room.write_log(uid, piece))
    room.clock.after(30, lambda: room.finish(lease) and None)
    dice = random.Random(42)
    joined, ended = b"", False
    for connection in range(1000):
        answer = room.follow(f"/jobs/{uid}/logs", buffered=False, **{"Last-Event-ID": str(len(joined))})
        if answer.status_code == 204 or ended:
            break
        for kind, number, part in parsed(cut(answer, dice.randrange(2500) if connection < 100 else 10**9)):
            if kind == "log":
                joined += content(part)
                assert number == len(joined)
            ended = kind == "end"
    assert connection >= 100
    assert joined == data


def test_a_log_by_long_poll_is_the_file(room: Room) -> None:
    uid = room.submit()
    lease = room.start(uid)
    for number in range(5):
        room.clock.after(number * 3 + 1, lambda number=number: room.write_log(uid, b"%d\xff\n" % number))
    room.clock.after(40, lambda: room.finish(lease) and None)
    joined, polls = b"", 0
    while True:
        answer = room.get(f"/jobs/{uid}/logs?offset={len(joined)}&wait=10")
        joined += answer.data
        polls += 1
        assert int(answer.headers["X-Next-Offset"]) == len(joined)
        if answer.headers["X-Complete"] == "true":
            break
    assert joined == b"".join(b"%d\xff\n" % number for number in range(5))
    assert polls < 12


def test_a_followed_log_ends_when_its_job_is_gone(room: Room) -> None:
    uid = room.submit()
    room.run(uid)
    room.store.purge(room.job(uid).uid)
    assert room.follow(f"/jobs/{uid}/logs").status_code == 404


# -- places -----------------------------------------------------------------------------------------
def test_only_so_many_are_followed_at_a_time_and_places_come_back(room: Room) -> None:
    uid = room.submit()
    room.start(uid)
    taken = [room.parts.streams.take(subject) for subject in ("a", "b", "c", "d")]
    for path in (f"/jobs/{uid}/events", f"/jobs/{uid}/logs"):
        answer = room.follow(path)
        assert (answer.status_code, answer.get_json()["code"]) == (429, "too_many_streams")
        assert answer.headers["Retry-After"] == "5"
    assert room.get(f"/jobs/{uid}/events?after=9&wait=1").status_code == 429
    assert room.get(f"/jobs/{uid}/events?after=9").status_code == 200
    taken[0]()
    taken[0]()
    assert room.follow(f"/jobs/{uid}/events").status_code == 200
    assert room.follow(f"/jobs/{uid}/events").status_code == 200


def test_one_caller_does_not_take_all_places(room: Room) -> None:
    uid = room.submit()
    room.start(uid)
    mine = room.job(uid).owner
    held = [room.parts.streams.take(mine) for _ in range(2)]
    assert room.follow(f"/jobs/{uid}/events").status_code == 429
    assert room.parts.streams.take("somebody else")
    for give_back in held:
        give_back()


def test_a_caller_who_goes_away_gives_the_place_back(room: Room) -> None:
    uid = room.submit()
    room.start(uid)
    for _ in range(room.streams + 1):
        answer = room.follow(f"/jobs/{uid}/events", buffered=False)
        assert answer.status_code == 200
        answer.close()  # before anything was read
    head = room.call("HEAD", f"/jobs/{uid}/events", headers={"Accept": "text/event-stream"})
    assert (head.status_code, head.data) == (200, b"")
