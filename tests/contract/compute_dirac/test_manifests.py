"""GET /jobs/<jid>/manifest: what was sent comes back undamaged, what was added at the end (contract 2.4)."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.compute.dialects.dirac.manifest.jdl import read_jdl
from tests.fakes.compute_dirac import ECHO, Dirac
from tests.fakes.compute_jobs import new_job, spec

pytestmark = pytest.mark.clause("dirac 2.4")

ADDED = ["JobID", "Owner", "OwnerGroup", "VirtualOrganization", "CPUTime", "Priority", "JobRequirements"]


def test_additions_stand_at_the_end(room: Dirac) -> None:
    (jid,) = room.submit(ECHO)
    found = room.manifest(jid)
    assert list(found) == [*ECHO, *ADDED]
    assert found == {
        **ECHO,
        "JobID": jid,
        "Owner": "ada",
        "OwnerGroup": "vo_user",
        "VirtualOrganization": "vo",
        "CPUTime": 86_400,
        "Priority": 1,
        "JobRequirements": {
            "OwnerName": "ada",
            "OwnerGroup": "vo_user",
            "VirtualOrganization": "vo",
            "CPUTime": 86_400,
            "UserPriority": 1,
            "JobTypes": "User",
        },
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Arguments", "a, b"),
        ("JobName", "x, y"),
        ("Own", ""),
        ("Own", []),
        ("Arguments", 'say "hi" \\ and [more] {x}; #'),
        ("Own", 1000),
        ("Own", 10.50),
        ("Own", ["one"]),
        ("Own", True),
        ("Own", None),
        ("Own", {"deep": [1, {"x": None}], "e": 1e300}),
        ("own key, with = signs", ["a", 2]),
        ("é", "\u202e\U0001f600"),
        ("JobName", None),
        ("Site", []),
    ],
)
def test_values_come_back_as_they_were(room: Dirac, name: str, value: Any) -> None:
    sent = {**ECHO, name: value}
    (jid,) = room.submit(sent)
    assert {key: member for key, member in room.manifest(jid).items() if key not in ADDED} == sent


def test_known_names_are_canonical_and_unknown_ones_are_kept(room: Dirac) -> None:
    sent = {"executable": "x", "StdOut": "o", "sites": "A", "tag": ["T"], "myOwn": 1, "maxcputime": 7000}
    (jid,) = room.submit(sent)
    found = room.manifest(jid)
    assert list(found)[:5] == ["Executable", "StdOutput", "Site", "Tags", "myOwn"]
    assert (found["CPUTime"], found["JobRequirements"]["Tags"], found["JobRequirements"]["Sites"]) == (
        7000,
        ["T"],
        ["A"],
    )
    assert room.manifest(jid, "?original=true") == sent


def test_the_original_is_what_was_sent_to_the_character(room: Dirac) -> None:
    text = '{ "executable" :\n"x",  "n": 1.50, "JobID": 7 }'
    jid = room.call("POST", "/jobs", data=text, content_type="application/json").get_json()["jids"][0]
    for query in ("?original=true", "?original", "?original=1&format=json"):
        answer = room.get(f"/jobs/{jid}/manifest{query}")
        assert (answer.get_data(as_text=True), answer.mimetype) == (text, "application/json")
    assert room.manifest(jid)["JobID"] == jid
    assert '"n":1.50' in room.get(f"/jobs/{jid}/manifest").get_data(as_text=True)
    assert room.manifest(jid, "?original=false")["Owner"] == "ada"


def test_what_the_server_says_cannot_be_forged(room: Dirac) -> None:
    forged = dict.fromkeys(ADDED, "me") | {"CPUTime": 500, "Priority": 3}
    (jid,) = room.submit({**forged, **ECHO})
    found = room.manifest(jid)
    assert list(found) == [*ECHO, *ADDED]
    assert (found["JobID"], found["Owner"], found["CPUTime"], found["Priority"]) == (jid, "ada", 500, 3)


def test_an_effective_manifest_can_be_submitted_again(room: Dirac) -> None:
    (jid,) = room.submit({**ECHO, "Site": ["A"], "OutputSandbox": "x.*"})
    first = room.manifest(jid)
    (again,) = room.submit(first)
    assert room.manifest(again) == {**first, "JobID": again}
    written = room.get(f"/jobs/{jid}/manifest?format=jdl").get_data(as_text=True)
    answer = room.post([written], "/dirac/api/jobs/jdl")
    assert answer.status_code == 201, answer.get_data(as_text=True)


def test_as_jdl(room: Dirac) -> None:
    (jid,) = room.submit({**ECHO, "Arguments": 'a "b" \\ ; #', "N": [1, "x"]})
    answer = room.get(f"/jobs/{jid}/manifest?format=jdl")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    found = read_jdl(answer.get_data(as_text=True)).document
    assert (found["Arguments"], found["N"], found["JobID"]) == ('a "b" \\ ; #', ["1", "x"], str(jid))
    original = room.get(f"/jobs/{jid}/manifest?format=jdl&original=true").get_data(as_text=True)
    assert "JobID" not in original
    assert read_jdl(original).document["N"] == ["1", "x"]


def test_of_a_job_that_came_as_jdl(room: Dirac) -> None:
    text = 'Executable = "x"; // c\nCPUTime = 500; Own = { "a", b };'
    (taken,) = room.post([text], "/dirac/api/jobs/jdl").get_json()
    jid = taken["JobID"]
    assert room.get(f"/jobs/{jid}/manifest?original=true").get_data(as_text=True) == text
    assert room.manifest(jid, "?original=true&format=json") == {
        "Executable": "x",
        "CPUTime": 500,
        "Own": ["a", "b"],
    }
    assert room.manifest(jid)["Own"] == ["a", "b"]


def test_of_one_of_many(room: Dirac) -> None:
    first, second = room.submit({**ECHO, "Parameters": ["a", "b"], "Arguments": "%s %j"})
    assert room.manifest(second, "?original=1") == {
        "Executable": "/bin/echo",
        "Arguments": f"b {second}",
        "Parameter": "b",
        "ParameterNumber": 1,
    }
    assert room.manifest(first)["Parameter"] == "a"


def test_processors_make_tags(room: Dirac) -> None:
    (jid,) = room.submit(
        {**ECHO, "NumberOfProcessors": 4, "Tags": ["GPU", "MultiProcessor"], "WholeNode": True}
    )
    assert room.manifest(jid)["JobRequirements"]["Tags"] == [
        "GPU",
        "MultiProcessor",
        "4Processors",
        "WholeNode",
    ]


@pytest.mark.parametrize(("token", "status"), [("bob", 404), ("plain", 404), ("admin", 200), ("reader", 200)])
def test_who_reads_it(room: Dirac, token: str, status: int) -> None:
    (jid,) = room.submit()
    assert room.get(f"/jobs/{jid}/manifest", token=token).status_code == status


@pytest.mark.parametrize("number", ["999", "0", "99999999999999999999", "x", "-1"])
def test_no_such_job(room: Dirac, number: str) -> None:
    answer = room.get(f"/jobs/{number}/manifest")
    assert answer.status_code == 404
    assert answer.get_json()["error"] == "not_found"


@pytest.mark.parametrize("query", ["?format=xml", "?original=perhaps"])
def test_parameters_that_cannot_be_used(room: Dirac, query: str) -> None:
    (jid,) = room.submit()
    answer = room.get(f"/jobs/{jid}/manifest{query}")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_jobs_of_other_windows_have_one_too(room: Dirac) -> None:
    new = new_job("person:" + "a" * 32, name="other", spec=spec())
    job = room.store.submit(new, room.quotas, room.clock.now()).job
    assert room.manifest(job.id) == {
        "JobName": "other",
        "Executable": "true",
        "Arguments": "",
        "JobID": job.id,
    }


KEYS = st.text(min_size=1, max_size=12).filter(
    lambda key: key.isprintable() and key.lower() not in {"name", "tag"}
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12).filter(str.isprintable),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(own=st.dictionaries(KEYS.map("My{}".format), VALUES, max_size=4))
def test_own_attributes_round_trip(room: Dirac, own: dict[str, Any]) -> None:
    (jid,) = room.submit({**ECHO, **own})
    found = room.manifest(jid)
    assert {key: found[key] for key in own} == own
    assert room.get(f"/jobs/{jid}/manifest?format=jdl").status_code == 200
    assert json.loads(room.get(f"/jobs/{jid}/manifest?original").get_data()) == {**ECHO, **own}
