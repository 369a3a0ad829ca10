"""POST /dirac/api/jobs/jdl as diracx-client 0.7.0 asks it (contract 5.4 row 7)."""

import re
from typing import Any

import pytest

from services.compute.ports.store import Filter
from tests.fakes.compute_dirac import Dirac

pytestmark = pytest.mark.clause("dirac 4", "dirac 5.4")

PATH = "/dirac/api/jobs/jdl"
JDL = """
# my job
Executable = "/bin/echo";
Arguments = "Hello [World]; {x}";
JobName = "first";
CPUTime = 1000;
"""


def test_jobs_are_taken(room: Dirac) -> None:
    answer = room.post([JDL, f"[{JDL}]"], PATH)
    assert (answer.status_code, answer.mimetype) == (201, "application/json")
    first, second = answer.get_json()
    assert {**first, "TimeStamp": ""} == {
        "JobID": first["JobID"],
        "Status": "Received",
        "MinorStatus": "Job accepted",
        "TimeStamp": "",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["TimeStamp"])
    assert second["JobID"] == first["JobID"] + 1
    job = room.job(first["JobID"])
    assert (job.name, job.spec.clocks.run) == ("first", 1000.0)
    assert room.manifest(first["JobID"])["Arguments"] == "Hello [World]; {x}"


def test_parametric_and_plain_ones_together(room: Dirac) -> None:
    answer = room.post([JDL + 'Parameters = {"a", "b"};', JDL], PATH)
    assert len(answer.get_json()) == 3


def test_one_text_alone(room: Dirac) -> None:
    assert len(room.post(JDL, PATH).get_json()) == 1


@pytest.mark.parametrize(
    ("sent", "pointer", "word"),
    [
        ([JDL, 'Executable = "x'], "/1", "line 1, column 14"),
        ([JDL, 'Arguments = "x"'], "/1/Executable", "Executable"),
        ([JDL + "InputSandbox = {a.sh}"], "/0/InputSandbox/0", "no file"),
        (["[" * 1000], "/0", "line 1"),
    ],
)
def test_every_problem_has_its_place(room: Dirac, sent: list[str], pointer: str, word: str) -> None:
    answer = room.post(sent, PATH)
    body = answer.get_json()
    assert (answer.status_code, body["error"]) == (400, "invalid_manifest")
    assert type(body["detail"]) is str
    assert [problem["pointer"] for problem in body["problems"]] == [pointer]
    assert word in body["detail"]
    assert room.store.count(Filter(owners=None)) == 0


@pytest.mark.parametrize("sent", [[], {}, None, [1], [None], [["x"]], 5])
def test_what_is_no_list_of_texts(room: Dirac, sent: Any) -> None:
    answer = room.post(sent, PATH)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_tokens_stand_in_the_header_alone(room: Dirac) -> None:
    sent = {"query_string": {"access_token": "ada"}, "json": [JDL]}
    assert room.call("POST", PATH, token=None, **sent).status_code == 401
    for header in ("ada Bearer", "ada"):
        assert room.http.post(PATH, headers={"Authorization": header}, json=[JDL]).status_code == 401
