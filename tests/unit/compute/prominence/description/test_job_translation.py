"""What the job core is handed for a description: what runs, with what, how long, how often (contract 2)."""

from dataclasses import replace
from typing import Any

import pytest

from libs.web.strict_json import parse_json
from services.compute.dialects.prominence.description import describe_job
from services.compute.domain.environments import Environment
from services.compute.domain.reasons import CODES, Reason
from services.compute.domain.retry import may_retry
from services.compute.domain.spec import (
    Clocks,
    Folder,
    Image,
    Mpi,
    MpiKind,
    OnTaskFailure,
    Resources,
    Retry,
    Spec,
    Task,
)
from tests.fakes.prominence_documents import GB, OWNER, SMALL, a_job, a_task, job, task, terms

pytestmark = pytest.mark.clause("prominence 2.1", "prominence 2.2", "prominence 2.3", "prominence 2.4")

SEED = b"""{"resources": {"memory": 1, "cpus": 1, "nodes": 1, "disk": 10}, "name": "calculate-pi",
 "tasks": [{"image": "eoscprominence/testpi", "runtime": "singularity"}]}"""


def _main(spec: Spec) -> Task:
    return spec.roles[0].tasks[0]


def test_the_seeds_job() -> None:
    new = describe_job(parse_json(SEED), terms(url="https://host/api/v1")).new
    assert (new.owner, new.dialect, new.name, new.labels) == (OWNER, "prominence", "calculate-pi", {})
    assert (new.groups, new.lingers, new.notices) == (("physics", "CCFE/JINTRAC"), False, ())
    spec = new.spec
    assert [role.name for role in spec.roles] == ["main"]
    assert spec.roles[0].resources == Resources(
        cpus=1, memory_bytes=GB, disk_bytes=10 * GB, processes=SMALL.max_processes
    )
    assert spec.roles[0].tasks == (
        Task(
            image=Image(name="eoscprominence/testpi"),
            working_folder="/home/user",
            split_logs=True,
            environment={
                "HOME": "/home/user",
                "TMP": "/tmp",
                "TEMP": "/tmp",
                "TMPDIR": "/tmp",
                "USER": "ada",
                "PROMINENCE_CPUS": "1",
                "PROMINENCE_MEMORY": "1",
                "PROMINENCE_NODES": "1",
                "PROMINENCE_NODE_NUM": "0",
                "PROMINENCE_TASK_NUM": "0",
                "PROMINENCE_CONTAINER_RUNTIME": "singularity",
                "PROMINENCE_JOB_ID": "${TIDEGATE_JOB_ID}",
                "PROMINENCE_URL": "https://host/api/v1",
            },
        ),
    )
    assert spec.folders == (Folder(path="/home/user", writable=True), Folder(path="/tmp", writable=True))
    assert (spec.inputs, spec.outputs, spec.retry, spec.network) == ((), (), Retry(), False)
    assert spec.clocks == Clocks(run=43_200.0)


@pytest.mark.parametrize(
    ("cmd", "words"),
    [
        ("", ()),
        ("   ", ()),
        (None, ()),
        ("echo hi", ("echo", "hi")),
        ("/bin/bash -c \"date; echo $HOME 'a b'\"", ("/bin/bash", "-c", "date; echo $HOME 'a b'")),
        ("a 'b c'\\ d ''", ("a", "b c d", "")),
        ("a # b", ("a", "#", "b")),
        ("a | b > c", ("a", "|", "b", ">", "c")),
        ("x $PROMINENCE_JOB_ID", ("x", "${TIDEGATE_JOB_ID}")),
        ("x-${PROMINENCE_JOB_ID}.txt", ("x-${TIDEGATE_JOB_ID}.txt",)),
        ("$PROMINENCE_JOB_IDX", ("$PROMINENCE_JOB_IDX",)),
        ("$$PROMINENCE_JOB_ID", ("$$PROMINENCE_JOB_ID",)),
        ("$PROMINENCE_WORKFLOW_ID", ("$PROMINENCE_WORKFLOW_ID",)),
        ("héllo wörld", ("héllo", "wörld")),
    ],
)
def test_a_command_is_split_as_by_a_shell(cmd: str | None, words: tuple[str, ...]) -> None:
    assert _main(task(cmd=cmd).spec).command == words


@pytest.mark.parametrize(
    ("written", "name", "digest"),
    [
        ("python", "python", None),
        ("docker://python:3.12", "python:3.12", None),
        ("registry.example:5000/A/b:1.0", "registry.example:5000/A/b:1.0", None),
        ("python@sha256:" + "0" * 64, "python", "sha256:" + "0" * 64),
    ],
)
def test_images(written: str, name: str, digest: str | None) -> None:
    place = replace(SMALL, unpinned=True)
    new = describe_job(a_job(tasks=[a_task(image=written)]), terms(place)).new
    assert _main(new.spec).image == Image(name=name, digest=digest)


