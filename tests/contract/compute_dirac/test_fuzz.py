"""Whatever is sent to the routes that take jobs is answered: taken, or refused in the room's shape."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.compute.dialects.dirac.manifest.names import ALIASES, KNOWN
from tests.fakes.compute_dirac import Dirac

pytestmark = pytest.mark.clause("dirac 0.3")

WORDS = st.sampled_from(
    [
        "",
        "x",
        "a.sh",
        "LFN:/vo/a",
        "SB:X|y",
        "%s %j %(a)s",
        "../x",
        "/etc",
        "ANY",
        "1",
        "-5",
        "é\n",
        "**",
        "A=b",
    ]
)
LEAVES = (
    WORDS
    | st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([*KNOWN, *ALIASES, "Parameters.a", "ParameterStep.a", "own"]).map(lambda name: name)
MANIFESTS = st.dictionaries(NAMES | NAMES.map(str.lower), VALUES, max_size=6).map(
    lambda given: {"Executable": "/bin/x", **given}
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Dirac:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    room = Dirac(folder)
    room.catalogue.lfns = {"/vo/a"}
    return room


def check(answer: Any, good: int) -> None:
    assert answer.status_code in (good, 400, 413), answer.get_data(as_text=True)
    body = answer.get_json()
    if answer.status_code != good:
        assert body["status"] == answer.status_code
        assert body["detail"]


@settings(max_examples=300, deadline=None)
@given(manifest=MANIFESTS)
def test_any_manifest(shared: Dirac, manifest: dict[str, Any]) -> None:
    answer = shared.post(manifest)
    check(answer, 200)
    if answer.status_code == 200:
        for jid in answer.get_json()["jids"][:1]:
            shown = shared.manifest(jid)
            assert shown["JobID"] == jid
            assert shared.get(f"/jobs/{jid}/manifest?format=jdl").status_code == 200


@settings(max_examples=150, deadline=None)
@given(
    body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode),
    kind=st.sampled_from(
        [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            "%",
        ]
    ),
)
def test_any_body(shared: Dirac, body: bytes, kind: str) -> None:
    check(shared.call("POST", "/jobs", data=body, content_type=kind), 200)
    check(shared.call("POST", "/dirac/api/jobs/jdl", data=body, content_type=kind), 201)


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.sampled_from('[]{}";=,#/\\%()a1 \nsjnExecutable'), max_size=80))
def test_any_jdl(shared: Dirac, text: str) -> None:
    check(shared.post([f"Executable = x; {text}"], "/dirac/api/jobs/jdl"), 201)


@settings(max_examples=50, deadline=None)
@given(manifest=MANIFESTS, name=st.text(max_size=20))
def test_any_name_of_a_file(shared: Dirac, manifest: dict[str, Any], name: str) -> None:
    safe = "".join(c for c in name if c not in '"\r\n\\').encode("utf-8", "ignore")
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="' + safe + b'"\r\n\r\ndata\r\n--x--\r\n'
    )
    query = {"manifest": json.dumps(manifest)}
    check(
        shared.call(
            "POST", "/jobs", query_string=query, data=body, content_type="multipart/form-data; boundary=x"
        ),
        200,
    )
