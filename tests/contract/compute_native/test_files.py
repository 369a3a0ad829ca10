"""Outputs and sandboxes: listed, streamed, in parts, in one archive; and within bounds."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.domain.errors import FilesUnavailable
from services.compute.domain.layout import stored_output
from tests.fakes.compute_room import Room

FILES = {"a.txt": b"alpha", "sub/b.bin": bytes(range(256)) * 1000, "sub/ü é.html": b"<script>", "empty": b""}


@pytest.fixture
def uid(room: Room) -> str:
    uid = room.submit()
    room.run(uid, files=FILES)
    return uid


def test_outputs_are_listed_with_what_is_known_of_them(room: Room, uid: str) -> None:
    listed = room.get(f"/jobs/{uid}/outputs").get_json()["files"]
    assert [(f["path"], f["size"], f["sha256"]) for f in listed] == [
        (path, len(FILES[path]), hashlib.sha256(FILES[path]).hexdigest()) for path in sorted(FILES)
    ]
    for file in listed:
        answer = room.http.get(file["url"], headers={"Authorization": "Bearer ada"})
        assert (answer.status_code, answer.data) == (200, FILES[file["path"]])
        assert answer.headers["Content-Length"] == str(file["size"])
        assert answer.headers["ETag"] == f'"{file["sha256"]}"'


def test_what_users_made_is_never_shown_as_a_page_of_ours(room: Room, uid: str) -> None:
    answer = room.get(f"/jobs/{uid}/outputs/sub/ü é.html")
    assert answer.mimetype == "text/html"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


def test_parts_and_versions(room: Room, uid: str) -> None:
    path = f"/jobs/{uid}/outputs/sub/b.bin"
    etag = room.call("HEAD", path).headers["ETag"]
    part = room.get(path, headers={"Range": "bytes=255-257"})
    assert (part.status_code, part.data) == (206, b"\xff\x00\x01")
    assert part.headers["Content-Range"] == "bytes 255-257/256000"
    assert room.get(path, headers={"Range": "bytes=1-2", "If-Range": etag}).status_code == 206
    assert room.get(path, headers={"Range": "bytes=1-2", "If-Range": '"other"'}).status_code == 200
    assert room.get(path, headers={"Range": "bytes=256000-"}).status_code == 416
    same = room.get(path, headers={"If-None-Match": f'"x", W/{etag}'})
    assert (same.status_code, same.data) == (304, b"")
    head = room.call("HEAD", path)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", "256000")
    assert room.get(f"/jobs/{uid}/outputs/empty").data == b""


@pytest.mark.parametrize(
    "path", ["none", "sub", "sub/", "../a.txt", "sub/../a.txt", "%2e%2e/a.txt", "a.txt%00"]
)
def test_what_is_no_output_is_not_there(room: Room, uid: str, path: str) -> None:
    assert room.get(f"/jobs/{uid}/outputs/{path}").status_code in (404, 405)


def test_the_archive_holds_all_outputs(room: Room, uid: str) -> None:
    answer = room.get(f"/jobs/{uid}/outputs.zip")
    assert answer.mimetype == "application/zip"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={uid}.zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
    assert room.get(f"/jobs/{uid}/outputs.zip").data == answer.data
    head = room.call("HEAD", f"/jobs/{uid}/outputs.zip")
    assert (head.status_code, head.data) == (200, b"")


def test_a_job_that_left_nothing_has_an_empty_archive(room: Room) -> None:
    uid = room.submit()
    with zipfile.ZipFile(io.BytesIO(room.get(f"/jobs/{uid}/outputs.zip").data)) as archive:
        assert archive.namelist() == []


def test_an_object_store_that_is_away_is_told_before_any_byte(
    room: Room, uid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> Iterator[bytes]:
        raise FilesUnavailable("disk is gone at /secret/place")

    monkeypatch.setattr(room.files, "open", gone)
    for path in ("outputs/a.txt", "outputs.zip"):
        answer = room.get(f"/jobs/{uid}/{path}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert "secret" not in answer.get_data(as_text=True)


def test_an_output_that_the_object_store_lost_is_not_there(room: Room, uid: str) -> None:
    room.files.remove(stored_output(uid, "a.txt"))
    assert room.get(f"/jobs/{uid}/outputs/a.txt").status_code == 404


# -- sandboxes --------------------------------------------------------------------------------------
def test_a_sandbox_is_kept_replaced_listed_and_removed(room: Room) -> None:
    first = room.call("PUT", "/sandboxes/data.tar.gz", data=b"one")
    assert first.get_json() == {
        "name": "data.tar.gz",
        "size": 3,
        "sha256": hashlib.sha256(b"one").hexdigest(),
    }
    room.call("PUT", "/sandboxes/data.tar.gz", data=b"second")
    room.call("PUT", "/sandboxes/empty", data=b"")
    assert room.get("/sandboxes").get_json()["sandboxes"] == [
        {"name": "data.tar.gz", "size": 6},
        {"name": "empty", "size": 0},
    ]
    answer = room.get("/sandboxes/data.tar.gz", headers={"Range": "bytes=3-"})
    assert (answer.status_code, answer.data) == (206, b"ond")
    assert room.call("DELETE", "/sandboxes/data.tar.gz").status_code == 204
    assert room.call("DELETE", "/sandboxes/data.tar.gz").status_code == 404
    assert room.get("/sandboxes/data.tar.gz").status_code == 404


def test_sandboxes_are_each_owners_own(room: Room) -> None:
    room.call("PUT", "/sandboxes/data", data=b"ada's")
    room.call("PUT", "/sandboxes/data", data=b"bob's", token="bob")
    assert room.get("/sandboxes/data").data == b"ada's"
    assert room.call("DELETE", "/sandboxes/data", token="bob").status_code == 204
    assert room.get("/sandboxes/data").data == b"ada's"
    assert room.get("/sandboxes", token="bob").get_json()["sandboxes"] == []


@pytest.mark.parametrize("name", ["..", ".hidden", "a b", "ä", "x" * 129, "a%2Fb", "a%00"])
def test_names_that_cannot_be_one(room: Room, name: str) -> None:
    assert room.call("PUT", f"/sandboxes/{name}", data=b"x").status_code == 404
    assert room.get(f"/sandboxes/{name}").status_code == 404


def test_a_sandbox_beyond_the_limit_leaves_nothing(room: Room) -> None:
    too_much = b"x" * (room.file_bytes + 1)
    told = room.call("PUT", "/sandboxes/data", data=too_much)
    assert (told.status_code, told.get_json()["code"]) == (413, "too_large")
    untold = room.call(
        "PUT",
        "/sandboxes/data",
        input_stream=io.BytesIO(too_much),
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert (untold.status_code, untold.get_json()["code"]) == (411, "length_required")
    assert room.get("/sandboxes").get_json()["sandboxes"] == []


def test_an_upload_that_breaks_off_leaves_the_older_one(room: Room) -> None:
    room.call("PUT", "/sandboxes/data", data=b"whole")
    answer = room.call(
        "PUT",
        "/sandboxes/data",
        input_stream=io.BytesIO(b"half"),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": "9"},
    )
    assert answer.status_code == 400
    assert room.get("/sandboxes/data").data == b"whole"


def test_all_of_one_owners_uploads_have_a_bound(tmp_path: Path) -> None:
    room = Room(tmp_path, file_bytes=100, owner_bytes=150)
    assert room.call("PUT", "/sandboxes/a", data=b"x" * 100).status_code == 200
    assert room.call("PUT", "/sandboxes/b", data=b"x" * 51).status_code == 413
    assert room.call("PUT", "/sandboxes/b", data=b"x" * 50).status_code == 200
    full = room.call("PUT", "/sandboxes/c", data=b"x")
    assert (full.status_code, full.get_json()["code"]) == (429, "quota_exceeded")
    assert room.call("PUT", "/sandboxes/a", data=b"x" * 99).status_code == 200
    assert room.call("PUT", "/sandboxes/c", data=b"x", token="bob").status_code == 200


@pytest.mark.parametrize(
    ("method", "scope"), [("PUT", "job:write"), ("DELETE", "job:write"), ("GET", "job:read")]
)
def test_sandboxes_want_their_scope(room: Room, method: str, scope: str) -> None:
    token = "reader" if scope == "job:write" else "writer"
    assert room.call(method, "/sandboxes/data", token=token, data=b"").status_code == 403
