"""`/api/job` and what lies beside it: every answer of the seed's generation."""

import pytest

from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from tests.fakes.compute_openpai import EXAMPLE, TASK, OpenPai

STATUS = [
    "name", "state", "createdTime", "completedTime", "appId", "appProgress", "appTrackingUrl",
    "appLaunchedTime", "appCompletedTime", "appExitCode", "appExitDiagnostics", "appExitType", "retries",
    "username", "jobState",
]  # fmt: skip
ROW = [
    "name", "username", "state", "retries", "createdTime", "completedTime", "appTrackingUrl", "appExitType",
]  # fmt: skip
TWO = [{**TASK, "taskNumber": 2, "command": "exit 3"}]


@pytest.mark.clause("openpai 9")
def test_a_job_from_its_submission_to_its_end(either: OpenPai) -> None:
    room = either
    assert room.get("/api/job").get_json() == []
    sent = room.put("/api/job/exampleJob")
    assert (sent.status_code, sent.get_json()) == (200, {"message": "update job exampleJob successfully"})
    job = room.newest()
    before = room.get("/api/job/exampleJob").get_json()
    assert (before["state"], before["appExitType"], before["appId"]) == (
        "FRAMEWORK_WAITING",
        "NOT_AVAILABLE",
        None,
    )
    lease = room.start(job)
    running = room.get("/api/job/exampleJob").get_json()
    assert (running["state"], running["jobState"]) == ("APPLICATION_RUNNING", "RUNNING")
    assert running["appId"] == f"application_{running['createdTime']}_000{job.id}"
    room.end_run(lease, "w", 0, 0)
    room.finish(lease)
    done = room.get("/api/job/exampleJob").get_json()
    assert (done["state"], done["appExitType"], done["appExitCode"]) == (
        "FRAMEWORK_COMPLETED",
        "SUCCEEDED",
        0,
    )
    assert done["appProgress"] == 1
    assert done["createdTime"] < done["appLaunchedTime"] < done["completedTime"] == done["appCompletedTime"]


@pytest.mark.clause("openpai 4.3", "openpai 4.2")
def test_a_status_has_every_member_from_the_beginning_and_times_are_milliseconds(room: OpenPai) -> None:
    room.submit()
    status = room.get("/api/job/exampleJob").get_json()
    assert sorted(status) == sorted(STATUS)
    assert status["createdTime"] == 1_800_000_000_000
    assert status["completedTime"] is status["appLaunchedTime"] is status["appExitCode"] is None
    assert status["appTrackingUrl"] == "https://gate.example/api/job/exampleJob"


@pytest.mark.clause("openpai 4.2")
def test_a_list_is_a_bare_array_of_rows_newest_first(room: OpenPai) -> None:
    for name in ("one", "two", "three"):
        room.submit(name)
        room.clock.move(1)
    answer = room.get("/api/job")
    rows = answer.get_json()
    assert [row["name"] for row in rows] == ["three", "two", "one"]
    assert all(list(row) == ROW for row in rows)
    assert answer.headers["X-Total-Count"] == "3"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.clause("openpai 4.3")
def test_a_missing_job_is_500_as_the_seed_prints_it_and_says_404_beside(room: OpenPai) -> None:
    for method, token in (("GET", None), ("DELETE", "ada")):
        answer = room.call(method, "/api/job/nope", token=token)
        assert answer.status_code == 500
        assert answer.get_json() == {"error": "JobNotFound", "message": "could not find job nope"}
        assert answer.headers["X-PAI-Status"] == "404"


