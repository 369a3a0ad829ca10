"""Sandboxes by DiracX's links, which need no token and are good for one thing; the configuration."""

import gzip
import hashlib
import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import zstandard
from werkzeug.test import TestResponse

from tests.contract.compute_dirac.sandbox_kit import end, opened, tarred
from tests.fakes.compute_dirac import Dirac

pytestmark = pytest.mark.clause("dirac 4")

BASE = "/dirac/api/jobs/sandbox"
ARCHIVE = zstandard.compress(tarred({"a.sh": b"#!/bin/sh\necho hi\n"}))
DIGEST = hashlib.sha256(ARCHIVE).hexdigest()
NEWS = {"checksum_algorithm": "sha256", "checksum": DIGEST, "size": len(ARCHIVE), "format": "tar.zst"}


@pytest.fixture
def room(tmp_path: Path) -> Dirac:
    return Dirac(tmp_path)


def announced(room: Dirac, token: str = "ada", **changes: Any) -> TestResponse:
    return room.call("POST", BASE, token=token, json={**NEWS, **changes})


def link_of(told: TestResponse) -> dict[str, str]:
    query = parse_qs(urlsplit(told.get_json()["url"]).query, strict_parsing=True)
    return {name: values[0] for name, values in query.items()}


def send(room: Dirac, link: dict[str, str], content: bytes = ARCHIVE) -> TestResponse:
    data = {"file": (io.BytesIO(content), "file")}
    path = f"{BASE}/content?{urlencode(link)}"
    return room.call("POST", path, token=None, data=data, content_type="multipart/form-data")


def uploaded(room: Dirac) -> str:
    told = announced(room)
    assert send(room, link_of(told)).status_code == 204
    pfn: str = told.get_json()["pfn"]
    return pfn


def fetched(room: Dirac, pfn: str, token: str = "ada") -> TestResponse:
    answer = room.get(BASE, token=token, query_string={"pfn": pfn})
    if answer.status_code != 200:
        return answer
    assert answer.get_json()["expires_in"] == 3600
    url = urlsplit(answer.get_json()["url"])
    return room.call("GET", f"{url.path}?{url.query}", token=None)


def test_up_and_down_again_without_a_token(room: Dirac) -> None:
    told = announced(room)
    assert (told.status_code, told.get_json()["fields"]) == (200, {})
    assert told.get_json()["url"].startswith(f"http://localhost{BASE}/content?")
    pfn = told.get_json()["pfn"]
    assert pfn == f"SB:SandboxSE|/S3/tidegate/vo/vo_user/ada/sha256:{DIGEST}.tar.zst"
    assert send(room, link_of(told)).status_code == 204
    assert fetched(room, pfn).data == ARCHIVE


def test_what_is_here_need_not_be_sent_again(room: Dirac) -> None:
    pfn = uploaded(room)
    assert announced(room).get_json() == {"pfn": pfn}


@pytest.mark.parametrize("content", [b"", ARCHIVE[:-1], ARCHIVE + b"x", b"x" * len(ARCHIVE)])
def test_what_was_not_announced_is_not_kept(room: Dirac, content: bytes) -> None:
    told = announced(room)
    answer = send(room, link_of(told), content)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert fetched(room, told.get_json()["pfn"]).status_code == 404
    assert send(room, link_of(told)).status_code == 204  # the link still counts for the real one


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": "person:" + "b" * 32},
        {"name": "sha256-" + "0" * 64 + ".tar.zst"},
        {"size": "1"},
        {"expires": "99999999999"},
        {"expires": "-1"},
        {"expires": "x"},
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "é" * 3000},
        {"name": ""},
    ],
)
def test_a_link_is_good_for_what_it_says_alone(room: Dirac, changes: dict[str, str]) -> None:
    link = link_of(announced(room))
    assert send(room, {**link, **changes}).status_code == 403
    assert room.sandboxes.list(link["owner"]) == {}


def test_a_link_ends(room: Dirac) -> None:
    pfn = uploaded(room)
    link = urlsplit(room.get(BASE, query_string={"pfn": pfn}).get_json()["url"])
    room.clock.move(3601)
    assert room.call("GET", f"{link.path}?{link.query}", token=None).status_code == 403


