"""Streams and uploads through the real server: news at once, cuts joined, places given back."""

import base64
import contextlib
import http.client
import json
import random
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakes.compute_room import Room
from tests.granian import Granian, serving
from tests.integration.compute.room_app import open_room
from tests.waiting import wait_for

FOLLOW = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="module")
def room(folder: Path) -> Iterator[Room]:
    room = open_room(folder)
    yield room
    room.store.close()


@pytest.fixture(scope="module")
def server(folder: Path, room: Room) -> Iterator[Granian]:
    environ = {"ROOM_FOLDER": str(folder)}
    with serving(
        "tests.integration.compute.room_app:app", folder, "--blocking-threads", "8", environ=environ
    ) as it:
        yield it


@contextlib.contextmanager
def asked(server: Granian, path: str, method: str = "GET", **sent: Any) -> Iterator[http.client.HTTPResponse]:
    """The answer's head is there; the connection breaks at the end, whatever was read by then."""
    parts = urlsplit(server.url)
    with contextlib.closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)) as peer:
        headers = {"Authorization": "Bearer ada", **sent.pop("headers", {})}
        peer.request(method, f"/tidegate/v1{path}", headers=headers, **sent)
        with contextlib.closing(peer.getresponse()) as answer:
            yield answer


def next_event(answer: http.client.HTTPResponse) -> dict[str, str]:
    """The next whole one; empty at the end."""
    fields: dict[str, str] = {}
    while line := answer.readline().decode().rstrip("\n"):
        name, _, value = line.partition(": ")
        fields[name] = value
    return fields if "event" in fields or not fields else next_event(answer)


def test_a_line_is_seen_while_the_job_runs(server: Granian, room: Room) -> None:
    uid = room.submit()
    lease = room.start(uid)
    with asked(server, f"/jobs/{uid}/logs", headers=FOLLOW) as answer:
        assert answer.status == 200
        for number in range(3):
            room.write_log(uid, b"line %d\n" % number)
            assert json.loads(next_event(answer)["data"]) == {"text": f"line {number}\n"}
        room.finish(lease)
        assert next_event(answer)["event"] == "end"
        assert answer.read() == b""


CUTS = 100


@pytest.mark.parametrize("how", ["poll", "events"])
def test_connections_cut_a_hundred_times_lose_nothing(server: Granian, room: Room, how: str) -> None:
    uid = room.submit()
    lease = room.start(uid)
    dice = random.Random(3)
    data = dice.randbytes(400_000) + "zażółć\r\n𝄞".encode() * 20_000
    stop = threading.Event()

    def write() -> None:
        for at in range(0, len(data), 10_000):
            room.write_log(uid, data[at : at + 10_000])
            stop.wait(0.03)
        room.finish(lease)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        joined = (_polled if how == "poll" else _followed)(server, uid, dice)
    finally:
        stop.set()
        writer.join()
    assert joined == data


def _polled(server: Granian, uid: str, dice: random.Random) -> bytes:
    """By byte offsets, each answer broken off somewhere; after so many cuts, whole ones until the end."""
    joined = b""
    for connection in range(10_000):
        with asked(server, f"/jobs/{uid}/logs?offset={len(joined)}&wait=2") as answer:
            is_whole = answer.getheader("X-Complete") == "true"
            joined += answer.read(dice.randrange(9000) if connection < CUTS else None)
        if is_whole and connection >= CUTS:
            break
    return joined


def _followed(server: Granian, uid: str, dice: random.Random) -> bytes:
    """By server-sent events, of which only whole ones count."""
    joined = b""
    for connection in range(10_000):
        headers = {**FOLLOW, "Last-Event-ID": str(len(joined))}
        with asked(server, f"/jobs/{uid}/logs", headers=headers) as answer:
            if answer.status == 429:
                continue  # the server has not noticed yet that the one before is gone
            got = answer.read(dice.randrange(60_000) if connection < CUTS else None)
        for block in got.split(b"\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n") if line[:1] != ":")
            if fields.get("event") == "log":
                joined += _content(json.loads(fields["data"]))
                assert int(fields["id"]) == len(joined)
        if answer.status == 204 or (connection >= CUTS and b"event: end\n" in got):
            break
    return joined


def _content(part: Mapping[str, str]) -> bytes:
    return base64.b64decode(part["base64"]) if "base64" in part else part["text"].encode()


def test_a_reader_who_goes_away_gives_the_place_back(server: Granian, room: Room) -> None:
    uid = room.submit()
    lease = room.start(uid)
    room.write_log(uid, b"x\n")
    for _ in range(room.streams * 3):
        wait_for(lambda: _is_followed(server, uid), "a place")
        room.write_log(uid, b"x\n")  # the server notices when it writes
    room.finish(lease)


def _is_followed(server: Granian, uid: str) -> bool:
    with asked(server, f"/jobs/{uid}/logs", headers=FOLLOW) as answer:
        assert answer.status in (200, 429)
        return answer.status == 200 and "data" in next_event(answer)


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 1000\r\n\r\nonly this", b"Transfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n"],
)
def test_an_upload_that_breaks_off_is_not_kept(server: Granian, room: Room, head: bytes) -> None:
    room.call("PUT", "/sandboxes/data", data=b"whole")
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as peer:
        peer.sendall(
            b"PUT /tidegate/v1/sandboxes/data HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\n" + head
        )
        peer.shutdown(socket.SHUT_WR)
        peer.recv(4096)
    assert room.get("/sandboxes/data").data == b"whole"


def test_an_upload_with_its_length_is_kept_whole(server: Granian, room: Room) -> None:
    data = bytes(range(256)) * 2000
    with asked(server, "/sandboxes/big", "PUT", body=data) as answer:
        assert json.loads(answer.read())["size"] == len(data)
    assert room.get("/sandboxes/big").data == data
