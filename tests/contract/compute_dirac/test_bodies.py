"""POST /jobs when something is away, too large or wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.compute_dirac import ECHO, LARGE, SMALL, Dirac

pytestmark = pytest.mark.clause("dirac 0.2", "dirac 0.3", "dirac 2.6")

TEXT = json.dumps(ECHO)
FORM = "application/x-www-form-urlencoded"


def test_the_store_is_away(room: Dirac) -> None:
    room.store.away = True
    answer = room.post(ECHO)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


def test_a_body_that_is_too_large(room: Dirac) -> None:
    for sent in (
        {"data": b'{"a":"' + b"x" * (9 << 20) + b'"}', "content_type": "application/json"},
        {"data": b"{" + b"x" * (9 << 20), "content_type": FORM},
        {
            "data": b'--x\r\nContent-Disposition: form-data; name="manifest"\r\n\r\n'
            + b"x" * (9 << 20)
            + b"\r\n--x--\r\n",
            "content_type": "multipart/form-data; boundary=x",
        },
    ):
        answer = room.call("POST", "/jobs", **sent)
        assert (answer.status_code, answer.get_json()["error"]) == (413, "too_large")


@pytest.mark.parametrize("body", [b"\xff\xfe{}", b"{\x00}", b"--x\r\nbroken"])
@pytest.mark.parametrize(
    "content_type", ["application/json", FORM, "multipart/form-data; boundary=x", "multipart/form-data"]
)
def test_broken_bodies(room: Dirac, body: bytes, content_type: str) -> None:
    assert room.call("POST", "/jobs", data=body, content_type=content_type).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_other_methods(room: Dirac, method: str) -> None:
    answer = room.call(method, "/jobs")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert type(answer.get_json()["detail"]) is str


def test_what_nobody_asked_for_takes_no_more_than_there_is(tmp_path: Path) -> None:
    room = Dirac(tmp_path, environments=(SMALL,))
    (jid,) = room.submit({**ECHO, "WholeNode": True})
    assert room.job(jid).spec.roles[0].resources.cpus == SMALL.cpus
    assert SMALL.cpus < LARGE.cpus


@pytest.mark.parametrize(
    "sent",
    [
        {"data": b"[" + b"{}," * 1_000_000 + b"{}]", "content_type": "application/json"},
        {"data": b"manifest={}&" * 200_000, "content_type": FORM},
        {"data": {"manifest": [f"[{TEXT},{TEXT}]"] * 501}},
    ],
    ids=["list", "form", "lists"],
)
def test_many_small_manifests_are_refused_before_they_are_read(room: Dirac, sent: dict[str, Any]) -> None:
    answer = room.call("POST", "/jobs", **sent)
    assert (answer.status_code, answer.get_json()["error"]) in ((400, "invalid_manifest"), (413, "too_large"))


def test_many_small_jdls_cost_little(room: Dirac) -> None:
    answer = room.post(["A=1"] * 100_000, "/dirac/api/jobs/jdl")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_manifest")