def test_a_link_to_read_is_none_to_write_and_back(room: Dirac) -> None:
    link = link_of(announced(room))
    assert room.call("GET", f"{BASE}/content", token=None, query_string=link).status_code == 403
    pfn = uploaded(room)
    link = link_of(room.get(BASE, query_string={"pfn": pfn}))
    assert send(room, {**link, "size": "1"}).status_code == 403


def test_a_link_to_an_upload_is_none_to_a_jobs_archive_and_back(room: Dirac) -> None:
    (jid,) = room.submit()
    job = end(room, jid, streams={"stdout": b"hi\n", "stderr": b""})
    link = link_of(room.get(BASE, query_string={"pfn": f"SB:SandboxSE|/jobs/{jid}/output"}))
    room.sandboxes.put(job.uid, "sha256-x.tar", [b"of an owner who is called like the job"])
    as_upload = {"owner" if name == "uid" else name: value for name, value in link.items()}
    assert room.call("GET", f"{BASE}/content", token=None, query_string=link).status_code == 200
    assert room.call("GET", f"{BASE}/content", token=None, query_string=as_upload).status_code == 403


def test_nothing_is_read_of_what_comes_without_a_link(room: Dirac) -> None:
    class Body(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError("read")

    answer = room.http.post(
        f"{BASE}/content",
        input_stream=Body(),
        content_length=1 << 20,
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(("ending", "status"), [("exe", 409), ("x.tar", 200), ("tgz", 200)])
def test_an_upload_of_another_window_under_such_a_name(room: Dirac, ending: str, status: int) -> None:
    name = f"sha256-{'0' * 64}.{ending}"
    content = tarred({"a.sh": b"#!/bin/sh"})
    content = gzip.compress(content) if ending == "tgz" else content
    owner = link_of(announced(room))["owner"]
    room.sandboxes.put(owner, name, [content])
    pfn = f"SB:SandboxSE|sha256:{'0' * 64}.{ending}"
    assert fetched(room, pfn).data == content
    (jid,) = room.submit({"Executable": "a.sh", "InputSandbox": [pfn]})
    assert room.get(f"/jobs/{jid}/inputsandbox?format=tar").status_code == status


def test_asking_which_sandboxes_there_are_makes_none(room: Dirac) -> None:
    (jid,) = room.submit()
    end(room, jid, streams={"stdout": b"hi\n", "stderr": b""})
    told = room.get(f"/dirac/api/jobs/{jid}/sandbox/output").get_json()
    assert told == [f"SB:SandboxSE|/jobs/{jid}/output"]
    assert not list((room.folder / "objects").rglob("archives/*"))


def test_somebody_elses_sandbox_is_not_there(room: Dirac) -> None:
    pfn = uploaded(room)
    assert fetched(room, pfn, token="bob").status_code == 404
    job = room.post({"Executable": "a.sh", "InputSandbox": [pfn]}, token="bob")
    assert (job.status_code, job.get_json()["error"]) == (400, "invalid_manifest")


@pytest.mark.parametrize(
    "pfn",
    ["", "x", "SB:SE|", "SB:SandboxSE|/jobs/1/output", "SB:SandboxSE|/../../etc/passwd", "SB:" + "x" * 9000],
)
def test_a_pfn_of_nothing(room: Dirac, pfn: str) -> None:
    answer = fetched(room, pfn)
    assert (answer.status_code, answer.get_json()["detail"] != "") == (404, True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"checksum_algorithm": "md5"}, 400),
        ({"checksum": "../../x"}, 400),
        ({"checksum": DIGEST.upper()}, 400),
        ({"checksum": None}, 400),
        ({"size": -1}, 400),
        ({"size": 0}, 400),
        ({"size": "5"}, 400),
        ({"size": 10**30}, 400),
        ({"size": (100 << 20) + 1}, 413),
        ({"format": "exe"}, 400),
        ({"format": ["tar.zst"]}, 400),
    ],
)
def test_news_that_are_none(room: Dirac, changes: dict[str, Any], status: int) -> None:
    answer = announced(room, **changes)
    assert answer.status_code == status
    assert answer.get_json()["detail"]


