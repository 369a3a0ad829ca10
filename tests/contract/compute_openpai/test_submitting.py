"""Bodies in any encoding, hostile ones among them; what is refused, and with what words."""

import json
from typing import Any

import pytest

from services.compute.domain.spec import Source
from services.compute.ports.engines import Abilities
from tests.fakes.compute_openpai import BOB, EXAMPLE, OWN, SHARED, TASK, WALLET, OpenPai

PATH = "/api/job/exampleJob"
TEXT = json.dumps(EXAMPLE)
FORM = (
    "jobName=exampleJob&image=python:3.11&taskRoles[0][name]=w&taskRoles[0][command]=python+-V"
    "&taskRoles[0][taskNumber]=2"
)


@pytest.mark.clause("openpai 2.1", "openpai 10")
@pytest.mark.parametrize(
    ("body", "label"),
    [
        (TEXT, "application/json"),
        (TEXT, "application/x-www-form-urlencoded"),
        (TEXT, ""),
        (TEXT, "application/octet-stream"),
        ("\ufeff  \n" + TEXT, "text/plain"),
        (TEXT[:-1] + ",\n}// a comment\n", "application/json"),
        (FORM, "application/json"),
        (FORM, "application/x-www-form-urlencoded"),
    ],
    ids=["json", "form-label", "none", "octets", "bom", "comments", "form-as-json", "form"],
)
def test_a_body_is_what_it_looks_like_and_not_what_it_is_called(room: OpenPai, body: str, label: str) -> None:
    answer = room.call("PUT", PATH, data=body.encode(), content_type=label)
    assert answer.status_code == 200, answer.get_data()
    assert room.newest().spec.roles[0].name == "w"


@pytest.mark.clause("openpai 2.1")
def test_a_multipart_form_is_a_description_too(room: OpenPai) -> None:
    fields = {"image": "python:3.11", "taskRoles[0][name]": "w", "taskRoles[0][command]": "x"}
    assert room.call("PUT", PATH, data=fields, content_type="multipart/form-data").status_code == 200


@pytest.mark.clause("openpai 2.1", "openpai 10")
@pytest.mark.parametrize(
    "body",
    [
        b"[1]", b"{", b"{}", b"null", b"nonsense", b"\xff\xfe{}", b'{"a":' * 5000,
        b'{"jobName":"a","jobName":"b"}',
        b"a[b][c][d][e][f][g][h]=1", b"taskRoles[0]=1&taskRoles[0][name]=2", b'{"image":"\\u0000"}',
        b'{"taskRoles":[[]]}', b'{"taskRoles":[{"name":{}}]}', b"&" * 20_000 + b"a=1",
        b'{"image":"a","retryCount":1e999,"taskRoles":[]}', b"{\"a\":\"\\ud800\"}", b"=",
        b'{"taskRoles":[{"taskNumber":' + b"9" * 5000 + b"}]}", b"{// all of it is a comment }",
    ],
    ids=[str(number) for number in range(19)],
)  # fmt: skip
def test_a_hostile_body_is_refused_with_a_reason_and_leaves_nothing(room: OpenPai, body: bytes) -> None:
    for path, member, word in (
        (PATH, "error", "ParameterValidationError"),
        (f"{OWN}/exampleJob", "code", "InvalidParametersError"),
    ):
        answer = room.call("PUT", path, data=body)
        document = answer.get_json()
        assert answer.status_code in (400, 413)
        assert isinstance(document["message"], str)
        assert document[member] in (word, "TooLarge")
        assert answer.status_code == 413 or document["detail"][0]["reason"]
    assert room.get("/api/job").get_json() == []


@pytest.mark.clause("openpai 2.1")
def test_comments_that_curl_joined_to_one_line_are_explained(room: OpenPai) -> None:
    body = TEXT.replace("{", "{ // the job ", 1)
    (detail,) = room.call("PUT", PATH, data=body).get_json()["detail"]
    assert "--data-binary" in detail["reason"]


