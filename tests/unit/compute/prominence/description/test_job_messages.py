"""What a description of a job is refused with: the contract's sentence, at its place (contract 2)."""

from typing import Any

import pytest

from libs.web.strict_json import NumberText
from tests.fakes.prominence_documents import a_job, a_task, refusal, terms

pytestmark = pytest.mark.clause("prominence 2.1", "prominence 2.2", "prominence 2.3")

RESOURCES = {"cpus": 1, "memory": 1}
LONG = "x" * 513


def _resources(**more: Any) -> dict[str, Any]:
    given = {**RESOURCES, **more}
    return a_job(resources={name: value for name, value in given.items() if value is not ...})


def _task(**more: Any) -> dict[str, Any]:
    return a_job(tasks=[{name: value for name, value in a_task(**more).items() if value is not ...}])


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "a job must be described by a JSON object"),
        (None, "a job must be described by a JSON object"),
        ("{}", "a job must be described by a JSON object"),
        (a_job(resources=...), "a job must contain resources"),
        (a_job(resources=[]), "/resources: a job must contain resources"),
        (a_job(tasks=...), "a job must contain tasks"),
        (a_job(tasks={}), "/tasks: an array of tasks must be provided"),
        (a_job(tasks=[]), "/tasks: a job must contain at least one task"),
        (a_job(tasks=[a_task(type="sidecar")]), "/tasks: a job cannot contain only sidecar tasks"),
        (a_job(tasks=[a_task()] * 101), "/tasks: a job must contain at most 100 tasks"),
        (a_job(tasks=["ls"]), "/tasks/0: each task must be a dict"),
        (a_job(constraints={}), '/constraints: invalid item "constraints" in job description'),
        (a_job(**{"a/b~": 1}), '/a~1b~0: invalid item "a/b~" in job description'),
        (a_job(name=LONG), "/name: job name must be less than 512 characters in length"),
        (a_job(name="a;b"), "/name: invalid job name"),
        (a_job(name="a\nb"), "/name: invalid job name"),
        (a_job(name=7), "/name: invalid job name"),
        (a_job(labels=[]), "/labels: labels must be defined as a dict"),
        (a_job(labels={"a-b": "c"}), '/labels/a-b: label name "a-b" is invalid'),
        (a_job(labels={"a": "b c"}), '/labels/a: label value "b c" is invalid'),
        (a_job(labels={"a": 3}), '/labels/a: label value "3" is invalid'),
        (a_job(labels={"a": ""}), '/labels/a: label value "" is invalid'),
        (
            a_job(labels={"a": LONG}),
            "/labels/a: label names/values must be less than 512 characters in length",
        ),
        (
            a_job(storage={"type": "onedata", "mountpoint": "/x"}),
            "/storage: this gateway mounts no external storage: use artifacts and outputFiles",
        ),
    ],
)
def test_a_job(document: Any, text: str) -> None:
    assert refusal(document) == text


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"gpus": 1}, '/gpus: invalid item "gpus" in resources'),
        ({"nodes": "2"}, "/nodes: number of nodes must be an integer"),
        ({"nodes": 0}, "/nodes: number of nodes must be at least 1"),
        ({"cpus": "4"}, "/cpus: number of cpus must be an integer"),
        ({"cpus": True}, "/cpus: number of cpus must be an integer"),
        ({"cpus": 1.5}, "/cpus: number of cpus must be an integer"),
        ({"cpus": 0}, "/cpus: number of cpus must be at least 1"),
        ({"cpus": 10**39}, "/cpus: cpus must be at most 100000"),
        ({"cpus": ...}, ": one of cpus, cpusRange, cpusOptions must be defined"),
        ({"cpusRange": [1, 2]}, "/cpusRange: cpus and cpusRange cannot both be defined"),
        ({"cpusOptions": [1, 2]}, "/cpusOptions: cpus and cpusOptions cannot both be defined"),
        (
            {"cpus": ..., "cpusRange": [1]},
            "/cpusRange: cpusRange must be a list of 2 integers of at least 1",
        ),
        (
            {"cpus": ..., "cpusOptions": [0, 2]},
            "/cpusOptions: cpusOptions must be a list of 2 integers of at least 1",
        ),
        (
            {"cpus": ..., "cpusRange": [3, 2]},
            "/cpusRange: the first number of cpusRange must not be larger than the second",
        ),
        (
            {"cpus": ..., "totalCpusRange": [1, 2], "nodes": 2},
            "/nodes: nodes and totalCpusRange cannot both be defined",
        ),
        ({"memory": ...}, ": memory or memoryPerCpu (in GB) must be defined"),
        ({"memoryPerCpu": 1}, "/memoryPerCpu: memory and memoryPerCpu cannot both be defined"),
        ({"memory": "1"}, "/memory: memory must be a number"),
        ({"memory": False}, "/memory: memory must be a number"),
        ({"memory": 0}, "/memory: memory must be a positive number of GB"),
        ({"memory": 1e300}, "/memory: memory must be a positive number of GB"),
        ({"disk": 0}, "/disk: disk must be at least 1"),
        ({"disk": "10"}, "/disk: required disk must be an integer"),
        ({"walltime": 0}, "/walltime: walltime must be at least 1 minute"),
        ({"walltime": -1}, "/walltime: walltime must be at least 1 minute"),
        ({"walltime": 10**9}, "/walltime: walltime must be at most 527040"),
    ],
)
def test_resources(more: dict[str, Any], text: str) -> None:
    assert refusal(_resources(**more)) == "/resources" + text


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"args": "x"}, '/args: invalid item "args" in task'),
        ({"image": ...}, ": each task must specify a container image"),
        ({"image": ""}, ": each task must specify a container image"),
        ({"image": 7}, ": each task must specify a container image"),
        (
            {"image": "shub://a/b"},
            "/image: this gateway runs no images from shub:// addresses: "
            "name an image of a registry, like python:3.12",
        ),
        (
            {"image": "https://h/x.tar"},
            "/image: this gateway runs no images from https:// addresses: "
            "name an image of a registry, like python:3.12",
        ),
        (
            {"image": "CCFE/JINTRAC/ada:jetto.sif"},
            "/image: Image CCFE/JINTRAC/ada:jetto.sif does not exist: this gateway runs no image files, "
            "name an image of a registry, like python:3.12",
        ),
        (
            {"image": "/mnt/x.sif"},
            "/image: this gateway runs no images from files on mounted storage: "
            "name an image of a registry, like python:3.12",
        ),
        ({"image": "a b"}, "/image: invalid image: name an image of a registry, like python:3.12"),
        ({"image": "a@sha256:1"}, "/image: invalid image: a digest is sha256: and 64 hex digits"),
        ({"imageSha256": "no"}, "/imageSha256: imageSha256 must have 64 hex digits"),
        (
            {"runtime": "docker"},
            "/runtime: the container runtime must be either udocker or singularity",
        ),
        ({"app": "x", "runtime": "udocker"}, "/app: app is only supported by Singularity"),
        ({"app": "x"}, "/app: the images that this gateway runs have no apps: leave app out"),
        ({"cmd": ["ls"]}, "/cmd: cmd must be a string"),
        (
            {"cmd": "echo 'a"},
            "/cmd: cmd must have balanced quotes and must not end with a backslash",
        ),
        ({"cmd": "a\\"}, "/cmd: cmd must have balanced quotes and must not end with a backslash"),
        ({"env": []}, "/env: environment variables must be defined as a dict"),
        ({"env": {"A": []}}, '/env/A: the value of "A" must be a string or a number'),
        (
            {"env": {"1A": ""}},
            "/env/1A: A variable's name has letters, digits and underscores and starts with no digit.",
        ),
        ({"workdir": 7}, "/workdir: workdir must be a string"),
        ({"stdout": 7}, "/stdout: stdout must be a string"),
        ({"stdout": "/etc/passwd"}, "/stdout: A file in one of the job's own writable folders."),
        ({"stdout": "../../etc/passwd"}, "/stdout: A file in one of the job's own writable folders."),
        ({"type": "gang"}, "/type: invalid task type"),
        ({"type": ["openmpi"]}, "/type: invalid task type"),
        ({"type": "openmpi", "cmd": ""}, ": A command to execute must be specified for MPI jobs"),
        (
            {"type": "mpich", "cmd": "mpirun -n 4 x"},
            "/cmd: it is not necessary to include mpirun in the cmd if an MPI flavour has been specified",
        ),
        (
            {"type": "openmpi", "procsPerNode": 2},
            "/procsPerNode: number of processes per node must be at most the number of CPU cores per node",
        ),
        ({"procsPerNode": 0}, "/procsPerNode: number of processes per node must be at least 1"),
        ({"procsPerNode": "1"}, "/procsPerNode: number of processes per node must be an integer"),
        (
            {"imagePullCredential": {"username": "a"}},
            "/imagePullCredential: a username and token must be specified in the image pull credential",
        ),
    ],
)
def test_a_task(more: dict[str, Any], text: str) -> None:
    assert refusal(_task(**more)) == "/tasks/0" + text


