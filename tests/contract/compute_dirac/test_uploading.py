"""Files that come with POST /jobs (contract 2.6): as RESTDIRAC's sample and JSAGA send them."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from services.compute.dialects.dirac.limits import Limits
from services.compute.domain.spec import Input, Source
from services.compute.ports.store import Filter
from tests.fakes.compute_dirac import ECHO, Dirac

pytestmark = pytest.mark.clause("dirac 2.6", "dirac 5.3")

SCRIPT = b"#!/bin/sh\necho $1\n"
RUN = {"Executable": "a.sh", "Arguments": "1"}
# JSAGA's own bytes: the manifest is in the URL, a part's name is the file's, its type is multipart/form-data.
JSAGA = (
    b"--X\r\n"
    b'Content-Disposition: form-data; name="a.sh"; filename="a.sh"\r\n'
    b"Content-Type: multipart/form-data\r\n"
    b"Content-Transfer-Encoding: binary\r\n\r\n" + SCRIPT + b"\r\n--X--\r\n"
)


def parts(*files: tuple[str, str, bytes], manifest: Any = None) -> dict[str, Any]:
    """(field, file name, content) each."""
    data: dict[str, Any] = {} if manifest is None else {"manifest": json.dumps(manifest)}
    for field, name, content in files:
        data.setdefault(field, []).append((io.BytesIO(content), name))
    return {"data": data, "content_type": "multipart/form-data"}


def archives(room: Dirac, jid: int) -> list[Input]:
    return [given for given in room.job(jid).spec.inputs if given.source is Source.SANDBOX]


def contents(room: Dirac, jid: int, owner: str = "a") -> dict[str, bytes]:
    """Of the one archive that the job brings."""
    (given,) = archives(room, jid)
    whole = b"".join(room.sandboxes.open("person:" + owner * 32, given.value))
    with tarfile.open(fileobj=io.BytesIO(whole), mode="r:gz") as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]


def test_the_samples_way(room: Dirac) -> None:
    sent = parts(("file", "a.sh", SCRIPT), ("file1", "dir/b.dat", b"\x00\xff"), manifest=RUN)
    answer = room.call("POST", "/jobs", **sent)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    (jid,) = answer.get_json()["jids"]
    assert contents(room, jid) == {"a.sh": SCRIPT, "b.dat": b"\x00\xff"}
    (given,) = archives(room, jid)
    assert (given.unpack, given.executable) == (True, True)
    (reference,) = room.manifest(jid)["InputSandbox"]
    assert reference.startswith("SB:SandboxSE|/S3/tidegate/vo/vo_user/ada/sha256:")
    assert reference.endswith(".tar.gz")
    assert room.job(jid).spec.roles[0].tasks[0].command == ("/bin/sh", "-c", "./a.sh 1")
    assert room.manifest(jid, "?original=true") == RUN


def test_jsagas_way(room: Dirac) -> None:
    manifest = {**RUN, "InputSandbox": ["a.sh"], "Site": ["A"]}
    query = {"access_token": "ada", "manifest": json.dumps(manifest)}
    answer = room.http.post(
        "/jobs", query_string=query, data=JSAGA, content_type="multipart/form-data; boundary=X"
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    (jid,) = answer.get_json()["jids"]
    assert contents(room, jid) == {"a.sh": SCRIPT}
    assert room.manifest(jid)["InputSandbox"][0] == "a.sh"


def test_the_archive_comes_with_every_job_of_the_request(room: Dirac) -> None:
    manifest = {**RUN, "Parameters": 3, "Arguments": "%s", "InputSandbox": "a.sh"}
    jids = room.call("POST", "/jobs", **parts(("f", "a.sh", SCRIPT), manifest=manifest)).get_json()["jids"]
    assert len({archives(room, jid)[0].value for jid in jids}) == 1
    assert len(jids) == 3
    assert len(room.sandboxes.list("person:" + "a" * 32)) == 1


def test_the_same_files_are_kept_once(room: Dirac) -> None:
    for _ in range(3):
        assert room.call("POST", "/jobs", **parts(("f", "a.sh", SCRIPT), manifest=RUN)).status_code == 200
    assert len(room.sandboxes.list("person:" + "a" * 32)) == 1


def test_a_reference_of_an_earlier_job_may_be_used_again(room: Dirac) -> None:
    first = room.call("POST", "/jobs", **parts(("f", "a.sh", SCRIPT), manifest=RUN)).get_json()["jids"][0]
    (reference,) = room.manifest(first)["InputSandbox"]
    (jid,) = room.submit({"Executable": "a.sh", "InputSandbox": [reference]})
    assert contents(room, jid) == {"a.sh": SCRIPT}
    command = room.job(jid).spec.roles[0].tasks[0].command
    assert command == ("/bin/sh", "-c", 'PATH="$PWD:$PATH"\na.sh')
    for token in ("bob", "plain"):
        answer = room.post({"Executable": "a.sh", "InputSandbox": [reference]}, token=token)
        assert answer.status_code == 400
        assert answer.get_json()["problems"][0]["pointer"] == "/InputSandbox/0"


@pytest.mark.parametrize("name", ["..", ".", "a/..", "x\0y", "a" * 256, "\u202ename"])
def test_names_that_no_file_may_have(room: Dirac, name: str) -> None:
    answer = room.call("POST", "/jobs", **parts(("f", name, b"x"), manifest=ECHO))
    assert answer.status_code == 400
    assert room.store.count(Filter(owners=None)) == 0


def test_paths_lose_their_folders(room: Dirac) -> None:
    sent = parts(("f", "../../../etc/cron.d/x", b"x"), ("f", "/a/y", b"y"), manifest=ECHO)
    (jid,) = room.call("POST", "/jobs", **sent).get_json()["jids"]
    assert contents(room, jid) == {"x": b"x", "y": b"y"}


def test_two_files_of_one_name(room: Dirac) -> None:
    answer = room.call("POST", "/jobs", **parts(("f", "a", b"x"), ("g", "b/a", b"y"), manifest=ECHO))
    assert answer.status_code == 400
    assert "'a'" in answer.get_json()["detail"]


def test_files_that_nobody_sent(room: Dirac) -> None:
    manifest = {**RUN, "InputSandbox": ["a.sh", "b.sh"]}
    answer = room.call("POST", "/jobs", **parts(("f", "a.sh", SCRIPT), manifest=manifest))
    assert answer.status_code == 400
    assert answer.get_json()["problems"][0]["pointer"] == "/InputSandbox/1"
    assert room.sandboxes.list("person:" + "a" * 32) == {}


def test_files_that_are_too_large(tmp_path: Path) -> None:
    room = Dirac(tmp_path, limits=Limits(sandbox_bytes=1000))
    answer = room.call(
        "POST", "/jobs", **parts(("f", "a", b"x" * 600), ("f", "b", b"x" * 600), manifest=ECHO)
    )
    assert (answer.status_code, answer.get_json()["error"]) == (413, "too_large")
    assert room.call("POST", "/jobs", **parts(("f", "a", b"x" * 1000), manifest=ECHO)).status_code == 200


def test_a_manifest_that_curl_made_a_file_of(room: Dirac) -> None:
    sent = parts(("manifest", "job.json", json.dumps(RUN).encode()), ("f", "a.sh", SCRIPT))
    (jid,) = room.call("POST", "/jobs", **sent).get_json()["jids"]
    assert contents(room, jid) == {"a.sh": SCRIPT}
    # Beside a manifest it is a file like any other.
    sent = parts(("manifest", "job.json", b"{}"))
    sent["query_string"] = {"manifest": json.dumps(ECHO)}
    (jid,) = room.call("POST", "/jobs", **sent).get_json()["jids"]
    assert contents(room, jid) == {"job.json": b"{}"}


def test_an_empty_file_and_a_part_without_a_name(room: Dirac) -> None:
    (jid,) = room.call("POST", "/jobs", **parts(("f", "a", b""), manifest=ECHO)).get_json()["jids"]
    assert contents(room, jid) == {"a": b""}


def test_nobody_unknown_brings_files(room: Dirac) -> None:
    answer = room.call("POST", "/jobs", token=None, **parts(("f", "a", b"x"), manifest=ECHO))
    assert answer.status_code == 401
    answer = room.call("POST", "/jobs", token="admin", **parts(("f", "a", b"x"), manifest=ECHO))
    assert answer.status_code == 403
    assert room.sandboxes.list("person:" + "d" * 32) == {}


def test_a_token_in_a_form_counts_in_small_bodies_alone(room: Dirac) -> None:
    def body(size: int) -> bytes:
        token = b'--X\r\nContent-Disposition: form-data; name="access_token"\r\n\r\nada\r\n'
        head = b'--X\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        return token + head + b"x" * size + b"\r\n--X--\r\n"

    for size, status in ((1000, 200), (9 << 20, 401)):
        answer = room.call(
            "POST",
            "/jobs",
            token=None,
            query_string={"manifest": json.dumps(ECHO)},
            data=body(size),
            content_type="multipart/form-data; boundary=X",
        )
        assert answer.status_code == status
    query = {"manifest": json.dumps(ECHO), "access_token": "bob"}
    answer = room.http.post(
        "/jobs", query_string=query, data=body(10), content_type="multipart/form-data; boundary=X"
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
