"""POST /jobs as RESTDIRAC's clients send it: all ways for manifests to travel (contract 2.6)."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from services.compute.dialects.dirac.limits import Limits
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.sheets import Sheet
from services.compute.ports.store import Filter
from tests.contract.compute_dirac.refusals import is_envelope, refused
from tests.fakes.compute_dirac import ECHO, Dirac

pytestmark = pytest.mark.clause("dirac 2.1", "dirac 2.6")

TEXT = json.dumps(ECHO)
FORM = "application/x-www-form-urlencoded"


def test_the_answer_is_exactly_200_with_whole_numbers(room: Dirac) -> None:
    answer = room.post(ECHO)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    (jid,) = answer.get_json()["jids"]
    assert type(jid) is int
    assert answer.get_json()["jobs"] == [{"jid": jid, "status": "Received", "minorStatus": "Job accepted"}]
    assert answer.headers["Cache-Control"] == "private, no-store"
    job = room.job(jid)
    assert (job.owner, job.dialect, job.name) == ("person:" + "a" * 32, "dirac", "Unknown")
    assert job.spec.roles[0].tasks[0].command == ("/bin/echo", "Hello", "World")


@pytest.mark.parametrize(
    "sent",
    [
        {"json": ECHO},
        {"data": TEXT, "content_type": "application/json; charset=utf-8"},
        {"data": TEXT},
        {"data": "\ufeff \n" + TEXT, "content_type": "text/plain"},
        {"data": TEXT, "content_type": FORM},
        {"data": "\n" + TEXT, "content_type": f"{FORM}; charset=utf-8"},
        {"data": {"manifest": TEXT}},
        {"data": {"manifest": TEXT}, "content_type": "multipart/form-data"},
        {"data": f"manifest={quote(TEXT)}", "content_type": FORM},
        {"query_string": {"manifest": TEXT}},
        {"query_string": {"manifest": TEXT}, "data": b"", "content_type": "multipart/form-data; boundary=x"},
        {
            "query_string": {"manifest": TEXT},
            "data": b"--x--\r\n",
            "content_type": "multipart/form-data; boundary=x",
        },
    ],
    ids=str,
)
@pytest.mark.parametrize("how", ["bearer", "reversed", "query"])
def test_ways_for_a_manifest_and_a_token_to_travel(room: Dirac, sent: dict[str, Any], how: str) -> None:
    given = dict(sent)
    if how == "query":
        given["query_string"] = {**given.get("query_string", {}), "access_token": "ada"}
    header = {"bearer": "Bearer ada", "reversed": "ada Bearer"}.get(how)
    headers = {} if header is None else {"Authorization": header}
    answer = room.http.post("/jobs", headers=headers, **given)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert room.job(answer.get_json()["jids"][0]).spec.roles[0].tasks[0].command[0] == "/bin/echo"


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data"])
def test_a_token_in_the_form(room: Dirac, content_type: str) -> None:
    data = {"manifest": TEXT, "access_token": "ada"}
    assert room.call("POST", "/jobs", token=None, data=data, content_type=content_type).status_code == 200
    assert room.call("POST", "/jobs", token="ada", data=data, content_type=content_type).status_code == 200
    other = room.call("POST", "/jobs", token="bob", data=data, content_type=content_type)
    assert other.status_code == 400
    assert is_envelope(other.get_json(), 400, "invalid_request")
    assert room.store.count(Filter(owners=None)) == 2


def test_no_token(room: Dirac) -> None:
    answer = room.call("POST", "/jobs", token=None, json=ECHO)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="dirac"'
    unknown = room.call("POST", "/jobs", token="stranger", json=ECHO)
    assert unknown.status_code == 401
    assert 'error="invalid_token"' in unknown.headers["WWW-Authenticate"]
    assert type(unknown.get_json()["detail"]) is str


@pytest.mark.parametrize(
    ("token", "status"),
    [("ada", 200), ("plain", 200), ("both", 200), ("admin", 403), ("reader", 403), ("nobody", 403)],
)
def test_who_may_submit(room: Dirac, token: str, status: int) -> None:
    for path, manifest in (("/jobs", ECHO), ("/dirac/api/jobs/jdl", ["Executable = x"])):
        answer = room.post(manifest, path, token=token)
        assert answer.status_code in (status, status + 1), answer.get_data(as_text=True)
        if status == 403:
            assert answer.get_json()["error"] in ("forbidden", "insufficient_scope")
    assert room.store.count(Filter(owners=None)) == (2 if status == 200 else 0)


def test_many_manifests_keep_their_order(room: Dirac) -> None:
    names = [f"n{number}" for number in range(20)]
    manifests = [{**ECHO, "JobName": name} for name in names]
    from_body = room.submit(manifests)
    data = {"manifest": [json.dumps(manifest) for manifest in manifests]}
    from_form = room.call("POST", "/jobs", data=data).get_json()["jids"]
    from_multipart = room.call("POST", "/jobs", data=data, content_type="multipart/form-data").get_json()[
        "jids"
    ]
    for jids in (from_body, from_form, from_multipart):
        assert jids == sorted(jids)
        assert [room.job(jid).name for jid in jids] == names


def test_parameters_in_the_query_and_the_form_are_one_list(room: Dirac) -> None:
    answer = room.call("POST", "/jobs", query_string={"manifest": TEXT}, data={"manifest": TEXT})
    assert len(answer.get_json()["jids"]) == 2


def test_a_manifest_twice_in_different_ways_is_refused(room: Dirac) -> None:
    answer = room.call("POST", "/jobs", query_string={"manifest": TEXT}, json=ECHO)
    assert is_envelope(answer.get_json(), 400, "invalid_request")


@pytest.mark.parametrize(
    "sent", [{}, {"data": {"other": "x"}}, {"data": b"  ", "content_type": "application/json"}]
)
def test_no_manifest(room: Dirac, sent: dict[str, Any]) -> None:
    answer = room.call("POST", "/jobs", **sent)
    assert answer.status_code == 400
    assert "manifest" in answer.get_json()["detail"]


def test_a_mistake_is_told_with_its_place(room: Dirac) -> None:
    seed = '{\n  Executable: "/bin/echo",\n  Arguments: "Hello World"\n}'
    answer = room.call("POST", "/jobs", data=seed, content_type="application/json")
    body = answer.get_json()
    assert is_envelope(body, 400, "invalid_manifest")
    assert "Line 2, column 3" in body["detail"]


def test_all_or_nothing(room: Dirac) -> None:
    found = refused(room, [ECHO, {**ECHO, "CPUTime": "x"}, {**ECHO, "NumberOfProcessors": 500}])
    assert [place for place, _ in found] == ["/1/CPUTime"]
    found = refused(room, [ECHO, {**ECHO, "NumberOfProcessors": 500}, {**ECHO, "MinRAM": 10**6}])
    assert [place for place, _ in found] == ["/1/NumberOfProcessors", "/2/MinRAM"]
    data = {"manifest": [TEXT, '{"Executable": 1}']}
    answer = room.call("POST", "/jobs", data=data)
    assert answer.get_json()["problems"][0]["pointer"] == "/1/Executable"
    assert room.store.count(Filter(owners=None)) == 0


def test_a_quota_holds_for_all_of_them(tmp_path: Path) -> None:
    room = Dirac(tmp_path, quotas=Quotas(principal=Quota(jobs=3)))
    room.submit()
    answer = room.post([ECHO] * 3)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "5"
    assert room.store.count(Filter(owners=None)) == 1
    assert len(room.submit([ECHO] * 2)) == 2


def test_parametric(room: Dirac) -> None:
    manifest = {
        **ECHO,
        "JobName": "run_%n",
        "Arguments": "%s %j",
        "Parameters": 12,
        "ParameterStep": 5,
        "JobGroup": "g%j",
    }
    first, *rest = room.submit([manifest, ECHO])
    assert rest == list(range(first + 1, first + 13))
    job = room.job(first + 3)
    assert job.name == "run_03"
    assert job.spec.roles[0].tasks[0].command == ("/bin/echo", "16", "${TIDEGATE_JOB_ID}")
    shown = room.manifest(first + 3)
    assert shown["Arguments"] == f"16 {first + 3}"
    assert (shown["Parameter"], shown["ParameterNumber"], shown["JobGroup"]) == (16, 3, f"g{first + 3}")
    assert "Parameters" not in shown
    assert "ParameterStep" not in shown


def test_one_request_brings_as_many_jobs_as_are_allowed(tmp_path: Path) -> None:
    room = Dirac(tmp_path, limits=Limits(jobs=10))
    assert refused(room, {**ECHO, "Parameters": 11})[0][0] == "/Parameters"
    assert "10 jobs" in refused(room, [ECHO] * 11)[0][1]
    assert refused(room, [{**ECHO, "Parameters": 6}, {**ECHO, "Parameters": 5}])[0][0] == "/1/Parameters"
    assert len(room.submit([{**ECHO, "Parameters": 6}, {**ECHO, "Parameters": 4}])) == 10


def test_five_hundred_jobs_of_one_manifest(room: Dirac) -> None:
    assert len(room.submit({**ECHO, "Parameters": 500, "ParameterStep": 1, "Arguments": "%s"})) == 500


def test_what_a_job_is_filed_under(room: Dirac) -> None:
    sheets: list[Sheet] = []
    taken = room.store.submit_all

    def submit_all(new: Any, *more: Any) -> Any:
        sheets.extend(each.sheet for each in new)
        return taken(new, *more)

    room.store.submit_all = submit_all
    manifest = {**ECHO, "Site": ["A", "B"], "JobGroup": "g", "CPUTime": 50, "Priority": 99, "JobType": "test"}
    room.submit([manifest, ECHO])
    room.submit(token="plain")
    assert sheets == [
        Sheet(
            owner_name="ada",
            owner_group="vo_user",
            realm="vo",
            site="Multiple",
            setup="Certification",
            batch="g",
            kind="Test",
            priority=10,
            cpu_seconds=100,
        ),
        Sheet(owner_name="ada", owner_group="vo_user", realm="vo", setup="Certification", cpu_seconds=86_400),
        Sheet(owner_name="c", owner_group="physics", realm="", setup="Production", cpu_seconds=86_400),
    ]
