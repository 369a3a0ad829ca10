"""Events and logs through the gateway: handed on as they come, and joined again when connections break."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.nginx import gateway_alone
from tests.fakes.compute_room import Room
from tests.granian import serving
from tests.integration.compute.reading import FOLLOW, asked, joined_over_cuts, next_event
from tests.integration.compute.room_app import open_room
from tests.waiting import wait_for

CUTS = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="module")
def room(folder: Path) -> Iterator[Room]:
    room = open_room(folder)
    yield room
    room.store.close()


@pytest.fixture(scope="module")
def gateway(folder: Path, room: Room) -> Iterator[str]:
    app = "tests.integration.compute.room_app:app"
    environ = {"ROOM_FOLDER": str(folder)}
    with (
        serving(app, folder, "--blocking-threads", "8", environ=environ) as server,
        gateway_alone(folder / "gateway", {}, compute=urlsplit(server.url).port or 0) as url,
    ):
        yield url


@pytest.mark.parametrize("how", ["poll", "events"])
def test_connections_cut_at_random_points_lose_nothing(gateway: str, room: Room, how: str) -> None:
    wrote, read = joined_over_cuts(gateway, room, how, CUTS)
    assert read == wrote


@pytest.mark.parametrize("ref", ["uid", "id"])
def test_a_line_arrives_while_the_job_runs(gateway: str, room: Room, ref: str) -> None:
    uid = room.submit()
    shown = uid if ref == "uid" else str(room.job(uid).id)
    lease = room.start(uid)
    with asked(gateway, f"/jobs/{shown}/logs", headers=FOLLOW) as answer:
        assert answer.status == 200
        for number in range(3):
            room.write_log(uid, b"line %d\n" % number)
            assert json.loads(next_event(answer)["data"]) == {"text": f"line {number}\n"}
        room.finish(lease)
        assert next_event(answer)["event"] == "end"
        assert answer.read() == b""


@pytest.mark.parametrize("ref", ["uid", "id"])
def test_an_event_arrives_while_the_job_goes_on(gateway: str, room: Room, ref: str) -> None:
    uid = room.submit()
    shown = uid if ref == "uid" else str(room.job(uid).id)
    with asked(gateway, f"/jobs/{shown}/events", headers=FOLLOW) as answer:
        assert next_event(answer)["id"] == "1"
        lease = room.start(uid)
        assert [next_event(answer)["id"] for _ in range(3)] == ["2", "3", "4"]
        room.finish(lease)
        assert [next_event(answer)["event"] for _ in range(3)] == ["state", "state", "end"]


def test_a_reader_who_left_gives_the_place_back(gateway: str, room: Room) -> None:
    uid = room.submit()
    lease = room.start(uid)
    room.write_log(uid, b"x\n")

    def is_followed() -> bool:
        room.write_log(uid, b"x\n")  # the server notices when it writes
        with asked(gateway, f"/jobs/{uid}/logs", headers=FOLLOW) as answer:
            assert answer.status in (200, 429)
            return answer.status == 200 and "data" in next_event(answer)

    for _ in range(room.streams * 3):
        wait_for(is_followed, "a place")
    room.finish(lease)
