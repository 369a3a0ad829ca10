"""Descriptions of jobs: one schema for both generations, every rule of it, every problem told."""

from typing import Any

import pytest

from libs.web.any_body import decode_body
from services.compute.dialects.openpai.config import Config, Invalid, Port, read_config

pytestmark = pytest.mark.clause("openpai 5")
ROLE = {"name": "w", "command": "true"}
JOB = {"jobName": "j", "image": "python:3.11", "taskRoles": [ROLE]}


def read(document: dict[str, Any], name: str | None = None) -> Config:
    return read_config(document, name)


def problems(document: dict[str, Any], name: str | None = None) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read(document, name)
    return caught.value.problems


def role(**more: Any) -> dict[str, Any]:
    return {**JOB, "taskRoles": [{**ROLE, **more}]}


def test_what_is_left_out_is_as_upstream_has_it() -> None:
    config = read(JOB)
    (only,) = config.roles
    assert (config.name, config.image, config.cluster, config.retries) == ("j", "python:3.11", "default", 0)
    assert (config.code_dir, config.data_dir, config.output_dir, config.gpu_type) == ("", "", "", "")
    assert (config.kill_all_on, config.names_kill_all, config.variables) == (0, False, {})
    assert (only.number, only.cpus, only.memory_mb, only.gpus, only.shm_mb) == (1, 1, 100, 0, 64)
    assert (only.least_failed, only.least_succeeded, only.names_failures) == (1, None, False)
    assert [port.label for port in only.all_ports] == ["http", "ssh"]


def test_texts_of_numbers_are_numbers_and_the_document_stays_as_it_was() -> None:
    document = decode_body(
        b'{"jobName":"j","image":"i","retryCount":"-2","taskRoles":[{"name":"w","command":"x",'
        b'"taskNumber":"3","cpuNumber":2,"memoryMB":512.0,"minFailedTaskCount":null}]}'
    )
    config = read_config(document, None)
    (only,) = config.roles
    assert (config.retries, only.number, only.cpus, only.memory_mb) == (-2, 3, 2, 512)
    assert (only.least_failed, only.names_failures) == (None, True)
    assert config.document["retryCount"] == "-2"
    assert config.document["taskRoles"][0]["cpuNumber"] == 2


def test_a_form_with_brackets_is_a_description() -> None:
    """As upstream's own portal submits."""
    body = (
        b"jobName=j&image=i&taskRoles[0][name]=a&taskRoles[0][command]=echo+%26&taskRoles[0][taskNumber]=2"
        b"&taskRoles[7][name]=b&taskRoles[7][command]=x&taskRoles[7][portList][0][label]=grpc"
        b"&taskRoles[7][portList][0][portNumber]=2&taskRoles[7][minSucceededTaskCount]=&jobEnvs[A]=1"
    )
    config = read_config(decode_body(body), None)
    assert [(each.name, each.command, each.number) for each in config.roles] == [
        ("a", "echo &", 2),
        ("b", "x", 1),
    ]
    assert config.roles[1].ports == (Port(label="grpc", number=2),)
    assert config.variables == {"A": "1"}


