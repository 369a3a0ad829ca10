"""Streams and uploads through the real server: news at once, cuts joined, places given back."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fakes.compute_room import Room
from tests.granian import Granian, serving
from tests.integration.compute.reading import FOLLOW, asked, joined_over_cuts, next_event
from tests.integration.compute.room_app import open_room
from tests.waiting import wait_for


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


def test_a_line_is_seen_while_the_job_runs(server: Granian, room: Room) -> None:
    uid = room.submit()
    lease = room.start(uid)
    with asked(server.url, f"/jobs/{uid}/logs", headers=FOLLOW) as answer:
        assert answer.status == 200
        for number in range(3):
            room.write_log(uid, b"line %d\n" % number)
            assert json.loads(next_event(answer)["data"]) == {"text": f"line {number}\n"}
        room.finish(lease)
        assert next_event(answer)["event"] == "end"
        assert answer.read() == b""


@pytest.mark.parametrize("how", ["poll", "events"])
def test_connections_cut_a_hundred_times_lose_nothing(server: Granian, room: Room, how: str) -> None:
    wrote, read = joined_over_cuts(server.url, room, how, cuts=100)
    assert read == wrote


def test_a_reader_who_goes_away_gives_the_place_back(server: Granian, room: Room) -> None:
    uid = room.submit()
    lease = room.start(uid)
    room.write_log(uid, b"x\n")
    for _ in range(room.streams * 3):
        wait_for(lambda: _is_followed(server, uid), "a place")
        room.write_log(uid, b"x\n")  # the server notices when it writes
    room.finish(lease)


def _is_followed(server: Granian, uid: str) -> bool:
    with asked(server.url, f"/jobs/{uid}/logs", headers=FOLLOW) as answer:
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
    with asked(server.url, "/sandboxes/big", "PUT", body=data) as answer:
        assert json.loads(answer.read())["size"] == len(data)
    assert room.get("/sandboxes/big").data == data
