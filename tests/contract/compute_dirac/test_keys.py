"""Idempotency-Key where jobs are taken: a request that is sent again does nothing twice."""

import io
import json
from typing import Any

import pytest

from services.compute.ports.store import Filter
from tests.fakes.compute_dirac import ECHO, Dirac

pytestmark = pytest.mark.clause("dirac 2.6")

KEY = {"Idempotency-Key": "k-1"}
JDL = "/dirac/api/jobs/jdl"


def jids(room: Dirac, manifest: Any = ECHO, **more: Any) -> list[int]:
    return room.submit(manifest, headers=KEY, **more)


def test_a_request_that_is_sent_again(room: Dirac) -> None:
    first = jids(room)
    assert jids(room) == first
    assert room.submit() != first
    assert room.store.count(Filter(owners=None)) == 2


def test_many_jobs_come_again_all_of_them(room: Dirac) -> None:
    manifest = [{**ECHO, "Parameters": 5}, ECHO]
    first = jids(room, manifest)
    assert (len(first), jids(room, manifest)) == (6, first)
    assert room.store.count(Filter(owners=None)) == 6


def test_how_it_travels_is_no_matter(room: Dirac) -> None:
    text = json.dumps(ECHO)
    first = room.call("POST", "/jobs", data=text, headers=KEY).get_json()["jids"]
    for sent in ({"data": {"manifest": text}}, {"query_string": {"manifest": text}}):
        assert room.call("POST", "/jobs", headers=KEY, **sent).get_json()["jids"] == first


def test_a_key_of_another_request(room: Dirac) -> None:
    jids(room)
    answer = room.post({**ECHO, "Arguments": "x"}, headers=KEY)
    assert (answer.status_code, answer.get_json()["error"]) == (422, "conflict")
    assert room.post([json.dumps(ECHO)], JDL, headers=KEY).status_code == 422
    assert jids(room, token="bob")
    assert room.store.count(Filter(owners=None)) == 2


def test_files_count(room: Dirac) -> None:
    def send(content: bytes) -> Any:
        data = {"manifest": json.dumps({"Executable": "a"}), "f": (io.BytesIO(content), "a")}
        return room.call("POST", "/jobs", data=data, content_type="multipart/form-data", headers=KEY)

    first = send(b"1").get_json()["jids"]
    assert send(b"1").get_json()["jids"] == first
    assert send(b"2").status_code == 422


def test_a_replay_needs_nothing_that_has_changed_since(room: Dirac) -> None:
    room.catalogue.lfns = {"/vo/a"}
    first = jids(room, {**ECHO, "InputData": "/vo/a"})
    room.catalogue.lfns = set()
    assert jids(room, {**ECHO, "InputData": "/vo/a"}) == first


def test_what_was_refused_leaves_its_key_free(room: Dirac) -> None:
    assert room.post({}, headers=KEY).status_code == 400
    assert jids(room)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_that_cannot_be_one(room: Dirac, key: str) -> None:
    for path, manifest in (("/jobs", ECHO), (JDL, ["Executable = x"])):
        answer = room.post(manifest, path, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_jdl_too(room: Dirac) -> None:
    sent = ["Executable = x; Parameters = 3", "Executable = y"]
    first = room.post(sent, JDL, headers=KEY).get_json()
    assert len(first) == 4
    assert room.post(sent, JDL, headers=KEY).get_json() == first
