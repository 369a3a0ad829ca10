"""Sandboxes as RESTDIRAC's clients fetch them: really in the announced form, whole and in parts."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from services.compute.dialects.dirac.sandboxes import downloads
from services.compute.domain.layout import stored_sandbox
from services.compute.domain.states import State
from tests.contract.compute_dirac.sandbox_kit import MEDIA_TYPES, end, opened, tarred
from tests.fakes.compute_dirac import Dirac

pytestmark = pytest.mark.clause("dirac 2.5")

OUTPUTS = {"hist.root": b"\x00histogram" * 5000, "logs/a.log": b"a\n", "other.txt": b"not named"}
STREAMS = {"stdout": b"Hello World\n", "stderr": b"warning\n"}
MANIFEST = {"Executable": "/bin/echo", "OutputSandbox": ["hist.root", "logs", "std.out"]}
WANTED = {"hist.root": OUTPUTS["hist.root"], "logs/a.log": b"a\n", "std.out": b"Hello World\n"}


@pytest.fixture
def room(tmp_path: Path) -> Dirac:
    return Dirac(tmp_path)


def ended(room: Dirac, manifest: Any = MANIFEST, **how: Any) -> int:
    (jid,) = room.submit(manifest)
    end(room, jid, **{"outputs": OUTPUTS, "streams": STREAMS, **how})
    return jid


def test_what_the_sample_does_works_gzip_under_gzips_name(room: Dirac) -> None:
    jid = ended(room)
    answer = room.get(f"/jobs/{jid}/outputsandbox")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/gzip")
    assert answer.headers["Content-Disposition"] == f"attachment; filename={jid}-outputsandbox.tar.gz"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert opened(answer.data, "tar.gz") == WANTED


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_the_bytes_are_what_was_asked_for(room: Dirac, form: str) -> None:
    jid = ended(room)
    by_name = room.get(f"/jobs/{jid}/outputsandbox?format={form}")
    by_type = room.get(f"/jobs/{jid}/outputsandbox", headers={"Accept": MEDIA_TYPES[form]})
    assert by_name.data == by_type.data
    assert by_name.headers["Content-Type"] == MEDIA_TYPES[form]
    assert f"sandbox.{form}" in by_name.headers["Content-Disposition"]
    assert opened(by_name.data, form) == WANTED


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({"User-Agent": "Java/1.8.0_292"}, "tar.bz2"),
        ({"User-Agent": "Java/1.8.0_292", "Accept": "application/gzip"}, "tar.gz"),
        ({"Accept": "*/*"}, "tar.gz"),
        ({"Accept": "text/html, application/zip;q=0.5, application/zstd;q=0.9"}, "tar.zst"),
        ({"Accept": "application/zstd;q=0, */*"}, "tar.gz"),
    ],
)
def test_readers_that_say_what_they_take(room: Dirac, headers: dict[str, str], form: str) -> None:
    jid = ended(room)
    answer = room.get(f"/jobs/{jid}/outputsandbox", headers=headers)
    assert opened(answer.data, form) == WANTED


def test_in_parts_and_not_again(room: Dirac) -> None:
    jid = ended(room)
    path = f"/jobs/{jid}/outputsandbox"
    whole = room.get(path)
    tag = whole.headers["ETag"]
    part = room.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, whole.data[10:20])
    assert room.get(path, headers={"Range": "bytes=10-19", "If-Range": '"other"'}).data == whole.data
    known = room.get(path, headers={"If-None-Match": tag})
    assert (known.status_code, known.data) == (304, b"")
    late = room.get(path, headers={"Range": f"bytes={len(whole.data)}-"})
    assert (late.status_code, late.get_json()["status"]) == (416, 416)
    other = room.get(f"{path}?format=zip", headers={"If-None-Match": tag})
    assert other.status_code == 200
    head = room.call("HEAD", path)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(whole.data)))


def test_one_file(room: Dirac) -> None:
    jid = ended(room)
    assert room.get(f"/jobs/{jid}/outputsandbox/std.out").data == b"Hello World\n"
    assert room.get(f"/jobs/{jid}/outputsandbox/logs/a.log").data == b"a\n"
    part = room.get(f"/jobs/{jid}/outputsandbox/hist.root", headers={"Range": "bytes=1-9"})
    assert (part.status_code, part.data) == (206, b"histogram")
    for missing in ("other.txt", "std.err", "none", "../secret", "logs"):
        assert room.get(f"/jobs/{jid}/outputsandbox/{missing}").status_code in (404, 308)


@pytest.mark.parametrize(
    ("manifest", "streams", "names"),
    [
        ({"Executable": "/bin/true"}, STREAMS, {"std.out": b"Hello World\n", "std.err": b"warning\n"}),
        ({"Executable": "/bin/true", "StdOut": "o.txt"}, STREAMS, {"o.txt", "std.err"}),
        (
            {"Executable": "/bin/true", "StdOutput": "all", "StdError": "all"},
            {"output": b"both"},
            {"all": b"both"},
        ),
        ({"Executable": "/bin/true", "OutputSandbox": ["*.root"]}, STREAMS, {"hist.root"}),
    ],
)
def test_which_files_it_is(room: Dirac, manifest: Any, streams: Any, names: Any) -> None:
    jid = ended(room, manifest, streams=streams)
    found = opened(room.get(f"/jobs/{jid}/outputsandbox").data, "tar.gz")
    assert (found if isinstance(names, dict) else found.keys()) == names


def test_a_failed_job_gives_what_it_left(room: Dirac) -> None:
    jid = ended(room, state=State.FAILED)
    assert opened(room.get(f"/jobs/{jid}/outputsandbox").data, "tar.gz") == WANTED


def test_there_is_none_yet_or_none_at_all(room: Dirac) -> None:
    (waiting,) = room.submit()
    early = room.get(f"/jobs/{waiting}/outputsandbox")
    assert (early.status_code, early.get_json()["error"]) == (404, "not_found")
    assert "has not ended" in early.get_json()["detail"]
    nothing = ended(room, outputs={}, streams={})
    assert room.get(f"/jobs/{nothing}/outputsandbox").status_code == 404
    assert room.get(f"/jobs/{waiting}/inputsandbox").status_code == 404
    assert room.get("/jobs/999999/outputsandbox").status_code == 404


@pytest.mark.parametrize("path", ["outputsandbox", "outputsandbox/std.out", "inputsandbox"])
def test_they_are_the_owners_alone(room: Dirac, path: str) -> None:
    jid = ended(room)
    assert room.get(f"/jobs/{jid}/{path}", token="bob").status_code == 404
    assert room.get(f"/jobs/{jid}/{path}", token=None).status_code == 401
    assert room.get(f"/jobs/{jid}/{path}", token="nobody").status_code == 403


@pytest.mark.parametrize("name", ["rar", "", "tar.gz.exe", "../x", "TAR.GZ\x00", "x" * 5000])
def test_a_form_that_is_none_is_refused(room: Dirac, name: str) -> None:
    jid = ended(room)
    answer = room.get(f"/jobs/{jid}/outputsandbox", query_string={"format": name})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_the_same_job_gives_the_same_bytes_twice_and_makes_them_once(room: Dirac) -> None:
    jid = ended(room)
    first = room.get(f"/jobs/{jid}/outputsandbox").data
    kept = list((room.folder / "objects").rglob("archives/*"))
    assert len(kept) == 1
    assert room.get(f"/jobs/{jid}/outputsandbox").data == first
    assert list((room.folder / "objects").rglob("archives/*")) == kept


# -- input sandboxes --------------------------------------------------------------------------------
def with_files(room: Dirac, **files: bytes) -> int:
    manifest = '{"Executable": "a.sh", "InputSandbox": ["a.sh"]}'
    sent = {"manifest": manifest, **{n: (io.BytesIO(c), n.replace("_", ".")) for n, c in files.items()}}
    answer = room.call("POST", "/jobs", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    jid: int = answer.get_json()["jids"][0]
    return jid


def test_what_came_with_a_job_goes_out_again_in_every_form(room: Dirac) -> None:
    jid = with_files(room, a_sh=b"#!/bin/sh\n", b_txt=b"data" * 100_000)
    for form in MEDIA_TYPES:
        answer = room.get(f"/jobs/{jid}/inputsandbox?format={form}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, MEDIA_TYPES[form])
        assert opened(answer.data, form) == {"a.sh": b"#!/bin/sh\n", "b.txt": b"data" * 100_000}


def test_programs_stay_programs(room: Dirac) -> None:
    jid = with_files(room, a_sh=b"#!/bin/sh\n")
    data = room.get(f"/jobs/{jid}/inputsandbox?format=tar").data
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.getmember("a.sh").mode & 0o111


def test_an_upload_whose_time_is_over_is_not_there(room: Dirac) -> None:
    jid = with_files(room, a_sh=b"#!/bin/sh\n")
    (name,) = room.sandboxes.list(room.job(jid).owner)
    room.sandboxes.remove(room.job(jid).owner, name)
    for form in ("tar.gz", "zip"):
        answer = room.get(f"/jobs/{jid}/inputsandbox?format={form}")
        assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    "content",
    [
        tarred({"../../etc/cron.d/x": b"x"}),
        tarred({"/etc/passwd": b"x"}),
        tarred({"a\nb": b"x"}),
        tarred({"good": b"x"}, odd=tarfile.CHRTYPE),
        tarred({"good": b"x" * 2000})[:1500],
        b"no archive at all" * 100,
    ],
    ids=["climbs", "absolute", "newline", "device", "cut", "noise"],
)
def test_a_hostile_archive_is_not_packed_anew_but_given_as_it_came(room: Dirac, content: bytes) -> None:
    jid = with_files(room, a_sh=b"#!/bin/sh\n")
    owner = room.job(jid).owner
    (name,) = room.sandboxes.list(owner)
    room.files.put(stored_sandbox(owner, name), [gzip.compress(content)])
    refused = room.get(f"/jobs/{jid}/inputsandbox?format=zip")
    assert (refused.status_code, refused.get_json()["error"]) == (409, "conflict")
    assert not list((room.folder / "objects").rglob("archives/*"))
    assert gzip.decompress(room.get(f"/jobs/{jid}/inputsandbox?format=tar.gz").data) == content


def test_more_than_may_be_unpacked_is_not_unpacked(room: Dirac, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small it is packed again."""
    monkeypatch.setattr(downloads, "MAX_UNPACKED", 1_000_000)
    jid = with_files(room, a_sh=b"#!/bin/sh\n")
    owner = room.job(jid).owner
    (name,) = room.sandboxes.list(owner)
    room.files.put(stored_sandbox(owner, name), [gzip.compress(tarred({"zeros": bytes(1_000_001)}))])
    refused = room.get(f"/jobs/{jid}/inputsandbox?format=zip")
    assert (refused.status_code, refused.get_json()["error"]) == (409, "conflict")
    assert not list((room.folder / "objects").rglob("archives/*"))


def test_an_archive_too_large_to_keep_is_made_as_it_is_read(
    room: Dirac, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_KEPT", 100)
    jid = ended(room)
    answer = room.get(f"/jobs/{jid}/outputsandbox?format=zip")
    assert opened(answer.data, "zip") == WANTED
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not list((room.folder / "objects").rglob("archives/*"))
    assert room.call("HEAD", f"/jobs/{jid}/outputsandbox").status_code == 200


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_a_name_that_is_no_text_is_packed_or_refused(room: Dirac, form: str) -> None:
    jid = with_files(room, a_sh=b"#!/bin/sh\n")
    owner = room.job(jid).owner
    (name,) = room.sandboxes.list(owner)
    room.files.put(stored_sandbox(owner, name), [gzip.compress(tarred({"caf\udce9": b"x"}))])
    answer = room.get(f"/jobs/{jid}/inputsandbox?format={form}")
    if form == "zip":  # whose names are texts
        assert (answer.status_code, answer.get_json()["error"]) == (409, "conflict")
    else:
        assert opened(answer.data, form) == {"caf\udce9": b"x"}
