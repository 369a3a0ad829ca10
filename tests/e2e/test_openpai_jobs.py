"""Jobs by the lines of OpenPAI's page, with our host, and what comes of them. Source: OpenPAI contract 9."""

import json
from pathlib import Path

import pytest
import requests

from tests.e2e.openpai_line import SECONDS, User, config, new_user, role
from tests.stack import Stack

EXAMPLE = (
    '{"jobName":"exampleJob","image":"python:3.11","codeDir":"hdfs://code","taskRoles":[{"name":"w",'
    '"taskNumber":1,"cpuNumber":1,"memoryMB":512,"gpuNumber":0,"command":"python -V"}]}'
)
LIST_MEMBERS = {
    "name", "username", "state", "retries", "createdTime", "completedTime", "appTrackingUrl", "appExitType",
}  # fmt: skip
STATUS_MEMBERS = {
    "name", "state", "createdTime", "completedTime", "appId", "appProgress", "appTrackingUrl",
    "appLaunchedTime", "appCompletedTime", "appExitCode", "appExitDiagnostics", "appExitType", "retries",
    "username",
}  # fmt: skip
SUBMIT = (
    'curl -H "Content-Type: application/json" -H "Authorization: Bearer $T" '
    "-X PUT $H/api/job/exampleJob -d @exampleJob.json"
)


