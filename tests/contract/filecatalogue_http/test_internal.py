"""What compute asks of the file catalogue, and the bytes that compute keeps for it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.catalogue.domain.files.errors import CatalogueUnavailable, NotThere
from services.catalogue.file_ports import Opened
from services.catalogue.usecases.files import keeping
from tests.fakes.filecatalogue_room import FileRoom, file

ALICE = {"name": "alice", "group": "vo_user", "groups": ["vo_user"], "vo": "vo"}
MALLORY = {"name": "mallory", "group": "evil_user", "groups": ["evil_user"], "vo": "evil"}
GUID = "01234567-89ab-5def-8123-456789abcdef"
PFN = f"tidegate:catalogue:files/01/{GUID}"
NEW: Mapping[str, Any] = {
    "lfn": "/vo/a.dat",
    "guid": GUID,
    "size": 10,
    "sha256": "c" * 64,
    "pfn": PFN,
    "metadata": {},
    "ancestors": [],
}
COMPUTE = {"Authorization": "Bearer compute"}


class Shelf:
    """What compute keeps; `trouble` is raised instead."""

    def __init__(self) -> None:
        self.files = {GUID: b"0123456789"}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.trouble: Exception | None = None

    def open(self, guid: str, method: str, conditions: Mapping[str, str]) -> Opened:
        self.asked.append((guid, method, dict(conditions)))
        if self.trouble is not None:
            raise self.trouble
        if guid not in self.files:
            raise NotThere("The bytes of this file are gone.")
        content = self.files[guid]
        headers = {"Content-Length": str(len(content)), "ETag": '"x"', "Accept-Ranges": "bytes"}
        return Opened(200, headers, iter([content]))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def room(tmp_path: Path, shelf: Shelf) -> Iterator[FileRoom]:
    room = FileRoom(tmp_path, own_bytes=shelf)
    yield room
    room.close()


@pytest.fixture
def http(room: FileRoom) -> FlaskClient:
    return room.http


def asked(http: FlaskClient, name: str, **body: Any) -> Any:
    answer = http.post(f"/internal/files/{name}", json=body, headers=COMPUTE)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def registered(http: FlaskClient, actor: Mapping[str, Any] = ALICE, **changes: Any) -> Any:
    return asked(http, "register", actor=actor, files=[{**NEW, **changes}])["refused"]


def test_what_a_job_made_is_registered_once_and_found_by_those_who_may_read(http: FlaskClient) -> None:
    assert registered(http) == {}
    assert registered(http) == {}
    (found,) = asked(http, "locate", actor=ALICE, lfns=["/vo/a.dat", "/vo/none", "no path"])["files"]
    assert found == {
        "lfn": "/vo/a.dat",
        "size": 10,
        "checksum": "c" * 64,
        "checksum_type": "SHA256",
        "replicas": [{"se": "TIDEGATE", "pfn": PFN, "is_own": True}],
    }
    assert asked(http, "locate", actor=MALLORY, lfns=["/vo/a.dat"])["files"] == []
    assert asked(http, "locate", actor={**ALICE, "vo": ""}, lfns=["/vo/a.dat"])["files"] == []


def test_another_file_of_the_name_is_refused_in_words(http: FlaskClient) -> None:
    registered(http)
    refused = registered(http, guid="11234567-89ab-5def-8123-456789abcdef", size=11)
    assert list(refused) == ["/vo/a.dat"]
    assert registered(http, MALLORY, lfn="/vo/b.dat").keys() == {"/vo/b.dat"}
    assert registered(http, lfn="/vo/../x").keys() == {"/vo/../x"}


def test_what_would_be_refused_is_told_before_anything_happens(http: FlaskClient) -> None:
    def refusals(actor: Mapping[str, Any] = ALICE, **changes: Any) -> Any:
        return asked(http, "refusals", actor=actor, files=[{**NEW, **changes}])["refused"]

    assert refusals() == {}
    assert asked(http, "locate", actor=ALICE, lfns=["/vo/a.dat"])["files"] == []
    registered(http)
    assert refusals() == {}
    assert refusals(size=11) == registered(http, size=11) != {}
    assert refusals(MALLORY, lfn="/vo/b.dat") == registered(http, MALLORY, lfn="/vo/b.dat") != {}
    assert refusals(lfn="/vo/../x") == registered(http, lfn="/vo/../x") != {}


def test_metadata_and_ancestors_come_along(room: FileRoom, http: FlaskClient) -> None:
    room.declare("run", "int", "file")
    room.add("/vo/raw.dat")
    assert registered(http, metadata={"run": 5}, ancestors=["/vo/raw.dat"]) == {}
    assert room.get(file("/vo/a.dat", "/metadata"))["run"] == 5
    assert room.get(file("/vo/a.dat", "/ancestors")) == {"/vo/raw.dat": 1}
    assert list(registered(http, lfn="/vo/c.dat", metadata={"run": "x"})) == ["/vo/c.dat"]


def test_which_bytes_a_file_still_names(room: FileRoom, http: FlaskClient) -> None:
    registered(http)
    other = "21234567-89ab-5def-8123-456789abcdef"
    room.add("/vo/elsewhere.dat", GUID=other, SE="DISK", PFN="srm://x/y")
    assert asked(http, "named", guids=[GUID, other, "31234567-89ab-5def-8123-456789abcdef"]) == {
        "guids": [GUID]
    }
    room.did("DELETE", file("/vo/a.dat"))
    assert asked(http, "named", guids=[GUID]) == {"guids": []}


@pytest.mark.parametrize("name", ["locate", "refusals", "register", "named"])
@pytest.mark.parametrize(("token", "status"), [(None, 401), ("alice", 401), ("stranger", 403), ("auth", 403)])
def test_compute_alone_may_ask(http: FlaskClient, name: str, token: str | None, status: int) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    assert http.post(f"/internal/files/{name}", json={}, headers=headers).status_code == status


@pytest.mark.parametrize("name", ["locate", "refusals", "register", "named"])
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"actor": 5, "lfns": 5, "files": [5], "guids": 5}', b"\xff"]
)
def test_what_is_malformed_is_told_so(http: FlaskClient, name: str, body: bytes) -> None:
    assert http.post(f"/internal/files/{name}", data=body, headers=COMPUTE).status_code == 400


def test_bytes_go_out_under_the_files_name_and_conditions_go_in(
    room: FileRoom, http: FlaskClient, shelf: Shelf
) -> None:
    registered(http)
    answer = room.call(
        "GET", file("/vo/a.dat", "/download"), headers={"Range": "bytes=1-", "If-None-Match": '"y"'}
    )
    assert (answer.status_code, answer.data) == (200, b"0123456789")
    assert answer.headers["Content-Disposition"] == "attachment; filename=a.dat"
    assert (answer.headers["ETag"], answer.headers["X-Content-Type-Options"]) == ('"x"', "nosniff")
    assert shelf.asked == [(GUID, "GET", {"Range": "bytes=1-", "If-None-Match": '"y"'})]
    assert room.call("GET", file("/vo/a.dat", "/download"), token="mallory").status_code == 404
    assert room.call("GET", file("/vo/a.dat", "/download"), token=None).status_code == 401
    assert room.call("GET", file("/vo/a.dat", "/download"), token="jobs").status_code == 403


def test_a_replica_elsewhere_is_where_the_reader_is_sent(room: FileRoom) -> None:
    room.add("/vo/web.dat", Replicas={"TAPE": "srm://tape/x", "WEB": "https://se.example/x?y"})
    sent = room.call("GET", file("/vo/web.dat", "/download"))
    assert (sent.status_code, sent.headers["Location"]) == (307, "https://se.example/x?y")
    assert room.refused("GET", file("/vo/web.dat", "/download?SE=TAPE"))[0] == 404
    assert room.refused("GET", file("/vo/web.dat", "/download?SE=NONE"))[0] == 404
    room.add("/vo/bare.dat")
    assert room.refused("GET", file("/vo/bare.dat", "/download"))[0] == 404


def test_bytes_that_are_gone_or_away(room: FileRoom, http: FlaskClient, shelf: Shelf) -> None:
    registered(http)
    shelf.files.clear()
    assert room.refused("GET", file("/vo/a.dat", "/download"))[:2] == (404, "not_found")
    shelf.trouble = CatalogueUnavailable("away")
    assert room.refused("GET", file("/vo/a.dat", "/download"))[:2] == (503, "unavailable")


def test_a_share_is_a_right_to_one_file_until_it_is_ended(room: FileRoom, http: FlaskClient) -> None:
    registered(http)
    share = room.did("POST", file("/vo/a.dat", "/share"))
    assert (share["type"], share["lfn"]) == ("lfn", "/vo/a.dat")
    path = f"/shared/{share['share']}"
    assert room.call("GET", path, token=None).data == b"0123456789"
    assert room.call("HEAD", path, token=None).status_code == 200
    for forged in (
        share["share"][:-1],
        share["share"].swapcase(),
        "x" * 43,
        "..",
        "%2e%2e",
        "x" * 5000,
        "é" * 30,
    ):
        assert room.call("GET", f"/shared/{forged}", token=None).status_code == 404
    assert room.refused("POST", file("/vo/a.dat", "/share"), "mallory")[0] == 404
    assert room.refused("DELETE", file("/vo/a.dat", "/share"), "mallory")[0] == 404
    room.did("POST", file("/vo/a.dat", "/share"))
    assert room.did("DELETE", file("/vo/a.dat", "/share")) == {"ended": 2}
    assert room.refused("GET", path)[0] == 404


def test_a_share_goes_with_its_file(room: FileRoom, http: FlaskClient) -> None:
    registered(http)
    share = room.did("POST", file("/vo/a.dat", "/share"))["share"]
    room.did("DELETE", file("/vo/a.dat"))
    assert room.call("GET", f"/shared/{share}", token=None).status_code == 404


def test_a_right_to_read_is_none_to_give_it_away(room: FileRoom, http: FlaskClient) -> None:
    registered(http)
    for method in ("POST", "DELETE"):
        assert room.refused(method, file("/vo/a.dat", "/share"), "reader")[:2] == (403, "insufficient_scope")


@pytest.mark.parametrize(
    "pfn",
    [
        "https://[",
        "https://[::1/x",
        "https://se.example/\u0080\u2028x",
        "https://se.example:port/é",
        "http://",
        "https://se.example/" + "x" * 4000,
        "https://\u2100.example/",
    ],
)
def test_whatever_a_pfn_is_nobody_gets_a_broken_answer(room: FileRoom, pfn: str) -> None:
    room.add("/vo/web.dat", Replicas={"WEB": pfn})
    answer = room.call("GET", file("/vo/web.dat", "/download"))
    assert answer.status_code in (307, 404)
    assert answer.headers.get("Location", "").isascii()


def test_others_of_the_same_guid_keep_nothing_and_take_nothing(
    room: FileRoom, http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 2)
    registered(http)
    for number in range(5):
        room.add(f"/evil/{number}.dat", "mallory", GUID=GUID, Replicas={"DISK": "srm://x/y"})
    assert room.call("GET", file("/evil/0.dat", "/download"), token="mallory").status_code == 404
    assert asked(http, "named", guids=[GUID])["guids"] == [GUID]
    room.did("DELETE", file("/vo/a.dat"))
    assert asked(http, "named", guids=[GUID])["guids"] == []
    assert registered(http) == {}
    assert asked(http, "named", guids=[GUID])["guids"] == [GUID]
