"""Much at once: each path by itself, reasons for what was not done (contract 3.6)."""

import json

import pytest

from services.catalogue.dialects.dirac.asking import MAX_BODY
from tests.fakes.filecatalogue_room import FileRoom, directory, file

pytestmark = pytest.mark.clause("dirac 3.6")


def bulk(
    room: FileRoom, op: str, items: object, token: str = "alice"
) -> tuple[dict[str, object], dict[str, str]]:
    done = room.did("POST", "/bulk", token, json={"op": op, "items": items})
    assert set(done) == {"Successful", "Failed"}
    return done["Successful"], done["Failed"]


def test_adding_files_each_by_itself(room: FileRoom) -> None:
    room.add("/vo/old", Size=1)
    items = {
        "/vo/a": {"Size": 1, "SE": "DISK", "PFN": "x"},
        "/vo/deep/er/b": {"Size": 2, "metadata": {"comment": "x"}},
        "/vo/old": {"Size": 2},
        "/vo/bad": {"Size": "many"},
        "/vo/../c": {"Size": 1},
        "d": {"Size": 1},
        "/evil/e": {"Size": 1},
        "": {"Size": 1},
    }
    done, failed = bulk(room, "addFile", items)
    assert set(done) == {"/vo/a", "/vo/deep/er/b"}
    assert set(failed) == set(items) - set(done)
    assert all(isinstance(reason, str) and reason for reason in failed.values())
    assert room.get(file("/vo/deep/er/b", "/metadata")) == {"comment": "x"}
    assert room.get(file("/vo/old", "/attributes"))["Size"] == 1
    again, failed = bulk(room, "addFile", {"/vo/a": items["/vo/a"]})
    assert (set(again), failed) == ({"/vo/a"}, {})


def test_every_operation(room: FileRoom) -> None:
    assert bulk(room, "createDirectory", ["/vo/a", "/vo/b"])[1] == {}
    assert bulk(room, "addFile", {"/vo/a/f": {"Size": 1, "SE": "DISK", "PFN": "x"}})[1] == {}
    assert bulk(room, "addReplica", {"/vo/a/f": {"SE": "TAPE", "PFN": "y"}})[1] == {}
    assert set(room.get(file("/vo/a/f", "/replicas"))) == {"DISK", "TAPE"}
    assert bulk(room, "removeReplica", {"/vo/a/f": {"SE": "TAPE"}})[1] == {}
    assert set(room.get(file("/vo/a/f", "/replicas"))) == {"DISK"}
    assert bulk(room, "setMetadata", {"/vo/a": {"x": 1}, "/vo/b": {"x": 2}})[1] == {}
    assert room.get(directory("/vo/b", "/usermetadata"))["metadata"] == {"x": 2}
    assert bulk(room, "removeFile", ["/vo/a/f"])[1] == {}
    done, failed = bulk(room, "removeDirectory", ["/vo/a", "/vo/b", "/vo/c"])
    assert set(done) == {"/vo/a", "/vo/b"}
    assert set(failed) == {"/vo/c"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"op": "addFile"},
        {"items": {}},
        {"op": "dropTables", "items": {}},
        {"op": 5, "items": {}},
        {"op": "addFile", "items": "x"},
        {"op": "addFile", "items": [1]},
        {"op": "addFile", "items": {"/vo/a": 5}},
        {"op": "addFile", "items": {"/vo/a": None}},
    ],
    ids=str,
)
def test_what_is_no_bulk_is_refused(room: FileRoom, body: object) -> None:
    assert room.refused("POST", "/bulk", json=body)[:2] == (400, "invalid_request")


def test_bodies_have_limits(room: FileRoom) -> None:
    large = json.dumps({"op": "addFile", "items": {}, "x": "y" * (2 * MAX_BODY)})
    assert room.did("POST", "/bulk", data=large) == {"Successful": {}, "Failed": {}}
    huge = json.dumps({"x": "y" * (16 * MAX_BODY)})
    assert room.refused("POST", "/bulk", data=huge)[:2] == (413, "too_large")
    assert room.refused("PUT", file("/vo/a"), data=large)[:2] == (413, "too_large")


def test_more_than_one_request_may_ask_for(room: FileRoom) -> None:
    items: dict[str, object] = {f"/vo/{number}": {} for number in range(100_001)}
    status, code, _ = room.refused("POST", "/bulk", json={"op": "removeFile", "items": items})
    assert (status, code) == (413, "too_large")


def test_five_thousand_files_at_once(room: FileRoom) -> None:
    items = {
        f"/vo/d{number % 50}/f{number}": {"Size": number, "SE": "DISK", "PFN": f"root://se/{number}"}
        for number in range(5000)
    }
    done, failed = bulk(room, "addFile", items)
    assert (len(done), failed) == (5000, {})
    assert room.get(directory("/vo", "/size"))["LogicalFiles"] == 5000
