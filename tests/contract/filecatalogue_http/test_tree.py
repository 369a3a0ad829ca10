"""Directories and files as DIRAC's clients read and write them: bodies to the byte (contract 3.4, 3.6)."""

import re

import pytest

from tests.fakes.filecatalogue_room import FileRoom, directory, file

pytestmark = pytest.mark.clause("dirac 3.3", "dirac 3.4", "dirac 3.6")

DATE = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
GUID = "11111111-2222-3333-4444-555555555555"


def test_a_listing_to_the_letter(room: FileRoom) -> None:
    room.make("/vo/prod/run1")
    room.add("/vo/prod/a.dat", Size=12, GUID=GUID, Checksum="CC500BA0", SE="DISK", PFN="root://se/a")
    found = room.get(directory("/vo/prod"))
    assert list(found) == ["Files", "SubDirs", "Links", "Datasets"]
    assert (found["SubDirs"], found["Links"], found["Datasets"]) == ({"run1": True}, {}, {})
    ((name, shown),) = found["Files"].items()
    assert (name, list(shown)) == ("a.dat", ["MetaData"])
    known = shown["MetaData"]
    dates = [known.pop("CreationDate"), known.pop("ModificationDate")]
    assert all(DATE.fullmatch(date) for date in dates)
    assert all(type(known.pop(name)) is int for name in ("FileID", "UID", "GID"))
    assert known == {
        "Size": 12,
        "Checksum": "cc500ba0",
        "ChecksumType": "Adler32",
        "GUID": GUID,
        "Type": "File",
        "Owner": "alice",
        "OwnerGroup": "vo_user",
        "Mode": 509,
        "ModeString": "0775",
        "Status": "AprioriGood",
    }


@pytest.mark.parametrize("option", ["verbose", "extra"])
def test_a_verbose_listing_has_replicas_and_what_subdirectories_are(room: FileRoom, option: str) -> None:
    room.make("/vo/prod/run1")
    room.add("/vo/prod/a.dat", SE="DISK", PFN="root://se/a")
    for off in ("false", "0", "no", "off"):
        assert room.get(directory("/vo/prod"), **{option: off}) == room.get(directory("/vo/prod"))
    for on in ("true", "1", "YES", "on", ""):
        found = room.get(directory("/vo/prod"), **{option: on})
        replica = {"PFN": "root://se/a", "Status": "AprioriGood", "Type": "Master"}
        assert found["Files"]["a.dat"]["Replicas"] == {"DISK": replica}
        known = found["SubDirs"]["run1"]
        assert list(known) == [
            *("DirID", "UID", "Owner", "GID", "OwnerGroup", "Mode", "ModeString", "Status"),
            *("CreationDate", "ModificationDate"),
        ]
        assert (known["Owner"], known["Mode"], known["ModeString"]) == ("alice", 509, "0775")
    status, code, text = room.refused("GET", directory("/vo/prod"), query_string={option: "maybe"})
    assert (status, code) == (400, "invalid_request")
    assert option in text


def test_fields_choose_members(room: FileRoom) -> None:
    room.add("/vo/a", Size=5, Checksum="00000001")
    chosen = {"Size": 5, "Checksum": "00000001"}
    assert room.get(file("/vo/a", "/attributes"), fields="Size,Checksum") == chosen
    assert room.get(directory("/vo"), fields="Checksum, Size")["Files"] == {"a": {"MetaData": chosen}}
    status, code, text = room.refused("GET", file("/vo/a", "/attributes"), query_string={"fields": "Nope"})
    assert (status, code) == (400, "invalid_request")
    assert "Checksum" in text


def test_making_and_removing_directories(room: FileRoom) -> None:
    assert room.did("POST", directory("/vo/a/b")) == {"/vo/a/b": True, "created": True}
    assert room.did("POST", directory("/vo/a/b")) == {"/vo/a/b": True, "created": False}
    assert room.refused("DELETE", directory("/vo/a"))[:2] == (409, "conflict")
    assert room.get(directory("/vo/a"))["SubDirs"] == {"b": True}
    assert room.did("DELETE", directory("/vo/a/b")) == {"/vo/a/b": True}
    assert room.refused("DELETE", directory("/vo/a/b"))[:2] == (404, "not_found")
    room.add("/vo/a/c/d/f")
    assert room.did("DELETE", directory("/vo/a"), query_string="recursive=true") == {"/vo/a": True}
    assert room.refused("GET", directory("/vo/a/c"))[:2] == (404, "not_found")
    assert room.refused("GET", file("/vo/a/c/d/f", "/attributes"))[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("sent", "mode"), [("0700", 448), ("750", 488), (493, 493), ("0775", 509)], ids=lambda value: str(value)
)
def test_modes_are_octal_texts_or_numbers(room: FileRoom, sent: object, mode: int) -> None:
    room.did("POST", directory("/vo/a"), json={"Mode": sent})
    known = room.get(directory("/vo/a", "/attributes"))
    assert (known["Mode"], known["ModeString"]) == (mode, f"{mode:04o}")