@pytest.mark.clause("openpai 4.4", "openpai 10")
def test_a_deleted_job_is_gone_and_its_name_is_free_at_once(either: OpenPai) -> None:
    room = either
    job = room.submit()
    room.start(job)
    answer = room.call("DELETE", "/api/job/exampleJob")
    assert (answer.status_code, answer.get_json()) == (
        200,
        {"message": "deleted job exampleJob successfully"},
    )
    assert room.job(job).wish.value == "cancel"
    assert room.get("/api/job/exampleJob").status_code == 500
    assert room.get("/api/job").get_json() == []
    again = room.submit()
    assert again.uid != job.uid
    assert room.get("/api/job/exampleJob").get_json()["state"] == "FRAMEWORK_WAITING"


@pytest.mark.clause("openpai 4.1")
@pytest.mark.parametrize("is_over", [False, True], ids=["waiting", "over"])
def test_a_name_stands_for_one_job_until_it_is_deleted(room: OpenPai, is_over: bool) -> None:
    job = room.submit()
    if is_over:
        room.run(job)
    for token in ("ada", "bob"):
        answer = room.put("/api/job/exampleJob", token=token)
        assert answer.status_code == 409
        state = "FRAMEWORK_COMPLETED" if is_over else "FRAMEWORK_WAITING"
        assert answer.get_json() == {
            "error": "DuplicateJobSubmission",
            "message": "duplicate job submission",
            "detail": f"it is a job of user ada and its state is {state}",
        }


@pytest.mark.clause("openpai 4.4")
def test_only_the_owner_and_an_administrator_delete_a_job(room: OpenPai) -> None:
    room.submit()
    refused = room.call("DELETE", "/api/job/exampleJob", token="bob")
    assert refused.status_code == 403
    assert refused.get_json() == {
        "error": "JobDeleteError",
        "message": "job deleted error, cannot delete other user's job",
    }
    assert room.get("/api/job/exampleJob").status_code == 200
    assert room.call("DELETE", "/api/job/exampleJob", token="root").status_code == 200


@pytest.mark.clause("openpai 2.2")
@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "No authorization token was found"),
        ("Bearer", "Format is Authorization: Bearer [token]"),
        ("Basic YWRhOng=", "Format is Authorization: Bearer [token]"),
        ("Bearer garbage", "invalid signature"),
        ("a.b.c", "invalid signature"),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("PUT", "/api/job/x"), ("DELETE", "/api/job/x")])
