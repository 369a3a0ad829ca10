"""POST /jobs as RESTDIRAC's clients send it: all ways for manifests to travel (contract 2.6)."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from services.compute.dialects.dirac.limits import Limits
from services.compute.dialects.dirac.manifest.sites import Sites
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.sheets import Sheet
from services.compute.domain.spec import Source
from services.compute.ports.store import Filter
from tests.fakes.compute_dirac import ECHO, LARGE, SMALL, Dirac

TEXT = json.dumps(ECHO)
FORM = "application/x-www-form-urlencoded"


def is_envelope(body: dict[str, Any], status: int, code: str) -> bool:
    return (
        (body["error"], body["status"]) == (code, status)
        and body["detail"] == body["error_description"]
        and type(body["detail"]) is str
    )


def refused(room: Dirac, manifest: Any, **more: Any) -> list[tuple[str, str]]:
    """The problems that are told; nothing was taken."""
    answer = room.post(manifest, **more)
    assert answer.status_code == 400, answer.get_data(as_text=True)
    body = answer.get_json()
    assert is_envelope(body, 400, "invalid_manifest")
    assert room.store.count(Filter(owners=None)) == 0
    return [(problem["pointer"], problem["detail"]) for problem in body["problems"]]


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


def test_sites_choose_the_environment(tmp_path: Path) -> None:
    sites = Sites({"small": ("S.x",), "large": ("L.x", "M.x")})
    room = Dirac(tmp_path, sites=sites)
    assert refused(room, {**ECHO, "Sites": ["None.x"]})[0][0] == "/Sites"
    assert "S.x, L.x, M.x" in refused(room, {**ECHO, "Sites": ["None.x"]})[0][1]
    assert refused(room, {**ECHO, "Site": ["S.x"], "NumberOfProcessors": 8})[0][0] == "/NumberOfProcessors"
    for manifest, environment, site in (
        ({**ECHO, "Sites": ["M.x"]}, "large", "M.x"),
        ({**ECHO, "BannedSites": "S.x,L.x"}, "large", "M.x"),
        (ECHO, "small", "S.x"),
    ):
        (jid,) = room.submit(manifest)
        spec = room.job(jid).spec
        assert spec.environment == environment
        assert spec.roles[0].tasks[0].environment["DIRACSITE"] == site


def test_more_time_than_any_site_gives_is_cut_to_what_there_is(room: Dirac) -> None:
    small, large, cut = (
        room.job(room.submit({**ECHO, "CPUTime": seconds})[0]).spec for seconds in (1000, 300_000, 10**9)
    )
    assert (small.environment, small.clocks.run) == ("small", 1000.0)
    assert (large.environment, large.clocks.run) == ("large", 300_000.0)
    assert (cut.environment, cut.clocks.run) == ("large", 500_000.0)


def test_jobs_with_no_place_at_all(tmp_path: Path) -> None:
    room = Dirac(tmp_path, environments=())
    assert refused(room, ECHO) == [("/Site", "There is no free environment at all.")]


# -- the file catalogue ------------------------------------------------------------------------------
def test_logical_files_are_asked_for_once(room: Dirac) -> None:
    room.catalogue.lfns = {"/vo/a", "/vo/b"}
    manifest = {**ECHO, "InputData": ["LFN:/vo/a", "/vo/b"], "Parameters": 3}
    jids = room.submit([manifest, {**ECHO, "InputSandbox": ["LFN:/vo/b"]}])
    ((lfns, actor),) = room.catalogue.asked
    assert (lfns, actor.name, actor.group, actor.vo) == (["/vo/a", "/vo/b"], "ada", "vo_user", "vo")
    inputs = room.job(jids[0]).spec.inputs
    assert [(given.source, given.value, given.path) for given in inputs] == [
        (Source.LFN, "/vo/a", "/work/a"),
        (Source.LFN, "/vo/b", "/work/b"),
    ]
    assert room.manifest(jids[0])["InputData"] == ["LFN:/vo/a", "LFN:/vo/b"]


def test_logical_files_that_are_not_there(room: Dirac) -> None:
    found = refused(room, [{**ECHO, "InputData": "/vo/none"}, {**ECHO, "InputSandbox": ["LFN:/vo/none"]}])
    assert [place for place, _ in found] == ["/0/InputData", "/1/InputSandbox"]
    assert '"/vo/none"' in found[0][1]


def test_without_a_virtual_organisation_there_are_no_logical_files(room: Dirac) -> None:
    for name in ("InputData", "OutputData"):
        ((place, text),) = refused(room, {**ECHO, name: ["LFN:/vo/a"]}, token="plain")
        assert place == f"/{name}"
        assert "virtual organisation" in text
    assert room.catalogue.asked == []


def test_the_catalogue_is_away(room: Dirac) -> None:
    room.catalogue.is_away = True
    answer = room.post({**ECHO, "InputData": "/vo/a"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert is_envelope(answer.get_json(), 503, "unavailable")
    assert room.submit()


def test_output_data_is_kept_and_registered(room: Dirac) -> None:
    (jid,) = room.submit({**ECHO, "OutputData": ["*.root", "LFN:/vo/prod/x.out"], "OutputPath": "mine"})
    job = room.job(jid)
    assert [output.pattern for output in job.spec.outputs][::2] == ["*.root", "x.out"]
    assert [(notice.address, notice.url) for notice in room.store.notices(job.uid)] == [
        ("*.root", "/vo/user/a/ada/mine/"),
        ("x.out", "/vo/prod/x.out"),
    ]


# -- what is away, too large, wrong ------------------------------------------------------------------
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
def test_many_small_manifests_cost_little(room: Dirac, sent: dict[str, Any]) -> None:
    began = time.process_time()
    answer = room.call("POST", "/jobs", **sent)
    assert (answer.status_code, answer.get_json()["error"]) in ((400, "invalid_manifest"), (413, "too_large"))
    assert time.process_time() - began < 3.0


def test_many_small_jdls_cost_little(room: Dirac) -> None:
    answer = room.post(["A=1"] * 100_000, "/dirac/api/jobs/jdl")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_manifest")