@pytest.mark.clause("openpai 2.1")
def test_a_body_of_one_mebibyte_is_taken_and_one_that_is_too_large_is_told(room: OpenPai) -> None:
    large = {**EXAMPLE, "taskRoles": [{**TASK, "command": "#" * 1_040_000}]}
    assert room.put(PATH, large).status_code == 200
    answer = room.call("PUT", "/api/job/b", data=b"{" + b" " * 2_200_000 + b"}")
    assert (answer.status_code, answer.get_json()) == (
        413,
        {"error": "TooLarge", "message": "request entity too large"},
    )


@pytest.mark.clause("openpai 4.1", "openpai 10")
@pytest.mark.parametrize("name", ["..%2f..%2fesc", "..", "a%20b", ".hidden", "a~b", "%00", "a" * 256, "-x"])
def test_a_name_that_may_not_be_makes_no_job(room: OpenPai, name: str) -> None:
    bare = {key: value for key, value in EXAMPLE.items() if key != "jobName"}
    answer = room.call("PUT", f"/api/job/{name}", json=bare)
    assert answer.status_code in (400, 404, 405)
    assert room.get("/api/job").get_json() == []


@pytest.mark.clause("openpai 10")
@pytest.mark.parametrize(
    "place", ["x; touch /tmp/esc", "$(touch /tmp/esc)", "`id`", "hdfs://a/b c/'\"", "$PAI_JOB_NAME;rm -rf /"]
)
def test_what_a_user_wrote_is_a_word_and_never_a_line_for_a_shell(room: OpenPai, place: str) -> None:
    job = room.submit(outputDir=place, codeDir=place, dataDir=place, jobEnvs={"A": place})
    assert not any(word in place for word in job.spec.roles[0].tasks[0].command[0:2])
    assert job.spec.outputs[0].to is not None


@pytest.mark.clause("openpai 7.4")
def test_directories_are_named_as_the_tutorial_and_later_ones_do(room: OpenPai) -> None:
    job = room.submit(
        codeDir="$PAI_DEFAULT_FS_URI/code/$PAI_JOB_NAME",
        dataDir="hdfs://10.0.0.1:9000/data/$PAI_USERNAME",
        outputDir="",
    )
    assert sorted(given.value for given in job.spec.inputs if given.label in ("codeDir", "dataDir")) == [
        "code/exampleJob",
        "data/ada",
    ]
    assert job.spec.outputs[0].to == "Output/ada/exampleJob"
    variables = job.spec.roles[0].tasks[0].environment
    assert variables["PAI_OUTPUT_URI"] == "hdfs://storage:9000/Output/ada/exampleJob"


@pytest.mark.clause("openpai 7.4")
@pytest.mark.parametrize("field", ["codeDir", "dataDir", "outputDir"])
def test_a_directory_that_leads_out_of_the_storage_is_refused(room: OpenPai, field: str) -> None:
    answer = room.put(PATH, {**EXAMPLE, field: "hdfs://a/../../etc"})
    assert answer.status_code == 400
    assert answer.get_json()["detail"][0]["path"] == field
    his = room.put(PATH, {**EXAMPLE, field: "Output/bob/secret"})
    assert (his.status_code, his.get_json()["error"]) == (403, "NotAuthorized")


@pytest.mark.clause("openpai 7.4")
@pytest.mark.parametrize(
    ("token", "user"),
    [("ada", "ada"), ("client", "client:ada"), ("wallet", f"eip155:{WALLET}")],
    ids=["person", "client", "wallet"],
)
def test_who_is_called_as_a_person_is_has_none_of_their_folders(room: OpenPai, token: str, user: str) -> None:
    job = room.submit(token=token, dataDir="Output/$PAI_USER_NAME/data")
    assert job.spec.outputs[0].to == f"Output/{user}/exampleJob"
    read = [(given.value, given.group) for given in job.spec.inputs if given.source is Source.STORAGE]
    assert sorted(read) == [(f"Output/{user}/data", user), ("code", user)]
    for field in ("codeDir", "dataDir", "outputDir"):
        name = f"{token}-{field.lower()}"
        sent = {**EXAMPLE, "jobName": name, field: "hdfs://storage:9000/Output/ada/secret"}
        assert room.put(f"/api/job/{name}", sent, token).status_code == (200 if token == "ada" else 403)