def test_without_a_token_that_counts_nothing_is_done(
    room: OpenPai, header: str | None, message: str, method: str, path: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = room.call(method, path, token=None, json=dict(EXAMPLE), headers=headers)
    assert answer.status_code == 401
    assert answer.get_json() == {"error": "UnauthorizedUserError", "message": message}
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="pai"')


@pytest.mark.clause("openpai 2.2")
@pytest.mark.parametrize("header", ["bearer ada", "BEARER   ada"])
def test_a_scheme_is_read_in_any_case(room: OpenPai, header: str) -> None:
    answer = room.call(
        "PUT", "/api/job/exampleJob", token=None, json=dict(EXAMPLE), headers={"Authorization": header}
    )
    assert answer.status_code == 200


@pytest.mark.clause("openpai 1")
def test_other_methods_are_405_and_say_what_there_is(room: OpenPai) -> None:
    for method in ("DELETE", "PUT", "POST"):
        answer = room.call(method, "/api/job")
        assert answer.status_code == 405
        assert {word.strip() for word in answer.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS"}
        assert answer.get_json()["error"] == "MethodNotAllowed"


@pytest.mark.clause("openpai 1")
def test_what_is_nowhere_is_told_in_the_seeds_words(room: OpenPai) -> None:
    for path in ("/api/nothing", "/api/job/x/nothing", "/api/jobs"):
        answer = room.get(path)
        assert (answer.status_code, answer.get_json()) == (
            404,
            {"error": "NoApiError", "message": "API not found"},
        )


@pytest.mark.clause("openpai 1")
def test_a_preflight_is_answered_for_everybody(room: OpenPai) -> None:
    headers = {"Origin": "https://portal.example", "Access-Control-Request-Method": "PUT"}
    answer = room.call("OPTIONS", "/api/job/x", token=None, headers=headers)
    assert answer.status_code == 204
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.clause("openpai 1")
@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_banner_is_html_for_browsers_and_json_for_who_wants_it(
    room: OpenPai, path: str, method: str
) -> None:
    banner = "PAI RESTful API" if "v1" in path else "Welcome to use PAI RESTful API!"
    html = room.call(method, path, token=None)
    assert (html.status_code, html.get_data(as_text=True)) == (200, f"<pre>{banner}</pre>")
    assert html.mimetype == "text/html"
    wanted = room.call(method, path, token=None, headers={"Accept": "application/json"})
    assert wanted.get_json()["name"] == "PAI RESTful API"


@pytest.mark.clause("openpai 1", "openpai 6", "openpai 10")
@pytest.mark.parametrize("path", ["/api/v1/info", "/api/v2/info", "/api/version"])
def test_what_this_is_and_for_how_long_jobs_are_kept(room: OpenPai, path: str) -> None:
    about = room.get(path).get_json()
    assert sorted(about) == ["authnMethod", "launcherType", "name", "retentionSeconds", "version"]
    assert about["retentionSeconds"] == 30 * 86400
    job = room.submit()
    assert room.job(job).spec.keep_seconds == about["retentionSeconds"]


@pytest.mark.clause("openpai 6")
def test_a_failure_names_role_index_code_and_for_its_owner_the_last_lines(room: OpenPai) -> None:
    job = room.submit(taskRoles=TWO)
    lease = room.start(job)
    room.end_run(lease, "w", 1, 3)
    room.write(job, b"".join(b"line %d\n" % number for number in range(100)), "w.1.0.stderr")
    room.finish(lease, Reason("command_failed", "The program ended with 3."), 3)
    everybody = room.get("/api/job/exampleJob").get_json()
    own = room.get("/api/job/exampleJob", token="ada").get_json()
    other = room.get("/api/job/exampleJob", token="bob").get_json()
    told = "The program ended with 3. Task 1 of role w ended with exit code 3."
    assert everybody["appExitDiagnostics"] == other["appExitDiagnostics"] == told
    assert own["appExitDiagnostics"].startswith(f"{told} It said last:\nline 80\n")
    assert own["appExitDiagnostics"].endswith("line 99")
    assert (own["appExitCode"], own["appExitType"], own["jobState"]) == (3, "NON_TRANSIENT", "FAILED")


def test_progress_is_the_share_of_tasks_that_did_well(room: OpenPai) -> None:
    job = room.submit(taskRoles=[{**TASK, "taskNumber": 4, "command": "x"}])
    lease = room.start(job)
    room.end_run(lease, "w", 0, 0)
    assert room.get("/api/job/exampleJob").get_json()["appProgress"] == 0.25


@pytest.mark.clause("openpai 4.1")
def test_a_quota_is_what_the_seed_says_of_all_that_goes_wrong_after_validation(room: OpenPai) -> None:
    full = OpenPai(room.folder, quotas=Quotas(principal=Quota(jobs=1)))
    full.submit("one")
    legacy = full.put("/api/job/two")
    assert legacy.status_code == 500
    assert (legacy.get_json()["error"], legacy.get_json()["message"]) == (
        "JobUpdateError",
        "job updated error",
    )
    assert legacy.headers["X-PAI-Status"] == "429"
    v1 = full.put("/openpai/api/v1/jobs/two")
    assert (v1.status_code, v1.get_json()["code"]) == (429, "QuotaExceededError")


def test_a_store_that_is_away_is_503_in_both_generations(room: OpenPai) -> None:
    room.store.away = True
    for path, member in (("/api/job", "error"), ("/openpai/api/v1/jobs/x", "code"), ("/api/job/x", "error")):
        answer = room.get(path)
        assert (answer.status_code, answer.get_json()[member]) == (503, "ServiceUnavailable")
        assert answer.headers["Retry-After"] == "1"
