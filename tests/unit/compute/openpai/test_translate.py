"""Descriptions as specs: what runs, what it sees, when it is over."""

from typing import Any

import pytest

from services.compute.dialects.openpai.config import Config, Invalid, Port, TaskRole, read_config
from services.compute.dialects.openpai.translate import Asked, Dirs, core_names, named_place, planned, spec_of
from services.compute.dialects.openpai.translate.completion import SITES, USERS, ends_of, retry_of
from services.compute.dialects.openpai.translate.names import shell_names
from services.compute.dialects.openpai.translate.ports import FIRST, LAST, colliding
from services.compute.domain.environments import Environment
from services.compute.domain.errors import EnvironmentRefuses
from services.compute.domain.reasons import CODES
from services.compute.domain.spec import Image, Retry, Source, Spec
from services.compute.domain.spec_check import problems
from services.compute.ports.engines import Abilities

ENVIRONMENT = Environment(
    id="e", engine="x", cpus=64, memory_bytes=1 << 40, disk_bytes=1 << 40, storage_seconds=1000
)
ABILITIES = Abilities(pins_images=True, gathers=True)
W = {"name": "worker", "command": "python train.py"}


def config_of(*roles: dict[str, Any], **more: Any) -> Config:
    members = {"jobName": "j", "image": "python:3.11", "taskRoles": list(roles or (W,)), **more}
    return read_config(members, None)


def asked_of(config: Config, **more: Any) -> Asked:
    known: dict[str, Any] = {
        "config": config,
        "username": "ada",
        "storage_user": "ada",
        "scope": "ada",
        "is_v1": True,
        "cores": core_names([role.name for role in config.roles]),
        "blocks": planned(config),
        "dirs": Dirs(output="Output/ada/j", output_uri="hdfs://s:1/Output/ada/j", root_uri="hdfs://s:1"),
        "moment": 1000,
    }
    return Asked(**{**known, **more})


def spec(config: Config, abilities: Abilities = ABILITIES, **more: Any) -> Spec:
    made = spec_of(asked_of(config, **more), ENVIRONMENT, abilities)
    assert list(problems(made)) == []
    return made


def seen(made: Spec, number: int = 0) -> dict[str, str]:
    return dict(made.roles[number].tasks[0].environment)


# -- names -------------------------------------------------------------------------------------------
def test_core_names_are_all_different_and_plain_ones_stay() -> None:
    names = ["w", "PS.x", "ps-x-1", "ps~x", "a" * 64, "A" * 64, "_"]
    made = core_names(names)
    assert made[0] == "w"
    assert made[2] == "ps-x-1"
    assert len(set(made)) == len(names)
    assert all(len(name) <= 32 and set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for name in made)


def test_names_for_the_shell_are_made_where_they_mean_one_role() -> None:
    assert shell_names(["a.b", "plain"]) == {"a.b": "a_b"}
    assert shell_names(["a.b", "a-b"]) == {}
    assert shell_names(["a.b", "a_b"]) == {}


# -- ports -------------------------------------------------------------------------------------------
def test_ports_that_nobody_fixed_are_all_different_within_a_job() -> None:
    ports = [{"label": "grpc", "portNumber": "3"}, {"label": "fixed", "beginAt": str(FIRST + 2)}]
    config = config_of({**W, "taskNumber": "3", "portList": ports[:1]}, {**W, "name": "b", "portList": ports})
    found = [
        number
        for role, blocks in zip(config.roles, planned(config), strict=True)
        for block in blocks
        for index in range(role.number)
        for number in block.of(index)
    ]
    assert len(found) == len(set(found)) == 3 * 5 + 6
    assert FIRST + 2 in found


@pytest.mark.clause("openpai 7.1")
def test_http_and_ssh_have_one_port_each_unless_the_description_says_more() -> None:
    config = config_of({**W, "portList": [{"label": "http", "portNumber": "2"}]})
    assert [(block.label, block.number) for block in planned(config)[0]] == [("ssh", 1), ("http", 2)]