def test_twenty_five_roles_of_a_form_are_twenty_five() -> None:
    body = "&".join(f"taskRoles[{n}][name]=r{n}&taskRoles[{n}][command]=x" for n in range(25))
    config = read_config(decode_body(f"jobName=j&image=i&{body}".encode()), None)
    assert [each.name for each in config.roles] == [f"r{n}" for n in range(25)]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({**JOB, "gpuNumbr": 1}, "gpuNumbr", "is not allowed"),
    (role(gpuNumbr=1), "taskRoles[0].gpuNumbr", "is not allowed"),
    (role(portList=[{"label": "a", "port": 1}]), "taskRoles[0].portList[0].port", "is not allowed"),
    ({**JOB, "image": "a b"}, "image", "must have no white space"),
    ({**JOB, "image": "a\x07"}, "image", "must have no white space"),
    ({**JOB, "image": "a" * 513}, "image", "has 512 characters at most"),
    ({**JOB, "image": ""}, "image", "is required"),
    ({**JOB, "taskRoles": []}, "taskRoles", "must have between 1 and 1000 roles"),
    ({**JOB, "taskRoles": [ROLE] * 1001}, "taskRoles", "must have between 1 and 1000 roles"),
    ({**JOB, "taskRoles": {"name": "w"}}, "taskRoles", "must be an array"),
    ({**JOB, "taskRoles": ["w"]}, "taskRoles[0]", "must be an object"),
    ({**JOB, "taskRoles": [ROLE, ROLE]}, "taskRoles[1].name", "is the name of another role too"),
    (role(name="a b"), "taskRoles[0].name", "must have letters, digits, dots, dashes, `_` and `~`"),
    (role(name="a" * 65), "taskRoles[0].name", "has 64 characters at most"),
    (role(command=""), "taskRoles[0].command", "is required"),
    (role(command=["a"]), "taskRoles[0].command", "must be a string"),
    (role(taskNumber="0"), "taskRoles[0].taskNumber", "must be between 1 and 10000"),
    (role(taskNumber="10001"), "taskRoles[0].taskNumber", "must be between 1 and 10000"),
    (role(taskNumber="two"), "taskRoles[0].taskNumber", "must be an integer"),
    (role(taskNumber="1e3"), "taskRoles[0].taskNumber", "must be an integer"),
    (role(taskNumber="9" * 400), "taskRoles[0].taskNumber", "must be an integer"),
    (role(taskNumber=True), "taskRoles[0].taskNumber", "must be an integer"),
    (role(cpuNumber="-1"), "taskRoles[0].cpuNumber", "must be between 1 and 1000000000"),
    (role(memoryMB="0"), "taskRoles[0].memoryMB", "must be between 100 and 1000000000"),
    (role(gpuNumber="-1"), "taskRoles[0].gpuNumber", "must be between 0 and 1000000000"),
    (role(shmMB="101"), "taskRoles[0].shmMB", "is more than memoryMB, 100"),
    (role(minFailedTaskCount="2"), "taskRoles[0].minFailedTaskCount", "is more than taskNumber, 1"),
    (role(minSucceededTaskCount="0"), "taskRoles[0].minSucceededTaskCount", "must be between 1 and 10000"),
    (role(portList="a"), "taskRoles[0].portList", "must be an array"),
    (role(portList=[{"label": "a-b"}]), "taskRoles[0].portList[0].label",
     "must have letters, digits, dots, `_` and `~`"),
    (role(portList=[{"label": "a"}, {"label": "a"}]), "taskRoles[0].portList[1].label",
     "is the label of another entry too"),
    (role(portList=[{"label": "a", "portNumber": "101"}]), "taskRoles[0].portList[0].portNumber",
     "must be between 1 and 100"),
    (role(portList=[{"label": "a", "portNumber": "60"}, {"label": "b", "portNumber": "60"}]),
     "taskRoles[0].portList", "has more than 100 ports"),
    (role(portList=[{"label": "a", "beginAt": "65535", "portNumber": "2"}]),
     "taskRoles[0].portList[0].beginAt", "and portNumber lead beyond port 65535"),
    (role(portList=[{"label": "a", "beginAt": "80"}, {"label": "b", "beginAt": "79", "portNumber": "2"}]),
     "taskRoles[0].portList", "names a port twice"),
    ({**JOB, "retryCount": "-3"}, "retryCount", "must be between -2 and 100"),
    ({**JOB, "retryCount": None}, "retryCount", "must be an integer"),
    ({**JOB, "killAllOnCompletedTaskNumber": "2"}, "killAllOnCompletedTaskNumber",
     "is more than the 1 tasks of the job"),
    ({**JOB, "jobEnvs": {"1A": "x"}}, "jobEnvs.1A", "is no name of a variable"),
    ({**JOB, "jobEnvs": {"A": ["x"]}}, "jobEnvs.A", "must be a string"),
    ({**JOB, "jobEnvs": "A=1"}, "jobEnvs", "must be an object"),
    ({**JOB, "authFile": "hdfs://a"}, "authFile",
     "cannot be used: images of private registries cannot be pulled with credentials of one's own here"),
    ({**JOB, "jobName": "../../esc"}, "jobName",
     "must begin with a letter or digit and have letters, digits, dots, dashes and underscores"),
    ({**JOB, "jobName": ""}, "jobName", "is required"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "place", "reason"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_what_may_not_be_is_told_with_its_place(document: dict[str, Any], place: str, reason: str) -> None:
    assert (place, reason) in problems(document)


def test_all_problems_are_told_at_once_and_no_more_than_can_be_read() -> None:
    found = problems({**role(taskNumber="x", cpuNumber="x"), "image": "", "else": 1})
    assert [place for place, _ in found] == [
        "else", "taskRoles[0].taskNumber", "taskRoles[0].cpuNumber", "image",
    ]  # fmt: skip
    many = problems({**JOB, **{f"k{number}": 1 for number in range(200)}})
    assert len(many) == 51
    assert many[-1] == ("body", "has 150 more problems")


def test_a_name_of_one_member_is_shown_on_one_line() -> None:
    ((place, _),) = problems({**JOB, "a\nb": 1})
    assert place == "a?b"


@pytest.mark.clause("openpai 4.1")
def test_the_name_comes_from_the_url_and_may_not_be_another_in_the_body() -> None:
    bare = {name: value for name, value in JOB.items() if name != "jobName"}
    assert read(bare, "url").name == "url"
    assert read(JOB, "j").name == "j"
    assert problems(JOB, "k") == [("jobName", "differs from the name in the URL")]
    assert problems(bare, "../x")[0][0] == "jobName"
    assert problems(bare)[0] == ("jobName", "is required")


def test_a_number_is_no_name() -> None:
    document = decode_body(b'{"jobName":7,"image":"i","taskRoles":[{"name":"w","command":"x"}]}')
    with pytest.raises(Invalid, match="jobName must be a string"):
        read_config(document, None)