def test_a_body_may_come_as_curl_sends_it(room: FileRoom) -> None:
    """`curl -d` calls it a form; a token in a real form counts, too."""
    form = "application/x-www-form-urlencoded"
    room.did("POST", directory("/vo/a"), data='{"Mode": "0700"}', content_type=form)
    assert room.get(directory("/vo/a", "/attributes"))["Mode"] == 448
    answer = room.call("POST", directory("/vo/b"), None, data={"access_token": "alice"})
    assert answer.get_json() == {"/vo/b": True, "created": True}
    answer = room.call(
        "POST", directory("/vo/c"), None, data={"access_token": "alice"}, content_type="multipart/form-data"
    )
    assert answer.get_json() == {"/vo/c": True, "created": True}
    answer = room.call(
        "DELETE", directory("/vo/c"), None, data={"access_token": "alice", "recursive": "true"}
    )
    assert answer.get_json() == {"/vo/c": True}


def test_changing_attributes(room: FileRoom) -> None:
    room.add("/vo/a/b/f")
    changed = room.did("PATCH", directory("/vo/a", "/attributes"), json={"Mode": "0750"})
    assert (changed["ModeString"], changed["Owner"]) == ("0750", "alice")
    assert room.get(directory("/vo/a/b", "/attributes"))["ModeString"] == "0775"
    room.did("PATCH", directory("/vo/a", "/attributes?recursive=1"), json={"Mode": "0700"})
    assert room.get(directory("/vo/a/b", "/attributes"))["ModeString"] == "0700"
    assert room.get(file("/vo/a/b/f", "/attributes"))["ModeString"] == "0700"
    bad: list[tuple[str, object]] = [("Mode", "9"), ("Mode", -1), ("Mode", []), ("Owner", 5)]
    for name, value in [*bad, ("Status", "Gone"), ("Nope", 1)]:
        for path in (directory("/vo/a", "/attributes"), file("/vo/a/b/f", "/attributes")):
            status, code, text = room.refused("PATCH", path, json={name: value})
            assert (status, code) == (400, "invalid_request"), (name, value, text)
            assert name in text


def test_what_is_not_good_is_hidden_unless_asked_for(room: FileRoom) -> None:
    room.add("/vo/a")
    room.did("PATCH", file("/vo/a", "/attributes"), json={"Status": "Trash"})
    assert room.get(directory("/vo"))["Files"] == {}
    assert list(room.get(directory("/vo"), allStatus="true")["Files"]) == ["a"]
    assert room.refused("GET", file("/vo/a", "/attributes"))[0] == 404
    assert room.get(file("/vo/a", "/attributes"), allStatus="1")["Status"] == "Trash"


def test_sizes(room: FileRoom) -> None:
    room.add("/vo/a/f", Size=10, SE="DISK", PFN="x")
    room.add("/vo/a/b/g", Size=5, Replicas={"DISK": "y", "TAPE": "z"})
    assert room.get(directory("/vo/a", "/size?long=true")) == {
        "LogicalSize": 15,
        "LogicalFiles": 2,
        "LogicalDirectories": 1,
        "PhysicalSize": {"DISK": {"Files": 2, "Size": 15}, "TAPE": {"Files": 1, "Size": 5}},
    }


# --- files -------------------------------------------------------------------------------------------


def test_registering_twice_is_once(room: FileRoom) -> None:
    new = {"Size": 12, "GUID": GUID, "Checksum": "cc500ba0", "SE": "DISK", "PFN": "root://se/a"}
    first = room.did("PUT", file("/vo/a"), json=new)
    assert first["created"] is True
    again = room.did("PUT", file("/vo/a"), json=new)
    assert again == {**first, "created": False}
    for other in ({"Size": 13}, {"Checksum": "cc500ba1"}, {"GUID": GUID.replace("1", "2")}):
        assert room.refused("PUT", file("/vo/a"), json={**new, **other})[:2] == (409, "conflict")
    assert room.get(f"/guid/{GUID}") == {"lfn": "/vo/a"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Size": -1},
        {"Size": "12"},
        {"Size": 1.5},
        {"Size": True},
        {"Size": 2**63},
        {"Size": 1, "Checksum": "xyz"},
        {"Size": 1, "ChecksumType": "CRC"},
        {"Size": 1, "GUID": "nope"},
        {"Size": 1, "PFN": "x"},
        {"Size": 1, "SE": "a/b"},
        {"Size": 1, "Replicas": []},
        {"Size": 1, "Replicas": {"": "x"}},
        {"Size": 1, "Ancestors": [1]},
        {"Size": 1, "Color": "red"},
    ],
    ids=str,
)
def test_what_is_no_file_is_refused(room: FileRoom, body: object) -> None:
    assert room.refused("PUT", file("/vo/a"), json=body)[:2] == (400, "invalid_request")
    assert room.refused("GET", file("/vo/a", "/attributes"))[0] == 404


