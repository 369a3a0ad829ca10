"""POST /job: what a job is made of, and what is refused."""

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from libs.web.settings import Secret
from services.compute.dcp_settings import DcpSettings, Group
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.states import State
from services.compute.ports.store import Filter
from tests.dcp_vectors import A
from tests.fakes.compute_dcp import BASIC_A, BASIC_B, DOUBLE, JOB, PRINCIPALS, SEED, Room

pytestmark = pytest.mark.clause("dcp 3", "dcp 3.3")
Make = Callable[..., Room]


def refused(room: Room, status: int, code: str, **members: Any) -> Any:
    answer = room.post("/job", {**JOB, **members})
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.get_data(as_text=True)
    document = answer.get_json()
    assert document["error"] == document["message"]
    assert room.store.count(Filter(owners=None)) == 0
    return document


def places(document: Any) -> list[str]:
    return [entry["path"] for entry in document["detail"]]


# -- what is made -----------------------------------------------------------------------------------
def test_the_seeds_body_is_taken_as_it_is_printed(make: Make) -> None:
    room = make(settings=DcpSettings(any_account=True))
    answer = room.post("/job", SEED)
    assert answer.status_code == 201
    document = answer.get_json()
    assert set(document) == {"jobId", "totalSlices", "status"}
    assert (document["totalSlices"], document["status"]) == (10, "running")
    assert len(document["jobId"]) == 42
    assert room.status(document["jobId"])["account"] == "0x" + SEED["account"]["address"]


def test_the_job_runs_our_program_with_the_function_beside_it(room: Room) -> None:
    job = room.job(room.deploy(args=[1, {"a": None}], maxErrors=7, public={"name": "Sums"}))
    assert (job.dialect, job.owner, job.name, job.state) == (
        "dcp",
        f"eip155:{A.address}",
        "Sums",
        State.QUEUED,
    )
    assert job.spec.environment == "space"
    assert job.spec.slices is not None
    assert job.spec.slices.errors == 7
    (role,) = job.spec.roles
    assert role.count == 2
    files = {given.label: given.value for given in job.spec.inputs}
    assert files["work.txt"] == DOUBLE
    assert json.loads(json.loads(files["job.json"])["args"]) == [1, {"a": None}]
    assert json.loads(files["job.json"])["public"] == {"name": "Sums"}


def test_without_slices_a_job_waits_for_them(room: Room) -> None:
    for slices in ({}, {"slices": None}, {"slices": []}):
        body = {"work": JOB["work"], "account": JOB["account"], **slices}
        document = room.post("/job", body).get_json()
        assert (document["status"], document["totalSlices"]) == ("new", 0)
        assert room.job(document["jobId"]).state is State.HELD


def test_typescript_is_javascript_then(room: Room) -> None:
    work = {"language": "ts", "function": "(x: number): number => x * 2;"}
    job = room.job(room.deploy(work=work))
    (source,) = [given.value for given in job.spec.inputs if given.label == "work.txt"]
    assert source == "(x        )         => x * 2"


def test_python_runs_in_its_own_image(room: Room) -> None:
    work = {"language": "python", "function": "lambda x: x*5"}
    job = room.job(room.deploy(work=work))
    image = job.spec.roles[0].tasks[0].image
    assert image is not None
    assert image.name.startswith("python:")


def test_slices_of_every_kind_are_counted(room: Room) -> None:
    assert room.status(room.deploy(slices={"start": 1, "end": 9, "step": 3}))["totalSlices"] == 3
    product = {"ranges": [{"start": 1, "end": 2}, {"start": 1, "end": 3}]}
    assert room.status(room.deploy(slices=product))["totalSlices"] == 6
    assert room.status(room.deploy(slices=list(range(2500))))["totalSlices"] == 2500