def test_all_problems_are_told_at_once() -> None:
    document = a_job(name="a;b", labels=[], tasks=[a_task(cmd=1), {}], resources={"cpus": 0, "disk": 0})
    assert refusal(document).split("; ") == [
        "/resources/cpus: number of cpus must be at least 1",
        "/resources: memory or memoryPerCpu (in GB) must be defined",
        "/resources/disk: disk must be at least 1",
        "/name: invalid job name",
        "/labels: labels must be defined as a dict",
        "/tasks/0/cmd: cmd must be a string",
        "/tasks/1: each task must specify a container image",
    ]


def test_many_problems_are_counted() -> None:
    told = refusal(a_job(tasks=[{}] * 80)).split("; ")
    assert len(told) == 51
    assert told[-1] == "and 30 more problems"


def test_what_was_written_is_quoted_short_and_on_one_line() -> None:
    text = refusal(a_job(**{"\n\x1b[31m" + "x" * 5000: 1}))
    assert len(text) < 250
    assert text.isprintable()


def test_a_description_that_is_nested_too_deeply() -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert refusal(a_job(labels=deep)) == "the description is nested too deeply"


@pytest.mark.parametrize("number", [NumberText("1e999"), float("inf"), float("nan")])
def test_a_number_beyond_all_numbers(number: Any) -> None:
    assert refusal(_resources(memory=number)) == "the description holds a number that is too large"


def test_what_no_environment_has_is_told_of_the_nearest() -> None:
    text = refusal(
        a_job(resources={"cpus": 64, "memory": 100, "disk": 11, "walltime": 2000, "nodes": 2}), terms()
    )
    assert text == "; ".join(
        [
            "/resources/cpus: No matching resources: "
            "The job asks for 128 cpus; small has 4 cpus for one job.",
            "/resources/memory: No matching resources: The job asks for 200 GiB of memory; "
            "small has 8 GiB of memory for one job.",
            "/resources/disk: No matching resources: The job asks for 22 GiB of disk; "
            "small has 16 GiB of disk for one job.",
            "/resources/nodes: No matching resources: small runs a job on 1 node(s) at most.",
            "/resources/walltime: No matching resources: small allows 86400 seconds at most.",
        ]
    )