@pytest.mark.clause("openpai 7.4")
def test_a_job_for_another_user_uses_the_storage_as_that_user(room: OpenPai) -> None:
    other = OpenPai(room.folder, people=lambda name: BOB if name == "bob" else None)
    job = other.submit("j", "/api/v1/user/bob/jobs", "root", codeDir="Output/bob/code")
    assert job.spec.outputs[0].to == "Output/bob/j"
    assert [given.group for given in job.spec.inputs if given.source is Source.STORAGE] == ["bob"]
    sent = {**EXAMPLE, "jobName": "k", "codeDir": "Output/root/code"}
    assert other.put("/api/v1/user/bob/jobs/k", sent, "root").status_code == 403


@pytest.mark.clause("openpai 5", "openpai 10")
@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"cpuNumber": 17}, "taskRoles[0].cpuNumber"),
        ({"memoryMB": 20_000}, "taskRoles[0].memoryMB"),
        ({"gpuNumber": 1}, "taskRoles[0].gpuNumber"),
        ({"taskNumber": 17}, "taskRoles[0].cpuNumber"),
    ],
    ids=["cpu", "memory", "gpu", "tasks"],
)
def test_a_job_that_nothing_here_could_ever_run_is_refused_at_once(
    room: OpenPai, change: dict[str, Any], place: str
) -> None:
    document = {**EXAMPLE, "taskRoles": [{**TASK, "command": "x", **change}]}
    legacy, v1 = room.put(PATH, document), room.put(f"{OWN}/exampleJob", document)
    assert legacy.status_code == v1.status_code == 400
    assert v1.get_json()["code"] == "InvalidParametersError"
    assert place in [each["path"] for each in legacy.get_json()["detail"]]


@pytest.mark.clause("openpai 7.2")
def test_a_port_that_two_tasks_of_one_address_would_need_is_refused(room: OpenPai) -> None:
    shared = OpenPai(room.folder, abilities=Abilities(pins_images=True, gathers=True, shares_address=True))
    role = {**TASK, "taskNumber": 2, "command": "x", "portList": [{"label": "web", "beginAt": 8080}]}
    answer = shared.put(PATH, {**EXAMPLE, "taskRoles": [role]})
    assert answer.status_code == 400
    assert "the port that web fixes" in answer.get_json()["detail"][0]["reason"]
    assert room.put(PATH, {**EXAMPLE, "taskRoles": [role]}).status_code == 200


@pytest.mark.clause("openpai 5")
def test_an_operator_says_which_images_may_run(room: OpenPai) -> None:
    narrow = OpenPai(room.folder, images=("python:*", "ours/*"))
    assert narrow.put(PATH).status_code == 200
    refused = narrow.put(f"{OWN}/b", {**EXAMPLE, "jobName": "b", "image": "python"})
    assert refused.get_json()["detail"] == [
        {"path": "image", "reason": "is none of the images that may be run here"}
    ]


@pytest.mark.clause("openpai 5")
def test_an_image_that_cannot_be_named_is_told_of_the_image(room: OpenPai) -> None:
    answer = room.put(PATH, {**EXAMPLE, "image": "http://x//y"})
    assert answer.status_code == 400
    assert {each["path"] for each in answer.get_json()["detail"]} == {"image"}


@pytest.mark.clause("openpai 2.2", "openpai 10")
def test_nobody_learns_of_a_job_before_saying_who_they_are(room: OpenPai) -> None:
    room.submit()
    for method, path in (
        ("PUT", PATH),
        ("DELETE", PATH),
        ("DELETE", "/api/job/nope"),
        ("PUT", f"{SHARED}/x"),
    ):
        answer = room.call(method, path, token=None, data=b"not even readable")
        assert answer.status_code == 401
    assert room.call("PUT", PATH, token="reader", json=dict(EXAMPLE)).status_code == 403


def test_two_who_take_one_name_at_once_get_one_job(either: OpenPai) -> None:
    answers = [either.put(PATH, token=token).status_code for token in ("ada", "bob", "ada")]
    assert answers == [200, 409, 409]
    assert len(either.get("/api/job").get_json()) == 1