def test_what_nobody_knows_is_warned_of(room: Room) -> None:
    work = {**JOB["work"], "speed": 3}
    answer = room.post("/job", {**JOB, "work": work, "colour": 1, "\x7f": 2})
    assert answer.status_code == 201
    assert answer.get_json()["warnings"] == [
        "colour is not known and was ignored",
        "a member is not known and was ignored",
        "work.speed is not known and was ignored",
    ]


def test_a_body_counts_whatever_its_label_and_coding(room: Room) -> None:
    form = room.call("POST", "/job", data=json.dumps(JOB), content_type="application/x-www-form-urlencoded")
    packed = room.call(
        "POST", "/job", data=gzip.compress(json.dumps(JOB).encode()), headers={"Content-Encoding": "gzip"}
    )
    slash = room.post("/job/", JOB)
    assert [answer.status_code for answer in (form, packed, slash)] == [201, 201, 201]


# -- what is refused --------------------------------------------------------------------------------
def test_every_mistake_is_told_at_once(room: Room) -> None:
    answer = room.post(
        "/job",
        {
            "slices": "1-3",
            "work": {"function": 3, "runtime": "x"},
            "account": {"label": "default"},
            "args": {},
            "maxErrors": 0,
            "public": {"name": 3},
        },
    )
    assert answer.status_code == 400
    wanted = {"work.function", "maxErrors", "public.name", "slices"}
    assert wanted <= set(places(answer.get_json()))


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b"3", b'{"a":1,"a":2}', b"\xff", b"[" * 2000], ids=ascii
)
def test_a_body_that_is_no_object_is_400(room: Room, body: bytes) -> None:
    answer = room.call("POST", "/job", data=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]


def test_an_empty_body_says_what_is_missing(room: Room) -> None:
    for body in (None, {}):
        answer = room.post("/job", body)
        assert answer.status_code == 400
    assert answer.get_json()["error"] == "No payment account information provided"


def test_large_bodies_are_413_with_the_limit(make: Make) -> None:
    room = make(settings=DcpSettings(body_bytes=2000))
    plain = room.call("POST", "/job", data=b" " * 2001)
    packed = room.call("POST", "/job", data=gzip.compress(b" " * 2001), headers={"Content-Encoding": "gzip"})
    assert (plain.status_code, packed.status_code) == (413, 413)
    assert "2000" in plain.get_json()["error"]
    assert room.post("/job", JOB).status_code == 201


def test_other_codings_are_415(room: Room) -> None:
    answer = room.call("POST", "/job", data=b"x", headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.get_json()["code"]) == (415, "UnsupportedMediaType")


@pytest.mark.clause("dcp 4.1")
def test_a_language_that_there_is_not_is_named_with_those_there_are(room: Room) -> None:
    document = refused(room, 400, "UnsupportedLanguage", work={"language": "R", "function": "x"})
    assert document["error"] == "DCP-API does not support R yet."
    assert "python" in document["supported"]


@pytest.mark.clause("dcp 4.2", "dcp 4.3")
@pytest.mark.parametrize(
    ("language", "function", "code", "line"),
    [
        ("js", "(x) => {\n  return *;\n}", "WorkFunctionInvalid", 2),
        ("ts", "x => { enum E {} }", "WorkFunctionInvalid", 1),
        ("python", "def f(x):\n    return x +\n", "WorkFunctionInvalid", 2),
        ("python", "x = 1", "ENOSLICEHANDLER", None),
        ("js", "42", "ENOSLICEHANDLER", 1),
    ],
    ids=["js", "ts", "python", "no handler", "no function"],
)
def test_a_function_that_can_never_run_is_422_with_its_place(
    room: Room, language: str, function: str, code: str, line: int | None
) -> None:
    document = refused(room, 422, code, work={"language": language, "function": function})
    assert document["line"] == line


def test_webhooks_are_refused_in_dcp_rests_words(room: Room) -> None:
    document = refused(room, 400, "WebHooksUnsupported", webHookUrls=["https://a.example"])
    assert document["error"] == "WebHooks are no longer supported in dcp-rest"


