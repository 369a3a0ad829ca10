"""What a task sees in its environment, in the words of both generations (contract 7.1).

What differs between the tasks of a role is filled in when they start: `${TIDEGATE_INDEX}` and addresses by
the core, ports by the start script (start.py).
"""

from collections.abc import Iterator
from typing import Final

from services.compute.dialects.openpai.config import Config, TaskRole
from services.compute.dialects.openpai.config.model import HTTP
from services.compute.dialects.openpai.translate.asked import Asked
from services.compute.dialects.openpai.translate.names import shell_names
from services.compute.dialects.openpai.translate.ports import Block
from services.compute.dialects.openpai.translate.start import DATA, OUTPUT, Code, home_of

INDEX: Final = "${TIDEGATE_INDEX}"
JOB_ID: Final = "${TIDEGATE_JOB_ID}"
OWN_ADDRESS: Final = "${TIDEGATE_ADDRESS}"
ALONE: Final = "127.0.0.1"  # of a task that nobody else has to reach
MOST_NAMED: Final = 300  # variables that name single tasks; larger jobs have the lists alone
Variables = dict[str, str]


def variables_of(asked: Asked, number: int, code: Code, others: Variables) -> Variables:
    """Of every task of role `number`; `others` are those of `rendezvous`. What the user sets does not
    stand in for what we know.
    """
    config, home = asked.config, home_of(asked.cores[number])
    return {
        "HOME": home,
        **config.variables,
        **_job(asked),
        **_role(config, number),
        **_task(asked, number),
        **_places(asked, code, home),
        **others,
    }


def app_id(moment: int, job_id: object) -> str:
    return f"application_{moment}_000{job_id}"


def container_id(job_id: object, number: int, index: object) -> str:
    return f"container_{job_id}_{number}_{index}"


def _job(asked: Asked) -> Variables:
    config, names = asked.config, ",".join(role.name for role in asked.config.roles)
    return {
        "PAI_JOB_NAME": config.name,
        "PAI_USERNAME": asked.username,
        "PAI_USER_NAME": asked.username,
        "HADOOP_USER_NAME": asked.username,
        "PAI_FRAMEWORK_NAME": asked.framework,
        "FRAMEWORK_NAME": asked.framework,
        "APP_ID": app_id(asked.moment, JOB_ID),
        "PAI_TASKS_NUM": str(config.tasks),
        "PAI_JOB_TASK_COUNT": str(config.tasks),
        "PAI_TASK_ROLES_NUM": str(len(config.roles)),
        "PAI_JOB_TASK_ROLE_COUNT": str(len(config.roles)),
        "PAI_JOB_TASK_ROLE_LIST": names,
        "PAI_TASK_ROLE_LIST": names,
        "PAI_KILL_ALL_ON_COMPLETED_TASK_NUM": str(config.kill_all_on),
        "PAI_JOB_VC_NAME": config.cluster,
    }


def _role(config: Config, number: int) -> Variables:
    role = config.roles[number]
    current = "PAI_CURRENT_TASK_ROLE"
    return {
        "PAI_TASK_ROLE_NAME": role.name,
        f"{current}_NAME": role.name,
        "PAI_TASK_ROLE_NUM": str(role.number),
        f"{current}_TASK_COUNT": str(role.number),
        "PAI_TASK_ROLE_NO": str(number),
        "PAI_TASK_CPU_NUM": str(role.cpus),
        f"{current}_CPU_COUNT": str(role.cpus),
        "PAI_TASK_MEM_MB": str(role.memory_mb),
        f"{current}_MEM_MB": str(role.memory_mb),
        "PAI_TASK_GPU_NUM": str(role.gpus),
        f"{current}_GPU_COUNT": str(role.gpus),
        f"{current}_SHM_MB": str(role.shm_mb),
        f"{current}_MIN_FAILED_TASK_COUNT": _or_empty(role.least_failed),
        f"{current}_MIN_SUCCEEDED_TASK_COUNT": _or_empty(role.least_succeeded),
    }


def _task(asked: Asked, number: int) -> Variables:
    address = OWN_ADDRESS if asked.is_gathered else ALONE
    return {
        "PAI_TASK_ROLE_INDEX": INDEX,
        "PAI_CURRENT_TASK_ROLE_CURRENT_TASK_INDEX": INDEX,
        "PAI_TASK_INDEX": INDEX,
        "PAI_CONTAINER_ID": container_id(JOB_ID, number, INDEX),
        "PAI_CURRENT_CONTAINER_IP": address,
        "PAI_CONTAINER_HOST_IP": address,
    }


def _places(asked: Asked, code: Code, home: str) -> Variables:
    dirs = asked.dirs
    return {
        "PAI_WORK_DIR": code.work(home),
        "PAI_DEFAULT_FS_URI": dirs.root_uri,
        "PAI_CODE_DIR": code.folder(home) if dirs.code else "",
        "PAI_CODE_URI": dirs.code_uri,
        "PAI_DATA_DIR": DATA if dirs.data else "",
        "PAI_DATA_URI": dirs.data_uri,
        "PAI_OUTPUT_DIR": OUTPUT,
        "PAI_OUTPUT_URI": dirs.output_uri,
    }


def rendezvous(asked: Asked) -> Variables:
    """What all tasks are told alike: how to find one another. The index form wins where a role's name is a
    number itself.
    """
    roles = asked.config.roles
    ports = sum(role.number * (1 + len(role.all_ports)) for role in roles)
    safe = shell_names([role.name for role in roles])
    hosts = [_hosts(asked, number) for number in range(len(roles))]
    found: Variables = {}
    for number, role in enumerate(roles):
        for name in filter(None, (role.name, safe.get(role.name))):
            found[f"PAI_TASK_ROLE_{name}_HOST_LIST"] = hosts[number]
            found[f"PAI_TASK_ROLE_TASK_COUNT_{name}"] = str(role.number)
            found[f"PAI_RESOURCE_{name}"] = f"{role.gpus},{role.cpus},{role.memory_mb},{role.shm_mb}"
            if ports <= MOST_NAMED:
                found.update(_named(asked, number, name))
    for number, told in enumerate(hosts):
        found[f"PAI_TASK_ROLE_{number}_HOST_LIST"] = told
    return found


def _named(asked: Asked, number: int, name: str) -> Iterator[tuple[str, str]]:
    """Of the newest generation; none of large jobs, whose environment they would fill."""
    for index in range(asked.config.roles[number].number):
        yield f"PAI_HOST_IP_{name}_{index}", _address(asked, number, index)
        for block in asked.blocks[number]:
            ports = ",".join(map(str, block.of(index)))
            yield f"PAI_PORT_LIST_{name}_{index}_{block.label}", ports


def _hosts(asked: Asked, number: int) -> str:
    """Address and first `http` port of each task of a role, by index."""
    role: TaskRole = asked.config.roles[number]
    http: Block = next(block for block in asked.blocks[number] if block.label == HTTP)
    return ",".join(f"{_address(asked, number, index)}:{http.of(index)[0]}" for index in range(role.number))


def _address(asked: Asked, number: int, index: int) -> str:
    return f"${{TIDEGATE_ADDRESS:{asked.cores[number]}:{index}}}" if asked.is_gathered else ALONE


def _or_empty(value: int | None) -> str:
    return "" if value is None else str(value)