def test_without_a_runtime_there_is_one() -> None:
    described = job(tasks=[{"image": "python"}, {"image": "my.tgz-tools"}]).facts["prominence"]["tasks"]
    assert [entry["runtime"] for entry in described] == ["singularity", "udocker"]


def test_variables_of_the_user_win_and_numbers_are_texts() -> None:
    variables = _main(task(env={"HOME": "/x", "N": 3, "F": 2.5, "B": True}).spec).environment
    assert (variables["HOME"], variables["N"], variables["F"], variables["B"]) == ("/x", "3", "2.5", "True")


@pytest.mark.parametrize(
    ("workdir", "folder"),
    [
        ("", "/home/user"),
        ("sub/dir/", "/home/user/sub/dir"),
        ("./x", "/home/user/x"),
        ("/srv/x", "/srv/x"),
        ("//srv", "/srv"),
        ("x/$PROMINENCE_JOB_ID", "/home/user/x/${TIDEGATE_JOB_ID}"),
    ],
)
def test_working_folders(workdir: str, folder: str) -> None:
    assert _main(task(workdir=workdir).spec).working_folder == folder


def test_the_file_for_streams_lies_in_the_home() -> None:
    assert _main(task(stdout="logs/out.txt").spec).tee == "/home/user/logs/out.txt"


@pytest.mark.parametrize("kind", list(MpiKind))
def test_mpi_runs_a_line_of_bash(kind: MpiKind) -> None:
    new = job(
        resources={"cpus": 4, "memory": 1},
        tasks=[a_task(type=kind.value, cmd="./a && ./b $PROMINENCE_JOB_ID", procsPerNode=2)],
    )
    main = _main(new.spec)
    assert main.mpi == Mpi(kind=kind, processes=2)
    assert main.command == ("/bin/bash", "-c", "./a && ./b ${TIDEGATE_JOB_ID}")
    assert ("I_MPI_JOB_STARTUP_TIMEOUT" in main.environment) is (kind is MpiKind.INTEL)