@pytest.mark.parametrize(
    ("requirements", "place"),
    [
        ({"environment": {"webgpu": True}}, "requirements.environment.webgpu"),
        ({"engine": {"browser": True, "v8": True}}, "requirements.engine.browser"),
        (["offscreenCanvas"], "requirements.offscreenCanvas"),
        ({"a": 3}, "requirements"),
    ],
    ids=["webgpu", "browser", "list", "number"],
)
def test_what_nobody_here_can_is_refused(room: Room, requirements: Any, place: str) -> None:
    assert places(refused(room, 400, "InvalidRequest", requirements=requirements)) == [place]


def test_what_our_workers_can_may_be_required(room: Room) -> None:
    met = {"environment": {"fdlibm": True, "webgpu": False}, "engine": {"v8": True}, "useStrict": True}
    job = room.job(room.deploy(requirements=met))
    (text,) = [given.value for given in job.spec.inputs if given.label == "job.json"]
    assert json.loads(text)["strict"] is True


def test_packages_are_those_that_the_operator_has(make: Make) -> None:
    room = make(packages={"stats/mean": "exports.mean = 1"})
    document = refused(room, 400, "InvalidRequest", packages=["stats/mean", "left-pad"])
    assert places(document) == ["packages[1]"]
    assert "left-pad" in document["error"]
    job = room.job(room.deploy(packages=["stats/mean"]))
    assert "exports.mean = 1" in [given.value for given in job.spec.inputs]


def test_modules_of_python_itself_may_be_named_and_others_as_the_operator_says(make: Make) -> None:
    room = make(settings=DcpSettings(pyimports=("numpy",)))
    work = {"language": "python", "function": "lambda x: x"}
    room.deploy(work={**work, "pyimports": ["json", "os.path", "numpy"]})
    answer = room.post("/job", {**JOB, "work": {**work, "pyimports": ["json", "torch"]}})
    assert (answer.status_code, places(answer.get_json())) == (400, ["work.pyimports[1]"])


def test_arguments_that_are_encoded_for_pyodide_are_not_misread(room: Room) -> None:
    work = {"function": "lambda x: x", "runtime": {"name": "pyodide"}}
    assert places(refused(room, 400, "InvalidRequest", work=work, args=[2, "gzImage", "H4s"])) == ["args"]
    room.deploy(work=work, args=[2, "a"])


def test_too_many_slices_are_413(make: Make) -> None:
    room = make(settings=DcpSettings(slices=5))
    refused(room, 413, "TooManySlices", slices={"start": 1, "end": 6})
    room.deploy(slices={"start": 1, "end": 5})


def test_remote_data_is_off_by_default(room: Room) -> None:
    refused(room, 400, "RemoteDataDisabled", slices={"remoteDataSet": ["https://a.example/1"]})


@pytest.mark.parametrize("path", ["/job", "/job/x/slices"], ids=["deploy", "slices"])
def test_who_may_only_read_changes_nothing(room: Room, path: str) -> None:
    answer = room.post(path, JOB, auth="Bearer reader")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "ScopeMissing")


def test_quotas_are_429_and_say_when_to_come_again(make: Make) -> None:
    room = make(quotas=Quotas(principal=Quota(jobs=1)))
    room.deploy()
    answer = room.post("/job", JOB)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


# -- groups -----------------------------------------------------------------------------------------
GROUPS = DcpSettings(environments=("space",), groups={"lab": Group(Secret("sesame"), ("other",))})


def test_a_groups_jobs_run_in_its_environments(make: Make) -> None:
    room = make(settings=GROUPS)
    lab = {"joinKey": "lab", "joinSecret": "sesame"}
    assert room.job(room.deploy(computeGroups=[lab])).spec.environment == "other"
    assert room.job(room.deploy(computeGroups=[{"joinKey": "public"}])).spec.environment == "space"
    assert room.job(room.deploy(computeGroups=[])).spec.environment == "space"