@pytest.fixture(scope="module")
def user(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    """With the page's example; a stack's storage has the code that it names."""
    found = new_user(stack, tmp_path_factory.mktemp("openpai") / "home", "pai_user")
    (found.home / "exampleJob.json").write_text(EXAMPLE)
    return found


@pytest.mark.clause("openpai 3.1", "openpai 9")
def test_logging_in_as_printed(user: User) -> None:
    password = "pai secret &+%1"
    printed = (
        'curl -H "Content-Type: application/json" -X POST $H/api/auth '
        '-d "username=YOUR_USERNAME" -d "password=YOUR_PASSWORD"'
    )
    plain = "plainsecret"
    other = new_user(user.stack, user.home, "pai_plain", plain)
    line = printed.replace("YOUR_USERNAME", other.name).replace("YOUR_PASSWORD", plain)
    status, answer = user.type(line)
    assert (status, set(answer), answer["user"]) == (200, {"token", "user"}, "pai_plain")
    lines = [
        f"""curl -H "Content-Type: application/json" -X POST $H/api/auth -d '{{"username":"pai_plain","password":"{plain}","expiration":"3600"}}'""",  # noqa: E501
        f"curl -X POST $H/api/auth -d username=pai_plain -d password={plain}",
    ]
    for line in lines:
        status, answer = user.type(line)
        assert (status, answer["user"]) == (200, "pai_plain"), line
    status, answer = user.type(
        'curl -X POST $H/api/auth --data-urlencode username=$ME --data-urlencode "password=$PASSWORD"',
        PASSWORD=password,
    )
    assert (status, answer["user"]) == (200, user.name)
    wrong = user.type(printed.replace("YOUR_USERNAME", user.name))
    assert wrong == (401, {"error": "AuthenticationFailed", "message": "authentication failed"})


@pytest.mark.clause("openpai 4.1", "openpai 4.2", "openpai 4.3", "openpai 4.4", "openpai 9")
def test_a_job_as_printed(user: User) -> None:
    assert user.type(SUBMIT) == (200, {"message": "update job exampleJob successfully"})
    status, answer = user.type(SUBMIT)
    assert (status, answer["error"]) == (409, "DuplicateJobSubmission")
    status, jobs = user.type("curl $H/api/job")
    (row,) = [job for job in jobs if job["name"] == "exampleJob"]
    assert (status, set(row), row["username"]) == (200, LIST_MEMBERS, user.name)
    ended = user.old_ended("exampleJob")
    assert ended["appExitType"] == "SUCCEEDED", user.stack.log_tails()
    status, shown = user.type("curl $H/api/job/exampleJob")
    assert (status, set(shown) >= STATUS_MEMBERS) == (200, True)
    assert (shown["state"], shown["appExitCode"], shown["appProgress"]) == ("FRAMEWORK_COMPLETED", 0, 1)
    assert shown["createdTime"] <= shown["appLaunchedTime"] <= shown["appCompletedTime"]
    assert shown["appCompletedTime"] == shown["completedTime"]
    assert shown["appId"].startswith(f"application_{str(shown['createdTime'])[:7]}")
    assert shown["appTrackingUrl"].startswith(user.stack.gateway)
    assert user.printed("/api/job/exampleJob", "w").startswith("Python 3.")
    delete = 'curl -H "Authorization: Bearer $T" -X DELETE $H/api/job/exampleJob'
    assert user.type(delete) == (200, {"message": "deleted job exampleJob successfully"})
    gone = (500, {"error": "JobNotFound", "message": "could not find job exampleJob"})
    assert user.type("curl $H/api/job/exampleJob") == gone
    assert user.type(delete) == gone
    # The name is free at once, and what had it before is no part of the next one.
    assert user.type(SUBMIT)[0] == 200
    assert user.old_ended("exampleJob")["appExitType"] == "SUCCEEDED"
    assert user.type(delete)[0] == 200


@pytest.mark.clause("openpai 4.3", "openpai 9")
def test_a_missing_job_as_printed(user: User) -> None:
    done = user.shell("curl -sS -i $H/api/job/nope", {})
    head, _, body = done.stdout.partition("\n\n")
    assert head.split()[1] == "500"
    assert json.loads(body) == {"error": "JobNotFound", "message": "could not find job nope"}
    assert "\nx-pai-status: 404" in head.lower()  # a monitor can tell it from a fault


@pytest.mark.clause("openpai 4.5", "openpai 9")
def test_one_version_later_as_printed(user: User) -> None:
    status, answer = user.type(
        'curl -X POST $H/api/v1/token --data-urlencode username=$ME --data-urlencode "password=$PASSWORD"',
        PASSWORD="pai secret &+%1",
    )
    assert (status, set(answer)) == (200, {"user", "token", "admin", "hasGitHubPAT"})
    text = EXAMPLE.replace("exampleJob", "laterJob").replace("python -V", "echo begun; sleep 600")
    (user.home / "laterJob.json").write_text(text)
    submit = (
        'curl -H "Content-Type: application/json" -H "Authorization: Bearer $T" '
        "-X POST $H/api/v1/user/$ME/jobs -d @laterJob.json"
    )
    assert user.type(submit) == (202, {"message": "update job laterJob successfully"})
    status, answer = user.type(submit)
    assert (status, answer["code"]) == (409, "ConflictJobError")
    assert answer["message"] == "Job name laterJob already exists"
    status, detail = user.type("curl $H/api/v1/user/$ME/jobs/laterJob")
    assert (status, detail["name"], detail["jobStatus"]["name"]) == (200, "laterJob", "pai_user~laterJob")
    user.says("laterJob", "w", "begun")
    running = user.until("laterJob", "RUNNING")
    assert (running["subState"], running["executionType"]) == ("APPLICATION_RUNNING", "START")
    stop = (
        'curl -H "Authorization: Bearer $T" -X PUT $H/api/v1/user/$ME/jobs/laterJob/executionType '
        """-d '{"value":"STOP"}'"""
    )
    assert user.type(stop) == (202, {"message": "execute job laterJob successfully"})
    stopped = user.until("laterJob", "STOPPED")
    assert (stopped["appExitCode"], stopped["subState"]) == (214, "FRAMEWORK_COMPLETED")
    assert stopped["executionType"] == "STOP"
    assert user.type(stop)[0] == 202  # of what has ended: nothing happens
    status, answer = user.type(stop.replace("STOP", "PAUSE"))
    assert (status, answer["code"]) == (400, "InvalidParametersError")
    assert user.type(stop.replace("STOP", "START"))[0] == 202
    again = user.until("laterJob", "RUNNING")
    assert (again["retries"], again["executionType"]) == (0, "START")
    assert user.type(stop.replace("STOP", "START"))[0] == 202  # it runs already
    assert user.status("laterJob")["appId"] == again["appId"]
    delete = 'curl -H "Authorization: Bearer $T" -X DELETE $H/api/v1/user/$ME/jobs/laterJob'
    assert user.type(delete)[0] == 202
    gone = (404, {"code": "NoJobError", "message": "Job laterJob is not found."})
    assert user.type("curl $H/api/v1/user/$ME/jobs/laterJob") == gone


@pytest.mark.clause("openpai 4.1")
def test_two_users_have_jobs_of_one_name_and_each_its_own(user: User, tmp_path: Path) -> None:
    other = new_user(user.stack, tmp_path, "pai_other")
    for one in (user, other):
        one.submit(config("sameName", role("w", f"echo I am {one.name}")))
    for one in (user, other):
        assert one.ended("sameName")["username"] == one.name
        assert one.printed(f"{one.jobs}/sameName", "w") == f"I am {one.name}\n"
    theirs = other.ask("DELETE", f"{user.jobs}/sameName")
    assert (theirs.status_code, theirs.json()["code"]) == (403, "ForbiddenUserError")
    assert other.ask("DELETE", f"{other.jobs}/sameName").status_code == 202
    assert user.status("sameName")["state"] == "SUCCEEDED"


@pytest.mark.clause("openpai 2.1", "openpai 8")
def test_a_file_with_comments_as_upstreams_examples_have_them(user: User) -> None:
    text = '{\n  // which name\n  "jobName": "commented", /* and */\n' + EXAMPLE.partition(",")[2].replace(
        "]}", "],\n}\n"
    )
    (user.home / "commented.json").write_text(text)
    line = 'curl -H "Authorization: Bearer $T" -X PUT $H/api/job/commented %s @commented.json'
    status, answer = user.type(line % "-d")
    assert (status, "--data-binary" in json.dumps(answer)) == (400, True)
    assert user.type(line % "--data-binary")[0] == 200
    assert user.old_ended("commented")["appExitCode"] == 0


@pytest.mark.clause("openpai 2.1")
def test_a_form_as_the_portal_sends_it(user: User) -> None:
    fields = {
        "jobName": "formed",
        "image": "python:3.11",
        "taskRoles[0][name]": "w",
        "taskRoles[0][taskNumber]": "2",
        "taskRoles[0][memoryMB]": "128",
        "taskRoles[0][command]": "echo task $PAI_TASK_ROLE_INDEX",
    }
    answer = user.ask("PUT", "/api/job/formed", data=fields)
    assert answer.status_code == 200, answer.text
    assert user.old_ended("formed")["appExitType"] == "SUCCEEDED"
    for index in (0, 1):
        assert user.printed("/api/job/formed", "w", index) == f"task {index}\n"


@pytest.mark.clause("openpai 2.2", "openpai 4.5", "openpai 10")
def test_what_anybody_may_read_and_what_nobody_else(user: User, tmp_path: Path) -> None:
    secret = "the words of the job"
    name = user.submit(config("watched", role("w", f"echo {secret}"), jobEnvs={"KEY": "hidden value"}))
    user.ended(name)
    stranger = new_user(user.stack, tmp_path, "pai_stranger")
    paths = (f"{user.jobs}/{name}/config", f"{user.jobs}/{name}/logs/w/0/stdout", f"{user.jobs}/{name}/ssh")
    for path in paths:
        anonymous = requests.get(user.stack.gateway + path, timeout=SECONDS)
        assert (anonymous.status_code, anonymous.json()["code"]) == (401, "UnauthorizedUserError"), path
        theirs = stranger.ask("GET", path)
        assert (theirs.status_code, theirs.json()["code"]) == (403, "ForbiddenUserError"), path
    for path in ("/api/job", "/api/v1/user/pai_user/jobs", f"{user.jobs}/{name}", "/openpai/api/v1/jobs"):
        seen = requests.get(user.stack.gateway + path, timeout=SECONDS)
        assert seen.status_code == 200, path
        assert secret not in seen.text, path
        assert "hidden value" not in seen.text, path
    assert user.ask("GET", paths[0]).json()["jobEnvs"] == {"KEY": "hidden value"}
    assert user.ask("GET", paths[1]).text == f"{secret}\n"
    no_ssh = user.ask("GET", paths[2])
    assert (no_ssh.status_code, no_ssh.json()["code"]) == (404, "NoJobSshInfoError")
    submitted = requests.put(f"{user.stack.gateway}/api/job/anonymous", data=EXAMPLE, timeout=SECONDS)
    assert submitted.status_code == 401  # before anything is looked up
    native = user.ask("POST", "/tidegate/v1/jobs", json={"environment": "ocean-compute", "command": ["true"]})
    listed = requests.get(f"{user.stack.gateway}/api/job", timeout=SECONDS).json()
    assert f"native-{native.json()['id']}" not in {job["name"] for job in listed}
    own = {job["name"] for job in user.ask("GET", "/api/job").json()}
    assert f"native-{native.json()['id']}" in own


@pytest.mark.clause("openpai 5", "openpai 10")
@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"image": "two words"}, "image"),
        ({"gpuNumbr": 1}, "gpuNumbr"),
        ({"retryCount": -3}, "retryCount"),
        ({"killAllOnCompletedTaskNumber": 3}, "killAllOnCompletedTaskNumber"),
        ({"taskRoles": []}, "taskRoles"),
        ({"taskRoles": [role("w", "true"), role("w", "true")]}, "taskRoles"),
        ({"taskRoles": [role("w", "true", taskNumber=0)]}, "taskNumber"),
        ({"taskRoles": [role("w", "true", memoryMB=10)]}, "memoryMB"),
        ({"taskRoles": [role("w", "true", cpuNumber=4096)]}, ""),
        ({"outputDir": "x/../../etc"}, "outputDir"),
        ({"jobName": "another"}, "jobName"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_descriptions_that_cannot_be_meant(user: User, change: dict[str, object], place: str) -> None:
    body = {**config("refused", role("w", "true")), **change}
    old = user.ask("PUT", "/api/job/refused", json=body)
    assert (old.status_code, old.json()["message"]) == (400, "could not validate request data")
    assert place in json.dumps(old.json()["detail"])
    new = user.ask("PUT", f"{user.jobs}/refused", json=body)
    assert (new.status_code, new.json()["code"]) == (400, "InvalidParametersError")
    assert place in new.json()["message"]