def test_sidecars_are_roles_beside_the_tasks_and_numbered_before_them() -> None:
    new = job(
        tasks=[a_task(cmd="one"), a_task(cmd="watch", type="sidecar"), a_task(cmd="two")],
        policies={"maximumTaskRetries": 2},
    )
    main, beside = new.spec.roles
    assert [entry.command for entry in main.tasks] == [("one",), ("two",)]
    assert (beside.name, beside.sidecar, main.sidecar) == ("sidecar-1", True, False)
    numbers = [entry.environment["PROMINENCE_TASK_NUM"] for entry in (*beside.tasks, *main.tasks)]
    assert numbers == ["0", "1", "2"]
    assert [entry.retries for entry in (*beside.tasks, *main.tasks)] == [0, 2, 2]
    assert (main.resources.cpus, beside.resources.cpus) == (1, 0.25)
    assert (main.resources.memory_bytes, beside.resources.memory_bytes) == (GB, GB // 4)


def test_sidecars_take_their_share_of_the_job_where_there_is_no_more() -> None:
    tasks = [a_task(), a_task(type="sidecar"), a_task(type="sidecar")]
    new = job(resources={"cpus": 4, "memory": 8, "disk": 16}, tasks=tasks)
    main, first, second = new.spec.roles
    assert (main.resources.cpus, first.resources.cpus, second.resources.cpus) == (3, 0.5, 0.5)
    assert (main.resources.memory_bytes, first.resources.memory_bytes) == (6 * GB, GB)
    assert main.tasks[0].environment["PROMINENCE_CPUS"] == "4"


@pytest.mark.parametrize(
    ("resources", "cpus", "memory"),
    [
        ({"cpus": 2.0, "memory": 2.5}, 2, 5 * GB // 2),
        ({"cpus": 2, "memory": 0.5}, 2, GB // 2),
        ({"cpus": 3, "memoryPerCpu": 1.5}, 3, 9 * GB // 2),
        ({"cpusRange": [1, 64], "memory": 1}, 4, GB),
        ({"cpusRange": [2, 3], "memory": 1}, 3, GB),
        ({"cpusRange": [1, 64], "memoryPerCpu": 3}, 2, 6 * GB),
        ({"cpusOptions": [2, 4], "memory": 1}, 4, GB),
        ({"cpusOptions": [2, 8], "memory": 1}, 2, GB),
        ({"cpusOptions": [4, 2], "memory": 1}, 2, GB),
        ({"totalCpusRange": [1, 64], "memory": 1}, 4, GB),
        ({"totalCpusRange": [1, 3], "memory": 1, "nodes": 1}, 3, GB),
    ],
)
def test_sizes(resources: dict[str, Any], cpus: int, memory: int) -> None:
    new = job(resources=resources)
    asked = new.spec.roles[0].resources
    assert (asked.cpus, asked.memory_bytes, asked.nodes) == (cpus, memory, 1)
    assert _main(new.spec).environment["PROMINENCE_CPUS"] == str(cpus)


@pytest.mark.parametrize(("given", "disk"), [(10, 2 * GB), (None, 2 * GB), (1, GB)])
def test_the_usual_disk_is_a_wish(given: int | None, disk: int) -> None:
    tiny = replace(SMALL, disk_bytes=2 * GB)
    new = describe_job(a_job(resources={"cpus": 1, "memory": 1, "disk": given}), terms(tiny)).new
    assert new.spec.roles[0].resources.disk_bytes == disk


def test_time_that_nobody_asked_for_is_no_more_than_there_is() -> None:
    short = replace(SMALL, max_job_seconds=600)
    assert describe_job(a_job(), terms(short)).new.spec.clocks.run == 600.0
    assert job(resources={"cpus": 1, "memory": 1, "walltime": 5}).spec.clocks.run == 300.0


@pytest.mark.parametrize(
    ("minutes", "seconds"), [(-1, None), (0, None), (1, 60.0), (10_080, 604_800.0), (44_640, 604_800.0)]
)
def test_time_in_the_queue(minutes: int, seconds: float | None) -> None:
    assert job(policies={"maximumTimeInQueue": minutes}).spec.clocks.queue == seconds


def test_several_nodes_where_the_engine_has_them() -> None:
    cluster = Environment(
        id="cluster",
        engine="cluster",
        cpus=64,
        memory_bytes=64 * GB,
        disk_bytes=64 * GB,
        network=True,
        max_job_seconds=86400,
    )
    document = a_job(resources={"nodes": 2, "cpusRange": [1, 99], "memory": 4})
    spec = describe_job(document, terms(SMALL, cluster)).new.spec
    asked = spec.roles[0].resources
    assert (spec.environment, asked.nodes, asked.cpus) == ("cluster", 2, 32)
    assert spec.network
    assert _main(spec).environment["PROMINENCE_NODES"] == "2"


@pytest.mark.parametrize("code", list(CODES))
def test_a_job_is_tried_again_after_its_own_failure_and_ours(code: str) -> None:
    policy = job(policies={"maximumRetries": 6}).spec.retry
    assert policy.attempts == 7
    wanted = CODES[code].transient or code in ("command_failed", "killed_by_signal")
    assert may_retry(policy, 6, Reason(code, "")) is wanted
    assert not may_retry(policy, 7, Reason(code, ""))


@pytest.mark.parametrize(
    ("policies", "completes", "becomes"),
    [
        ({}, False, OnTaskFailure.STOP),
        ({"ignoreTaskFailures": True}, False, OnTaskFailure.CONTINUE),
        ({"ignoreTaskTailures": True}, True, OnTaskFailure.CONTINUE),
        ({"reportJobSuccessOnTaskFailure": True}, False, OnTaskFailure.FORGIVE),
        ({}, True, OnTaskFailure.FORGIVE),
    ],
)
def test_what_a_failure_means(policies: dict[str, Any], completes: bool, becomes: OnTaskFailure) -> None:
    given = terms(failure_completes=completes)
    assert describe_job(a_job(policies=policies), given).new.spec.on_task_failure is becomes


def test_other_policies() -> None:
    new = job(
        policies={
            "maximumRetriesPerTask": 3,
            "priority": 7,
            "leaveInQueue": True,
            "autoScalingType": None,
            "preemptible": False,
            "maximumIdleTimePerResource": 5,
            "runSerialTasksOnAllNodes": True,
        }
    )
    assert _main(new.spec).retries == 3
    assert (new.spec.priority, new.lingers) == (7, True)
    assert "autoScalingType" not in new.facts["prominence"]["policies"]


def test_numbers_are_read_from_their_text() -> None:
    sent = parse_json(b'{"resources": {"cpus": 2.0, "memory": 2.50, "disk": 1e1}, "tasks": [{"image": "x"}]}')
    new = describe_job(sent, terms()).new
    assert new.facts["prominence"]["resources"] == {"cpus": 2.0, "memory": 2.5, "disk": 10.0}
    assert new.spec.roles[0].resources.cpus == 2