def test_a_job_with_more_ports_than_there_are_is_refused() -> None:
    many = [Port(label="a", number=100)]
    roles = (TaskRole(name="w", number=(LAST - FIRST) // 100, command="x", ports=tuple(many)),)
    with pytest.raises(Invalid, match="more ports together"):
        planned(Config(name="j", image="i", roles=roles))


def test_a_fixed_port_of_two_tasks_is_refused_where_they_share_an_address_and_taken_elsewhere() -> None:
    one = {**W, "portList": [{"label": "web", "beginAt": "8080"}]}
    two = config_of({**one, "taskNumber": "2"})
    assert colliding(config_of(one)) is None
    assert colliding(two) == "web"
    assert colliding(config_of(one, {**one, "name": "b"})) == "web"
    with pytest.raises(EnvironmentRefuses, match="the port that web fixes"):
        spec(two, Abilities(pins_images=True, gathers=True, shares_address=True))
    command = spec(two).roles[0].tasks[0].command
    assert command[command.index("web") :] == ("web", "8080", "1", "0")


# -- what a task sees ----------------------------------------------------------------------------------
@pytest.mark.clause("openpai 7.1")
def test_a_task_sees_both_generations_of_names() -> None:
    config = config_of(
        {"name": "ps_server", "taskNumber": "2", "command": "a", "shmMB": "80"},
        {
            "name": "worker", "taskNumber": "2", "command": "b", "cpuNumber": "2", "memoryMB": "300",
            "minSucceededTaskCount": "2",
        },
        killAllOnCompletedTaskNumber="2", virtualCluster="vc1", jobEnvs={"MINE": "1", "PAI_JOB_NAME": "x"},
    )  # fmt: skip
    blocks = planned(config)
    http = [next(block for block in role if block.label == "http") for role in blocks]
    servers, workers = (
        ",".join(f"${{TIDEGATE_ADDRESS:{core}:{i}}}:{block.of(i)[0]}" for i in range(2))
        for core, block in zip(("ps-server-0", "worker"), http, strict=True)
    )
    variables = seen(spec(config), 1)
    expected = {
        "PAI_JOB_NAME": "j",
        "PAI_USERNAME": "ada",
        "PAI_USER_NAME": "ada",
        "HADOOP_USER_NAME": "ada",
        "PAI_FRAMEWORK_NAME": "ada~j",
        "FRAMEWORK_NAME": "ada~j",
        "APP_ID": "application_1000_000${TIDEGATE_JOB_ID}",
        "PAI_CONTAINER_ID": "container_${TIDEGATE_JOB_ID}_1_${TIDEGATE_INDEX}",
        "PAI_TASK_ROLE_NAME": "worker",
        "PAI_CURRENT_TASK_ROLE_NAME": "worker",
        "PAI_TASK_ROLE_NUM": "2",
        "PAI_CURRENT_TASK_ROLE_TASK_COUNT": "2",
        "PAI_TASK_CPU_NUM": "2",
        "PAI_CURRENT_TASK_ROLE_CPU_COUNT": "2",
        "PAI_TASK_MEM_MB": "300",
        "PAI_CURRENT_TASK_ROLE_MEM_MB": "300",
        "PAI_TASK_GPU_NUM": "0",
        "PAI_CURRENT_TASK_ROLE_GPU_COUNT": "0",
        "PAI_CURRENT_TASK_ROLE_SHM_MB": "64",
        "PAI_CURRENT_TASK_ROLE_MIN_FAILED_TASK_COUNT": "1",
        "PAI_CURRENT_TASK_ROLE_MIN_SUCCEEDED_TASK_COUNT": "2",
        "PAI_TASK_ROLE_INDEX": "${TIDEGATE_INDEX}",
        "PAI_CURRENT_TASK_ROLE_CURRENT_TASK_INDEX": "${TIDEGATE_INDEX}",
        "PAI_TASK_INDEX": "${TIDEGATE_INDEX}",
        "PAI_TASK_ROLE_NO": "1",
        "PAI_TASKS_NUM": "4",
        "PAI_JOB_TASK_COUNT": "4",
        "PAI_TASK_ROLES_NUM": "2",
        "PAI_JOB_TASK_ROLE_COUNT": "2",
        "PAI_JOB_TASK_ROLE_LIST": "ps_server,worker",
        "PAI_TASK_ROLE_LIST": "ps_server,worker",
        "PAI_KILL_ALL_ON_COMPLETED_TASK_NUM": "2",
        "PAI_CURRENT_CONTAINER_IP": "${TIDEGATE_ADDRESS}",
        "PAI_CONTAINER_HOST_IP": "${TIDEGATE_ADDRESS}",
        "PAI_TASK_ROLE_0_HOST_LIST": servers,
        "PAI_TASK_ROLE_1_HOST_LIST": workers,
        "PAI_TASK_ROLE_ps_server_HOST_LIST": servers,
        "PAI_TASK_ROLE_worker_HOST_LIST": workers,
        "PAI_WORK_DIR": "/pai-home/worker/${TIDEGATE_INDEX}",
        "PAI_DEFAULT_FS_URI": "hdfs://s:1",
        "PAI_JOB_VC_NAME": "vc1",
        "PAI_OUTPUT_DIR": "/pai-output",
        "PAI_OUTPUT_URI": "hdfs://s:1/Output/ada/j",
        "PAI_DATA_DIR": "",
        "PAI_CODE_DIR": "",
        "PAI_HOST_IP_worker_1": "${TIDEGATE_ADDRESS:worker:1}",
        "PAI_PORT_LIST_worker_1_http": str(http[1].of(1)[0]),
        "PAI_TASK_ROLE_TASK_COUNT_ps_server": "2",
        "PAI_RESOURCE_worker": "0,2,300,64",
        "HOME": "/pai-home/worker/${TIDEGATE_INDEX}",
        "MINE": "1",
    }
    assert {name: variables.get(name) for name in expected} == expected


@pytest.mark.clause("openpai 7.1")
def test_a_role_named_by_a_number_does_not_hide_the_role_of_that_number() -> None:
    config = config_of({**W, "name": "1"}, {**W, "name": "0"})
    variables = seen(spec(config))
    assert variables["PAI_TASK_ROLE_0_HOST_LIST"].startswith("${TIDEGATE_ADDRESS:1:0}")
    assert variables["PAI_TASK_ROLE_1_HOST_LIST"].startswith("${TIDEGATE_ADDRESS:0:0}")


@pytest.mark.clause("openpai 10")
def test_variables_have_usable_names_beside_the_exact_ones() -> None:
    variables = seen(spec(config_of({**W, "name": "g2p-train"}, {**W, "name": "x~y"})))
    exact = variables["PAI_TASK_ROLE_g2p-train_HOST_LIST"]
    assert variables["PAI_TASK_ROLE_g2p_train_HOST_LIST"] == exact != ""
    assert variables["PAI_TASK_ROLE_x_y_HOST_LIST"] == variables["PAI_TASK_ROLE_x~y_HOST_LIST"] != ""


def test_a_task_alone_needs_nobody_and_reaches_itself() -> None:
    made = spec(config_of())
    assert not made.gathered
    assert seen(made)["PAI_TASK_ROLE_0_HOST_LIST"] == f"127.0.0.1:{FIRST}"
    assert spec(config_of({**W, "portList": [{"label": "a"}]})).gathered
    assert spec(config_of({**W, "taskNumber": "2"})).gathered


def test_a_large_job_has_its_lists_and_no_variable_for_each_task() -> None:
    variables = seen(spec(config_of({**W, "taskNumber": "1000"})))
    assert variables["PAI_TASK_ROLE_worker_HOST_LIST"].count(",") == 999
    assert "PAI_HOST_IP_worker_0" not in variables


def test_a_job_too_wide_to_be_written_down_is_refused() -> None:
    roles = [{**W, "name": f"role{number}", "taskNumber": "2"} for number in range(500)]
    with pytest.raises(Invalid, match="too many to tell each of them"):
        spec(config_of(*roles))


# -- what runs -----------------------------------------------------------------------------------------
@pytest.mark.clause("openpai 7.3")
def test_a_command_is_a_script_file_of_its_own_and_no_part_of_another_text() -> None:
    line = 'echo one; false # comment\n\'quote "$(touch /x)" &'
    made = spec(config_of({**W, "command": line}))
    task = made.roles[0].tasks[0]
    given = {each.path: each for each in made.inputs}
    assert given["/pai/command-0"].value == line
    assert given["/pai/command-0"].source is Source.INLINE
    assert task.command[:3] == ("bash", "/pai/start", "/pai/command-0")
    assert not any("touch" in word for word in task.command)


@pytest.mark.clause("openpai 7.3")
@pytest.mark.parametrize(
    ("is_v1", "code", "folder", "work"),
    [
        (
            False,
            "a/src",
            "/pai-home/worker/${TIDEGATE_INDEX}/code",
            "/pai-home/worker/${TIDEGATE_INDEX}/code",
        ),
        (False, "", "/pai-home/worker/${TIDEGATE_INDEX}/code", "/pai-home/worker/${TIDEGATE_INDEX}/code"),
        (True, "a/src", "/pai-home/worker/${TIDEGATE_INDEX}/src", "/pai-home/worker/${TIDEGATE_INDEX}"),
        (True, "", "/pai-home/worker/${TIDEGATE_INDEX}", "/pai-home/worker/${TIDEGATE_INDEX}"),
    ],
    ids=["legacy", "legacy-without-code", "v1", "v1-without-code"],
)
def test_each_generation_has_its_own_working_folder(is_v1: bool, code: str, folder: str, work: str) -> None:
    made = spec(config_of(), is_v1=is_v1, dirs=Dirs(code=code, output="o"))
    command = made.roles[0].tasks[0].command
    assert command[4] == ("/pai/code/src" if code else "")
    assert command[5:7] == (folder, work)
    assert [each.value for each in made.inputs if each.source is Source.STORAGE] == ([code] if code else [])


def test_data_and_code_are_read_as_the_owner_and_output_goes_to_its_place() -> None:
    dirs = Dirs(code="c/src", data="d", data_uri="hdfs://s:1/d", output="Output/ada/j")
    made = spec(config_of(), dirs=dirs)
    stored = {each.label: each for each in made.inputs if each.source is Source.STORAGE}
    assert {label: (each.path, each.value, each.group) for label, each in stored.items()} == {
        "codeDir": ("/pai/code/src", "c/src", "ada"),
        "dataDir": ("/pai/data", "d", "ada"),
    }
    assert [(output.folder, output.to) for output in made.outputs] == [("/pai-output", "Output/ada/j")]
    assert seen(made)["PAI_DATA_DIR"] == "/pai/data"
    assert seen(made)["PAI_DATA_URI"] == "hdfs://s:1/d"


@pytest.mark.parametrize(("tasks", "cpus"), [(32, 2.0), (33, 64 / 33), (128, 0.5), (129, 2.0)])
def test_tasks_share_the_cpus_that_there_are(tasks: int, cpus: float) -> None:
    """64 of them, and up to four times as many may be asked for: more than that is asked for as it stands."""
    made = spec(config_of({**W, "taskNumber": str(tasks), "cpuNumber": "2"}), overcommit=4.0)
    assert made.roles[0].resources.cpus == pytest.approx(cpus)
    assert seen(made)["PAI_TASK_CPU_NUM"] == "2"


def test_resources_are_of_each_task() -> None:
    role = {**W, "taskNumber": "4", "cpuNumber": "3", "memoryMB": "512", "gpuNumber": "1"}
    made = spec(config_of(role), keep_seconds=5000.0)
    resources = made.roles[0].resources
    assert (resources.cpus, resources.memory_bytes, resources.gpus) == (3.0, 512 << 20, 1)
    assert resources.disk_bytes == ENVIRONMENT.disk_bytes // 4
    assert made.roles[0].count == 4
    assert made.keep_seconds == 1000.0  # no longer than the environment keeps anything


def test_an_image_may_be_pinned() -> None:
    digest = "sha256:" + "a" * 64
    assert spec(config_of(image=f"python:3.11@{digest}")).roles[0].tasks[0].image == Image(
        name="python:3.11", digest=digest
    )


# -- when it is over -------------------------------------------------------------------------------------
TWO = ({**W, "taskNumber": "2"}, {**W, "name": "b", "taskNumber": "2"})
NAMED = ({**TWO[0], "minFailedTaskCount": "2"}, TWO[1])
SUCCESSES = ({**TWO[0], "minFailedTaskCount": None, "minSucceededTaskCount": "1"}, TWO[1])


@pytest.mark.clause("openpai 7.5")
@pytest.mark.parametrize(
    ("roles", "on", "is_v1", "least", "least_succeeded", "late"),
    [
        (TWO, 0, True, ((1, None), (1, None)), None, False),
        (SUCCESSES, 0, True, ((None, 1), (1, None)), None, False),
        (TWO, 0, False, ((None, None), (None, None)), None, True),
        (NAMED, 0, False, ((2, None), (1, None)), None, False),
        (TWO, 2, False, ((1, None), (1, None)), 2, False),
        (TWO, 2, True, ((1, None), (1, None)), 2, False),
        (NAMED, 3, True, ((2, None), (1, None)), 3, False),
    ],
    ids=["v1", "v1-successes", "legacy", "legacy-named", "legacy-kill", "v1-kill", "v1-kill-named"],
)
def test_a_job_is_over_as_its_generation_says(
    roles: Any, on: int, is_v1: bool, least: Any, least_succeeded: int | None, late: bool
) -> None:
    made = spec(config_of(*roles, killAllOnCompletedTaskNumber=str(on)), is_v1=is_v1)
    assert tuple((role.least_failed, role.least_succeeded) for role in made.roles) == least
    assert (made.least_succeeded, made.judged_late) == (least_succeeded, late)


@pytest.mark.clause("openpai 7.5")
def test_retries_are_of_the_users_failures_and_of_ours_a_few() -> None:
    assert retry_of(0) == Retry(attempts=4, on=SITES)
    assert retry_of(2) == Retry(attempts=3, on=USERS | SITES)
    assert retry_of(-1) == Retry(attempts=1_000_000, on=USERS | SITES)
    assert retry_of(-2) == Retry(attempts=1_000_000, on=USERS | SITES, succeeded=True)
    assert not USERS & SITES
    assert all(CODES[code].transient for code in SITES)
    assert not any(CODES[code].transient for code in USERS)


def test_ends_are_told_for_every_role() -> None:
    config = config_of(*TWO)
    assert len(ends_of(config, True).least) == len(ends_of(config, False).least) == 2


@pytest.mark.parametrize(
    ("place", "word"),
    [
        ("/roles/0/resources/memory", "taskRoles[0].memoryMB"),
        ("/roles/1/resources/cpus", "taskRoles[1].cpuNumber"),
        ("/roles/0/resources/gpus", "taskRoles[0].gpuNumber"),
        ("/roles/0/tasks/0/image/name", "image"),
        ("/roles/0/tasks/0/environment/A", "jobEnvs.A"),
        ("/roles/0/resources/disk", "taskRoles[0]"),
        ("/roles", "taskRoles"),
        ("/network", "body"),
    ],
)
def test_places_are_told_in_the_words_of_the_description(place: str, word: str) -> None:
    assert named_place(place) == word


def test_hostile_descriptions_cost_no_more_than_their_size() -> None:
    """Roles and fixed ports as many as a body may hold: work is in proportion to them."""
    ports = [{"label": f"l{number}", "beginAt": str(20_000 + 37 * number)} for number in range(100)]
    roles = [{**W, "name": f"r{number}", "portList": ports} for number in range(1000)]
    blocks = planned(config_of(*roles))
    assert len(blocks) == 1000
    assert len({block.first for role in blocks for block in role[:2]}) == 2000
