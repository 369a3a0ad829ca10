"""What is known of directories and files; declared fields and metasets (contract 3.5, 3.6)."""

from typing import Any

import pytest

from tests.fakes.filecatalogue_room import FileRoom, directory, file

pytestmark = pytest.mark.clause("dirac 3.5", "dirac 3.6")


def test_metadata_of_directories(room: FileRoom) -> None:
    room.declare("energy", "int")
    room.make("/vo/prod/run1")
    path, inner = directory("/vo/prod", "/usermetadata"), directory("/vo/prod/run1", "/usermetadata")
    assert room.did("PATCH", path, json={"energy": 250, "comment": "free text"}) == {
        "metadata": {"energy": 250, "comment": "free text"},
        "owner": {"energy": "OwnMetadata", "comment": "OwnParameter"},
        "types": {"energy": "int", "comment": "string"},
    }
    assert room.get(inner) == {"metadata": {}, "owner": {}, "types": {}}
    inherited = room.get(inner, inherited="true")
    assert inherited["metadata"]["energy"] == 250
    assert inherited["owner"]["energy"] == "ParentMetadata"
    status, code, text = room.refused("PATCH", inner, json={"energy": 100})
    assert (status, code) == (409, "conflict")
    assert "/vo/prod" in text
    left = room.did("DELETE", f"{path}?key=energy&key=comment")
    assert left["metadata"] == {}
    assert room.refused("DELETE", f"{path}?key=energy")[:2] == (404, "not_found")
    assert room.refused("DELETE", path)[:2] == (400, "invalid_request")
    room.did("PATCH", inner, json={"energy": 100})
    status, code, text = room.refused("PATCH", path, json={"energy": 1})
    assert (status, code) == (409, "conflict")
    assert "/vo/prod/run1" in text


def test_metadata_of_files(room: FileRoom) -> None:
    room.declare("energy", "int")
    room.declare("run", "int", "file")
    room.add("/vo/prod/a")
    room.know("/vo/prod", energy=250)
    path = file("/vo/prod/a", "/metadata")
    sent: dict[str, Any] = {"run": 11414, "comment": "free text"}
    assert room.did("PATCH", path, json=sent) == sent
    assert room.get(path) == sent
    assert room.get(path, inherited="true") == {**sent, "energy": 250}
    assert room.did("DELETE", f"{path}?key=comment") == {"run": 11414}


@pytest.mark.parametrize(
    "values",
    [
        {"energy": "abc"},
        {"energy": 1.5},
        {"energy": True},
        {"energy": None},
        {"energy": [1]},
        {"energy": {"a": 1}},
        {"energy": 2**64},
        {"energy": 10**300},
        {"when": "yesterday"},
        {"text": "x" * 100_000},
        {"": 1},
        {"a|b": 1},
        {"n" * 1000: 1},
    ],
    ids=lambda values: str(values)[:30],
)
def test_values_that_do_not_fit_are_refused(room: FileRoom, values: dict[str, Any]) -> None:
    for name, type in (("energy", "int"), ("when", "date"), ("text", "string")):
        room.declare(name, type)
        room.declare(f"f{name}", type, "file")
    room.add("/vo/a/b")
    status, code, text = room.refused("PATCH", directory("/vo/a", "/usermetadata"), json=values)
    assert (status, code) == (400, "invalid_request"), text
    inner = {
        f"f{name}" if name in ("energy", "when", "text") else name: value for name, value in values.items()
    }
    assert room.refused("PATCH", file("/vo/a/b", "/metadata"), json=inner)[:2] == (400, "invalid_request")
    assert room.get(directory("/vo/a", "/usermetadata"))["metadata"] == {}


# --- fields and metasets ---------------------------------------------------------------------------


def test_declaring_fields(room: FileRoom) -> None:
    sent = {"name": "energy", "type": "int", "scope": "directory"}
    shown = {"type": "int", "scope": "directory", "dbtype": "int"}
    assert room.did("POST", "/metadata/fields", "boss", json=sent) == {
        "name": "energy",
        **shown,
        "created": True,
    }
    assert room.did("POST", "/metadata/fields", "boss", json=sent)["created"] is False
    for other in ({"type": "string"}, {"scope": "file"}):
        answer = room.refused("POST", "/metadata/fields", "boss", json={**sent, **other})
        assert answer[:2] == (409, "conflict")
    assert room.get("/metadata/fields") == {"energy": shown}
    assert room.refused("POST", "/metadata/fields", "alice", json={"name": "x", "type": "int"})[0] == 403
    assert room.refused("DELETE", "/metadata/fields/energy", "alice")[0] == 403
    assert room.did("DELETE", "/metadata/fields/energy", "boss") == {"energy": True}
    assert room.refused("DELETE", "/metadata/fields/energy", "boss")[:2] == (404, "not_found")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"name": "x"},
        {"type": "int"},
        {"name": "", "type": "int"},
        {"name": 5, "type": "int"},
        {"name": "x", "type": "blob"},
        {"name": "x", "type": 5},
        {"name": "x", "type": "int", "scope": "planet"},
        {"name": "a|b", "type": "int"},
        {"name": "x" * 10_000, "type": "int"},
        {"name": "Size", "type": "int", "scope": "file"},
    ],
    ids=lambda sent: str(sent)[:40],
)
def test_what_is_no_field_is_refused(room: FileRoom, sent: object) -> None:
    status, _, _ = room.refused("POST", "/metadata/fields", "boss", json=sent)
    assert status in (400, 409)


@pytest.mark.parametrize(
    ("spelled", "type"), [("VARCHAR(128)", "string"), ("INT", "int"), ("DateTime", "date")]
)
def test_types_may_be_spelled_as_dirac_does(room: FileRoom, spelled: str, type: str) -> None:
    shown = room.did("POST", "/metadata/fields", "boss", json={"name": "x", "type": spelled})
    assert shown["type"] == type


def test_metasets(room: FileRoom) -> None:
    room.declare("energy", "int")
    room.declare("det", "string")
    room.declare("chosen", "metaset")
    for name, energy, det in (("a", 5, "ILD"), ("b", 500, "ILD"), ("c", 500, "SID")):
        room.make(f"/vo/{name}")
        room.know(f"/vo/{name}", energy=energy, det=det)
    sent = {"name": "good", "contents": {"energy": {">=": 100}, "det": ["ILD"]}}
    assert room.did("POST", "/metasets", "boss", json=sent)["created"] is True
    assert room.get("/metasets/good") == {"good": sent["contents"]}
    assert list(room.get("/metasets")) == ["good"]
    found = room.get(directory("/vo", "/search"), chosen="=|good", flat="1")
    assert [each["path"] for each in found["dirs"]] == ["/vo/b"]
    itself = {"name": "good", "contents": {"chosen": "good"}}
    assert room.refused("POST", "/metasets", "boss", json=itself)[:2] == (400, "invalid_condition")
    for body in ({}, {"name": "x"}, {"name": 5, "contents": {}}, {"name": "x", "contents": []}):
        assert room.refused("POST", "/metasets", "boss", json=body)[:2] == (400, "invalid_request")
    assert room.did("DELETE", "/metasets/good", "boss") == {"good": True}
    assert room.refused("GET", "/metasets/good")[:2] == (404, "not_found")
