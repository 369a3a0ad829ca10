"""Who may see and change what, over HTTP: tokens, scopes, organisations, modes (contract 1.4, 3.5)."""

from pathlib import Path

import pytest

from tests.fakes.filecatalogue_room import FileRoom, directory, file

pytestmark = pytest.mark.clause("dirac 1.4", "dirac 3.5")

READS = [
    *("/metadata", "/metadata/fields", "/metasets", "/storageelements", "/directory"),
    *(directory("/vo/a", suffix) for suffix in ("", "/metadata", "/search", "/files", "/size")),
    *(file("/vo/a/f", suffix) for suffix in ("/attributes", "/metadata", "/replicas", "/ancestors")),
]
WRITES = [
    ("POST", directory("/vo/a/b"), {}),
    ("DELETE", directory("/vo/a/c"), None),
    ("PATCH", directory("/vo/a", "/attributes"), {"Mode": "0777"}),
    ("PATCH", directory("/vo/a", "/usermetadata"), {"x": 1}),
    ("DELETE", directory("/vo/a", "/usermetadata?key=known"), None),
    ("PUT", file("/vo/a/g"), {"Size": 1}),
    ("DELETE", file("/vo/a/f"), None),
    ("PATCH", file("/vo/a/f", "/attributes"), {"Mode": "0777"}),
    ("PATCH", file("/vo/a/f", "/metadata"), {"x": 1}),
    ("PUT", file("/vo/a/f", "/replicas/NEW"), {"PFN": "x"}),
    ("DELETE", file("/vo/a/f", "/replicas/DISK?force=true"), None),
]


@pytest.fixture
def filled(room: FileRoom) -> FileRoom:
    """Alice's own: others of her group may read and no more."""
    room.add("/vo/a/f", SE="DISK", PFN="x")
    room.make("/vo/a/c")
    room.know("/vo/a", known=1)
    room.did("PATCH", directory("/vo/a", "/attributes?recursive=1"), json={"Mode": "0755"})
    return room


def test_every_way_to_bring_a_token(room: FileRoom) -> None:
    for header in ("Bearer alice", "alice Bearer", "bearer alice"):
        assert room.call("GET", "/directory", None, headers={"Authorization": header}).status_code == 200
    assert room.call("GET", "/directory?access_token=alice", None).status_code == 200
    same = {"Authorization": "Bearer alice"}
    assert room.call("GET", "/directory?access_token=alice", None, headers=same).status_code == 200
    other = room.call("GET", "/directory?access_token=bob", None, headers=same)
    assert (other.status_code, other.get_json()["error"]) == (400, "invalid_request")


def test_who_proves_nothing_is_told_how(room: FileRoom) -> None:
    answer = room.call("GET", "/directory", None)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="dirac"')
    assert set(answer.get_json()) == {"error", "error_description", "detail", "status"}
    assert room.refused("GET", "/directory", "stranger")[:2] == (401, "invalid_token")


def test_answers_are_kept_by_nobody(room: FileRoom) -> None:
    assert room.call("GET", "/directory").headers["Cache-Control"] == "private, no-store"
    assert room.call("GET", file("/vo/a")).headers["Cache-Control"] == "private, no-store"


def test_scopes(filled: FileRoom) -> None:
    for path in READS:
        assert filled.call("GET", path, "reader").status_code == 200, path
        assert filled.refused("GET", path, "jobs")[:2] == (403, "insufficient_scope"), path
    for method, path, body in WRITES:
        answer = filled.refused(method, path, "reader", json=body)
        assert answer[:2] == (403, "insufficient_scope"), path


def test_a_credential_without_an_organisation_is_told_what_to_do(room: FileRoom) -> None:
    status, code, text = room.refused("GET", "/directory", "nobody")
    assert (status, code) == (403, "forbidden")
    assert "token for one of your groups" in text


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_others_change_nothing(filled: FileRoom, method: str, path: str, body: object) -> None:
    for token in ("bob", "carol"):
        assert filled.refused(method, path, token, json=body)[:2] == (403, "forbidden")
    for token in ("mallory", "chief"):
        assert filled.refused(method, path, token, json=body)[0] in (403, 404)
    assert filled.call(method, path, "boss", json=body).status_code == 200


def test_another_organisations_tree_is_not_there(filled: FileRoom) -> None:
    """Nor does any answer tell a path that is there from one that is not."""
    for token in ("mallory", "chief"):
        for suffix in ("", "/metadata", "/search", "/files", "/size", "/attributes", "/usermetadata"):
            there = filled.refused("GET", directory("/vo/a", suffix), token)
            not_there = filled.refused("GET", directory("/vo/z", suffix), token)
            assert there[0] == not_there[0] == 404
            assert there[2].replace("/vo/a", "") == not_there[2].replace("/vo/z", "")
        for suffix in ("/attributes", "/metadata", "/replicas", "/ancestors", "/descendants", "/download"):
            there = filled.refused("GET", file("/vo/a/f", suffix), token)
            not_there = filled.refused("GET", file("/vo/a/z", suffix), token)
            assert there[0] == not_there[0] == 404
            assert there[2].replace("/vo/a/f", "") == not_there[2].replace("/vo/a/z", "")
        done = filled.did(
            "POST", "/bulk", token, json={"op": "removeFile", "items": {"/vo/a/f": {}, "/vo/a/z": {}}}
        )
        assert set(done["Failed"]) == {"/vo/a/f", "/vo/a/z"}
    guid = filled.get(file("/vo/a/f", "/attributes"))["GUID"]
    assert filled.refused("GET", f"/guid/{guid}", "mallory")[0] == 404
    assert filled.call("GET", file("/vo/a/f", "/attributes")).status_code == 200


def test_reading_by_modes_where_the_operator_says_so(tmp_path: Path) -> None:
    room = FileRoom(tmp_path, global_read=False)
    room.make("/vo/secret")
    room.did("PATCH", directory("/vo/secret", "/attributes"), json={"Mode": "0700"})
    assert room.refused("GET", directory("/vo/secret"), "bob")[:2] == (403, "forbidden")
    assert room.call("GET", directory("/vo/secret"), "boss").status_code == 200
    room.close()


def test_without_a_database_there_is_no_catalogue(tmp_path: Path) -> None:
    room = FileRoom(tmp_path, with_files=False)
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        status, code, text = room.refused(method, directory("/vo"))
        assert (status, code, text) == (404, "not_found", "This installation has no file catalogue.")
    assert room.call("GET", "/metadata", None).status_code == 401
    room.close()