def test_a_jobs_sandboxes_by_their_pfns(room: Dirac) -> None:
    pfn = uploaded(room)
    (jid,) = room.submit({"Executable": "a.sh", "InputSandbox": [pfn]})
    assert room.get(f"/dirac/api/jobs/{jid}/sandbox").get_json() == {"Input": [pfn], "Output": []}
    end(room, jid, streams={"stdout": b"hi\n", "stderr": b""})
    (output,) = room.get(f"/dirac/api/jobs/{jid}/sandbox/output").get_json()
    assert room.get(f"/dirac/api/jobs/{jid}/sandbox/input").get_json() == [pfn]
    assert opened(fetched(room, output).data, "tar.zst") == {"std.out": b"hi\n", "std.err": b""}
    assert fetched(room, output, token="bob").status_code == 404
    assert room.get(f"/dirac/api/jobs/{jid}/sandbox", token="bob").status_code == 404
    assert room.get(f"/dirac/api/jobs/{jid}/sandbox/other").status_code == 404


def test_the_configuration_is_told_once(room: Dirac) -> None:
    first = room.get("/dirac/api/config/")
    assert first.get_json()["DIRAC"] == {"Setup": "Production"}
    again = room.get("/dirac/api/config/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert room.get("/dirac/api/config/", token=None).status_code == 401


# -- outputs that become files ----------------------------------------------------------------------
def test_outputs_become_files_with_metadata_and_ancestors(room: Dirac) -> None:
    (jid,) = room.submit({"Executable": "/bin/true", "OutputSandbox": ["a.root"]})
    end(room, jid, {"a.root": b"histogram"}, {"stdout": b"", "stderr": b""})
    files = [
        {
            "path": "a.root",
            "lfn": "LFN:/vo/user/a/ada/a.root",
            "metadata": {"run": 5},
            "ancestors": ["/vo/raw"],
        }
    ]
    answer = room.call("POST", f"/jobs/{jid}/outputdata", json={"files": files})
    assert answer.get_json() == {"Successful": {"/vo/user/a/ada/a.root": True}, "Failed": {}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"files": []},
        {"files": "x"},
        {"files": [5]},
        {"files": [{"path": "a.root"}]},
        {"files": [{"path": 5, "lfn": "/vo/x"}]},
        {"files": [{"path": "a.root", "lfn": "/vo/x", "metadata": []}]},
        {"files": [{"path": "a.root", "lfn": "/vo/x", "metadata": {"run": 10**40}}]},
        {"files": [{"path": "a.root", "lfn": "/vo/x", "ancestors": [5]}]},
        {"files": [{"path": "a.root", "lfn": "/vo/x"}] * 2},
        {"files": [{"path": "a.root", "lfn": f"/vo/{number}"} for number in range(1001)]},
    ],
)
def test_malformed_wishes(room: Dirac, body: Any) -> None:
    (jid,) = room.submit()
    end(room, jid, {"a.root": b"x"})
    answer = room.call("POST", f"/jobs/{jid}/outputdata", json=body)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_who_may_register_and_what(room: Dirac) -> None:
    (jid,) = room.submit()
    end(room, jid, {"a.root": b"x"})
    body = {"files": [{"path": "a.root", "lfn": "/vo/x"}]}
    missing = {"files": [{"path": "none", "lfn": "/vo/x"}]}
    assert room.call("POST", f"/jobs/{jid}/outputdata", json=missing).status_code == 404
    assert room.call("POST", f"/jobs/{jid}/outputdata", json=body, token="bob").status_code == 404
    assert room.call("POST", f"/jobs/{jid}/outputdata", json=body, token="reader").status_code == 403
    (own,) = room.submit(token="plain")
    end(room, own, {"a.root": b"x"})
    answer = room.call("POST", f"/jobs/{own}/outputdata", json=body, token="plain")
    assert (answer.status_code, "virtual organisation" in answer.get_json()["detail"]) == (403, True)