@pytest.mark.parametrize(
    "group",
    [
        {"joinKey": "lab"},
        {"joinKey": "lab", "joinSecret": "Sesame"},
        {"joinKey": "lab", "joinSecret": "\ud800"[:0] + "é"},
        {"joinKey": "other", "joinSecret": "sesame"},
    ],
    ids=["no secret", "wrong", "odd", "unknown"],
)
def test_other_groups_are_denied_alike(make: Make, group: Any) -> None:
    refused(make(settings=GROUPS), 403, "ComputeGroupDenied", computeGroups=[group])


# -- offers -----------------------------------------------------------------------------------------
PRICED = DcpSettings(price=Decimal("2.5"), opening_balance=Decimal(30))


@pytest.mark.clause("dcp 6")
@pytest.mark.parametrize(
    ("offer", "reserved"),
    [
        (None, "25"),
        ("market_value", "25"),
        (2.5, "25"),
        ("3", "30"),
        ({"marketValue": 1.2}, "30"),
        ({"maxPerRequest": 9}, "25"),
    ],
    ids=["none", "word", "number", "text", "factor", "most"],
)
def test_an_offer_reserves_what_the_slices_cost(make: Make, offer: Any, reserved: str) -> None:
    room = make(settings=PRICED)
    room.deploy(slicePaymentOffer=offer)
    (account,) = room.got("/accounts")
    assert Decimal(account["reserved"]) == Decimal(reserved)
    assert Decimal(account["balance"]) == 30 - Decimal(reserved)


@pytest.mark.parametrize(
    "offer",
    [2.4, "1", -3, "much", True, [], {"marketValue": 0.5}, {"maxPerRequest": 1}, {"else": 1}, 1e30],
    ids=str,
)
def test_an_offer_below_the_market_or_of_no_kind_is_refused(make: Make, offer: Any) -> None:
    document = refused(make(settings=PRICED), 400, "InvalidRequest", slicePaymentOffer=offer)
    assert places(document) == ["slicePaymentOffer"]


@pytest.mark.clause("dcp 6", "dcp 7")
def test_too_few_credits_are_402_with_both_amounts(make: Make) -> None:
    room = make(settings=PRICED)
    document = refused(room, 402, "ENOFUNDS", slicePaymentOffer=4)
    assert Decimal(document["required"]) == 40
    assert Decimal(document["available"]) == 30


def test_where_slices_cost_nothing_no_offer_is_ever_too_much(make: Make) -> None:
    room = make(settings=DcpSettings(opening_balance=Decimal(0)))
    room.deploy(slicePaymentOffer=1_000_000)
    assert Decimal(room.got("/accounts")[0]["reserved"]) == 0


# -- sent again -------------------------------------------------------------------------------------
def test_a_key_brings_the_first_answer_again(room: Room) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = room.post("/job", JOB, headers=headers)
    again = room.post("/job", JOB, headers=headers)
    assert again.status_code == 201
    assert again.get_json()["jobId"] == first.get_json()["jobId"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert room.store.count(Filter(owners=None)) == 1
    other = room.post("/job", JOB, headers=headers, auth=BASIC_B)
    assert other.get_json()["jobId"] != first.get_json()["jobId"]


def test_a_key_of_another_request_is_a_conflict(room: Room) -> None:
    headers = {"Idempotency-Key": "k1"}
    room.post("/job", JOB, headers=headers)
    answer = room.post("/job", {**JOB, "slices": [1]}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "IdempotencyConflict")
    bad = room.post("/job", JOB, headers={"Idempotency-Key": "k" * 300})
    assert bad.status_code == 400


def test_concurrent_users_deploy_as_themselves_alone(room: Room) -> None:
    """Upstream gives each caller's identity to a wallet that all requests share."""
    mine, theirs = room.deploy(), room.deploy(auth=BASIC_B)
    assert room.job(mine).owner != room.job(theirs).owner
    assert room.job(theirs).owner == PRINCIPALS[BASIC_B.removeprefix("Basic ")].subject
    assert room.get(f"/job/{theirs}", auth=BASIC_A).status_code == 404