@pytest.mark.parametrize("body", ["[]", "3", '"x"', "{", "{]", "\xff", '{"Size": NaN}', '{"a":1,"a":2}'])
def test_what_is_no_document_is_refused(room: FileRoom, body: str) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = room.refused("PUT", file("/vo/a"), data=body.encode("latin-1"), content_type=kind)
        assert answer[:2] == (400, "invalid_request")


def test_removing_files(room: FileRoom) -> None:
    room.add("/vo/a")
    assert room.did("DELETE", file("/vo/a")) == {"/vo/a": True}
    assert room.refused("DELETE", file("/vo/a"))[:2] == (404, "not_found")
    assert room.did("DELETE", file("/vo/a"), query_string="missing_ok=true") == {"/vo/a": True}


def test_replicas(room: FileRoom) -> None:
    room.add("/vo/a", SE="DISK", PFN="root://se/a")
    disk = {"PFN": "root://se/a", "Status": "AprioriGood", "Type": "Master"}
    tape = {"PFN": "srm://t/a", "Status": "Probing", "Type": "Replica"}
    path = file("/vo/a", "/replicas")
    assert room.get(path) == {"DISK": disk}
    assert room.did("PUT", f"{path}/TAPE", json={"PFN": "srm://t/a", "Status": "Probing"})["TAPE"] == tape
    moved = room.did("PATCH", f"{path}/TAPE", json={"NewSE": "VAULT", "Status": "AprioriGood"})
    assert moved["VAULT"] == {**tape, "Status": "AprioriGood"}
    assert "TAPE" not in moved
    assert room.refused("PATCH", f"{path}/TAPE", json={"PFN": "x"})[:2] == (404, "not_found")
    elements = room.get("/storageelements")
    assert room.did("DELETE", f"{path}/VAULT") == {"VAULT": True}
    assert room.refused("DELETE", f"{path}/DISK")[:2] == (409, "conflict")
    assert room.did("DELETE", f"{path}/DISK?force=true") == {"DISK": True}
    assert room.get(path) == {}
    for body in ({}, {"PFN": 5}, {"PFN": "x", "Status": "Gone"}, {"PFN": "x", "More": "y"}):
        assert room.refused("PUT", f"{path}/DISK", json=body)[:2] == (400, "invalid_request")
    assert elements["DISK"] == {"protocols": elements["DISK"]["protocols"], "read": True, "write": True}


def test_nobody_registers_at_the_own_storage_element(room: FileRoom) -> None:
    for new in ({"SE": "TIDEGATE", "PFN": "x"}, {"SE": "DISK", "PFN": "tidegate:catalogue:files/aa/b"}):
        assert room.refused("PUT", file("/vo/a"), json={"Size": 1, **new})[:2] == (403, "forbidden")
    room.add("/vo/a")
    path = file("/vo/a", "/replicas/TIDEGATE")
    assert room.refused("PUT", path, json={"PFN": "x"})[:2] == (403, "forbidden")


def test_provenance(room: FileRoom) -> None:
    room.add("/vo/raw")
    room.add("/vo/mid", Ancestors=["/vo/raw"])
    room.add("/vo/top", Ancestors=["/vo/mid"])
    assert room.get(file("/vo/top", "/ancestors")) == {"/vo/mid": 1}
    assert room.get(file("/vo/top", "/ancestors?depth=9")) == {"/vo/mid": 1, "/vo/raw": 2}
    assert room.get(file("/vo/raw", "/descendants?depth=9")) == {"/vo/mid": 1, "/vo/top": 2}
    for depth in ("0", "-1", "x", "9999999"):
        status, code, text = room.refused("GET", file("/vo/top", "/ancestors"), query_string={"depth": depth})
        assert (status, code) == (400, "invalid_request")
        assert "depth" in text


def test_nothing_is_kept_here_yet(room: FileRoom) -> None:
    room.add("/vo/a")
    assert room.refused("GET", file("/vo/a", "/download"))[:2] == (404, "not_found")
