"""Lists, logs, who may see what, and answers before Flask."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import request
from werkzeug.test import TestResponse

from services.compute.adapters.store_sql.store import open_store
from services.compute.domain.job import NewJob
from services.compute.domain.spec import Role, Spec, Task
from tests.fakes.compute_openpai import ADA, OWN, SHARED, TASK, OpenPai

NATIVE = Spec(environment="small", roles=(Role(tasks=(Task(command=("true",)),)),))


def _told(answer: TestResponse) -> dict[str, str]:
    """Its headers, but for the one that differs with each request."""
    return {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}


@pytest.mark.clause("openpai 4.2", "openpai 10")
def test_a_list_is_narrowed_and_read_in_parts(either: OpenPai) -> None:
    room = either
    for number in range(5):
        room.submit(f"j{number}", token="ada" if number % 2 else "bob")
    room.run(room.newest())

    def names(query: str) -> list[str]:
        return [row["name"] for row in room.get(f"/api/job?{query}").get_json()]

    assert names("username=ada") == ["j3", "j1"]
    assert names("state=FRAMEWORK_COMPLETED") == names("state=SUCCEEDED") == ["j4"]
    assert names("state=WAITING&username=bob") == ["j2", "j0"]
    assert names("limit=2") == ["j4", "j3"]
    assert names("limit=2&offset=4") == ["j0"]
    assert names("unknown=1&limit=1") == ["j4"]
    part = room.get("/api/job?limit=2&offset=1")
    assert part.headers["X-Total-Count"] == "5"
    assert part.headers["Link"] == '<?limit=2&offset=3>; rel="next"'
    part = room.get("/api/job?limit=1&username=ada&state=WAITING")
    assert part.headers["Link"] == '<?username=ada&state=WAITING&limit=1&offset=1>; rel="next"'


@pytest.mark.clause("openpai 4.2")
@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "offset=1e3", "state=GONE", "limit=9999999999"])
def test_a_parameter_that_may_not_be_is_told(room: OpenPai, query: str) -> None:
    legacy, v1 = room.get(f"/api/job?{query}"), room.get(f"{SHARED}?{query}")
    assert (legacy.status_code, legacy.get_json()["error"]) == (400, "ParameterValidationError")
    assert (v1.status_code, v1.get_json()["code"]) == (400, "InvalidParametersError")
    assert legacy.get_json()["detail"][0]["path"] == query.partition("=")[0]


@pytest.mark.clause("openpai 10")
def test_a_list_that_has_not_changed_is_304(either: OpenPai) -> None:
    room = either
    job = room.submit("one")
    tag = room.get("/api/job").headers["ETag"]
    assert room.get("/api/job", headers={"If-None-Match": tag}).status_code == 304
    room.start(job)
    changed = room.get("/api/job", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.get_json()[0]["state"]) == (200, "APPLICATION_RUNNING")
    assert room.get("/api/job", headers={"If-None-Match": tag}, token="ada").status_code == 200


@pytest.mark.clause("openpai 4.5")
def test_logs_are_listed_and_read_by_role_and_index(room: OpenPai) -> None:
    roles = [{**TASK, "name": "PS.x", "command": "x"}, {**TASK, "name": "w", "taskNumber": 2, "command": "y"}]
    job = room.submit("j", OWN, taskRoles=roles)
    room.start(job)
    core = job.spec.roles[0].name
    room.write(job, b"hello \xff\n", f"{core}.0.0.stdout")
    room.write(job, b"oops", "w.1.0.stderr")
    for base in ("/api/job/ada~j", f"{OWN}/j", f"{SHARED}/ada~j"):
        logs = room.get(f"{base}/logs", token="ada").get_json()["logs"]
        assert [(each["role"], each["index"]) for each in logs] == [("PS.x", 0), ("w", 0), ("w", 1)]
        assert logs[0]["stdout"] == {
            "url": "https://gate.example/api/job/ada~j/logs/PS.x/0/stdout",
            "size": 8,
        }
        assert room.get(f"{base}/logs/w/1", token="ada").get_json() == logs[2]
        said = room.get(f"{base}/logs/PS.x/0/stdout", token="ada")
        assert said.get_data() == b"hello \xff\n"
        assert said.headers["X-Content-Type-Options"] == "nosniff"
        assert said.mimetype == "text/plain"
        assert room.get(f"{base}/logs/w/1/stderr", token="ada").get_data() == b"oops"
        assert room.get(f"{base}/logs/w/0/stdout", token="ada").get_data() == b""
    part = room.get(f"{OWN}/j/logs/PS.x/0/stdout", token="ada", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.get_data()) == (206, b"llo")


@pytest.mark.clause("openpai 4.5")
@pytest.mark.parametrize("path", ["w/1/stdout", "nope/0/stdout", "w/0/other", "../0/stdout", "w/-1/stdout"])
def test_a_log_that_cannot_be_is_404(room: OpenPai, path: str) -> None:
    room.submit("j")
    answer = room.get(f"/api/job/j/logs/{path}", token="ada")
    assert answer.status_code == 404
    assert answer.get_json()["error"] in ("NoJobLogError", "NoApiError")


def test_logs_of_a_job_that_waits_are_empty(room: OpenPai) -> None:
    room.submit("j")
    assert room.get("/api/job/j/logs/w/0/stdout", token="ada").get_data() == b""


@pytest.mark.clause("openpai 4.2")
def test_an_operator_may_close_what_everybody_sees(room: OpenPai) -> None:
    closed = OpenPai(room.folder, is_open=False)
    closed.submit("mine", OWN)
    closed.submit("his", token="bob")
    for path in ("/api/job", "/api/job/his", OWN, f"{OWN}/mine", SHARED, f"{SHARED}/his"):
        assert closed.get(path).status_code == 401
    names = {token: [row["name"] for row in closed.get(SHARED, token=token).get_json()] for token in
             ("ada", "bob", "root")}  # fmt: skip
    assert names == {"ada": ["mine"], "bob": ["his"], "root": ["his", "mine"]}
    assert closed.get(f"{SHARED}/his", token="ada").status_code == 404
    assert closed.get(f"{SHARED}/his", token="root").status_code == 200
    assert closed.get(f"{SHARED}/his", token="bob").status_code == 200


@pytest.mark.clause("openpai 4.2")
def test_a_token_that_does_not_count_makes_nobody_where_everybody_may_look(room: OpenPai) -> None:
    room.submit("j")
    assert room.get("/api/job", token="expired").status_code == 200
    assert room.get("/api/job/j", token="expired").status_code == 200
    assert room.get("/api/job/nope", token="expired").status_code == 401


@pytest.mark.clause("openpai 10")
def test_two_hundred_statuses_asked_for_at_once_are_each_of_the_right_job(tmp_path: Path) -> None:
    room = OpenPai(tmp_path, store=open_store(f"sqlite:///{tmp_path}/jobs.db"))
    for name in ("one", "two"):
        room.submit(name, retryCount=3)
        room.submit(name, OWN)

    def shown(number: int) -> tuple[str, str]:
        name = ("one", "two")[number % 2]
        path = (f"/api/job/{name}", f"{OWN}/{name}")[number // 2 % 2]
        with room.app.test_client() as http:
            answer = http.get(path, headers={"Host": f"h{number % 3}"}).get_json()
        return name, answer["name"]

    with ThreadPoolExecutor(8) as threads:
        assert all(asked == told for asked, told in threads.map(shown, range(200)))


@pytest.mark.clause("openpai 10")
def test_what_was_remembered_of_a_job_is_never_shown_for_the_next_of_its_name(either: OpenPai) -> None:
    room = either
    first = room.submit("j")
    assert room.get("/api/job/j").get_json()["username"] == "ada"
    room.run(first)
    assert room.get("/api/job/j").get_json()["state"] == "FRAMEWORK_COMPLETED"
    room.call("DELETE", "/api/job/j")
    assert room.get("/api/job/j").status_code == 500
    room.submit("j", token="bob")
    again = room.get("/api/job/j").get_json()
    assert (again["username"], again["state"]) == ("bob", "FRAMEWORK_WAITING")


def test_the_short_way_answers_what_the_usual_one_does(room: OpenPai) -> None:
    reached: list[str] = []
    room.app.before_request(lambda: reached.append(request.path))
    room.submit("j")
    room.submit("j", OWN)
    reached.clear()
    for path in ("/api/job/j", f"{OWN}/j"):
        short = room.get(path)
        assert reached == []
        usual = room.get(f"{path}?usual=1")
        assert reached.pop() == path
        assert short.get_data() == usual.get_data()
        assert _told(short) == _told(usual)


def test_links_lead_where_the_request_came_in_when_nobody_says_where(tmp_path: Path) -> None:
    room = OpenPai(tmp_path, public_url="")
    room.submit("j")
    for query in ("", "?usual=1"):
        answer = room.get(f"/api/job/j{query}", headers={"Host": "one.example", "X-Forwarded-Proto": "https"})
        assert answer.get_json()["appTrackingUrl"] == "https://one.example/api/job/j"
    other = room.get("/api/job/j", headers={"Host": "two.example"}).get_json()
    assert other["appTrackingUrl"] == "http://two.example/api/job/j"


def test_a_list_of_many_jobs_is_one_array(either: OpenPai) -> None:
    room = either
    for number in range(30):
        room.submit(f"j{number}")
    room.other(NewJob(owner=ADA.subject, dialect="native", spec=NATIVE))
    for _ in range(2):  # the second is of what is remembered
        rows: Any = json.loads(room.get("/api/job", token="ada").get_data())
        assert len(rows) == 31
        assert rows[0]["name"].startswith("native-")
        assert rows[0]["username"] == "ada"
        assert [row["name"] for row in rows[1:]] == [f"j{number}" for number in reversed(range(30))]
