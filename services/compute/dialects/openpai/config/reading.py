"""A decoded body as a Config: one schema for both generations (contract 5)."""

import re
from typing import Any, Final, cast

from libs.web.strict_json import BadParams, plain
from services.compute.dialects.openpai.config.model import Config, Port, TaskRole
from services.compute.dialects.openpai.config.problems import Notes, shown
from services.compute.dialects.openpai.config.values import Members, Reader

JOB_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
MAX_ROLES: Final = 1000
MAX_TASKS: Final = 10_000
MAX_PORTS: Final = 100
MAX_PORT: Final = 65_535
MAX_COMMAND: Final = 1 << 20
MAX_URI: Final = 4096
MAX_IMAGE: Final = 512
MAX_NUMBER: Final = 10**9
MAX_VARIABLES: Final = 500
LEAST_MEMORY_MB: Final = 100
USUAL_SHM_MB: Final = 64
NAME_RULE: Final = "must begin with a letter or digit and have letters, digits, dots, dashes and underscores"
# An image once pulled would be everybody's on that machine.
NO_CREDENTIALS: Final = (
    "cannot be used: images of private registries cannot be pulled with credentials of one's own here"
)
_ROLE = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_LABEL = re.compile(r"[A-Za-z0-9._~]{1,64}")
_IMAGE = re.compile(r"[^\s\x00-\x1f\x7f]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}")
_JOB_KEYS: Final = frozenset(
    {
        "jobName", "image", "authFile", "dataDir", "outputDir", "codeDir", "taskRoles", "gpuType",
        "virtualCluster", "retryCount", "killAllOnCompletedTaskNumber", "jobEnvs", "extras",
    }
)  # fmt: skip
_ROLE_KEYS: Final = frozenset(
    {
        "name", "taskNumber", "cpuNumber", "memoryMB", "gpuNumber", "shmMB", "command", "portList",
        "minFailedTaskCount", "minSucceededTaskCount",
    }
)  # fmt: skip
_PORT_KEYS: Final = frozenset({"label", "beginAt", "portNumber"})


def read_config(members: Members, name: str | None) -> Config:
    """`name` is the one in the URL, where there is one. Raises Invalid with every problem."""
    notes = Notes()
    job = Reader(members, "", notes)
    job.only(_JOB_KEYS)
    if job.text("authFile", MAX_URI):
        job.note("authFile", NO_CREDENTIALS)
    roles = _roles(job, notes)
    config = Config(
        name=_name(job, name),
        image=job.needed("image", MAX_IMAGE, _IMAGE, "must have no white space"),
        roles=roles,
        data_dir=job.text("dataDir", MAX_URI),
        output_dir=job.text("outputDir", MAX_URI),
        code_dir=job.text("codeDir", MAX_URI),
        gpu_type=job.text("gpuType", 255),
        cluster=job.text("virtualCluster", 255) or "default",
        retries=job.whole("retryCount", 0, -2, 100),
        kill_all_on=_kill_all_on(job, sum(role.number for role in roles)),
        names_kill_all=job.has("killAllOnCompletedTaskNumber"),
        variables=_variables(job, notes),
        document=_document(members, notes),
    )
    notes.settle()
    return config


def _name(job: Reader, name: str | None) -> str:
    if name is not None and JOB_NAME.fullmatch(name) is None:
        job.note("jobName", NAME_RULE)
        return name
    if name is not None and not job.has("jobName"):
        return name
    sent = job.needed("jobName", 255, JOB_NAME, NAME_RULE)
    if name is not None and sent and sent != name:
        job.note("jobName", "differs from the name in the URL")
    return sent


def _kill_all_on(job: Reader, tasks: int) -> int:
    found = job.whole("killAllOnCompletedTaskNumber", 0, 0, MAX_NUMBER)
    if tasks and found > tasks:
        job.note("killAllOnCompletedTaskNumber", f"is more than the {tasks} tasks of the job")
    return found


def _roles(job: Reader, notes: Notes) -> tuple[TaskRole, ...]:
    found = job.listed("taskRoles")
    if not 1 <= len(found) <= MAX_ROLES:
        job.note("taskRoles", f"must have between 1 and {MAX_ROLES} roles")
        return ()
    roles, names = [], set[str]()
    for number, each in enumerate(found):
        place = f"taskRoles[{number}]"
        if not isinstance(each, dict):
            notes.add(place, "must be an object")
            continue
        role = _role(Reader(each, place, notes), notes)
        if role.name and role.name in names:
            notes.add(f"{place}.name", "is the name of another role too")
        names.add(role.name)
        roles.append(role)
    return tuple(roles)


def _role(role: Reader, notes: Notes) -> TaskRole:
    role.only(_ROLE_KEYS)
    number = role.whole("taskNumber", 1, 1, MAX_TASKS)
    memory = role.whole("memoryMB", LEAST_MEMORY_MB, LEAST_MEMORY_MB, MAX_NUMBER)
    shm = role.whole("shmMB", min(USUAL_SHM_MB, memory), 0, MAX_NUMBER)
    if shm > memory:
        role.note("shmMB", f"is more than memoryMB, {memory}")
    return TaskRole(
        name=role.needed("name", 64, _ROLE, "must have letters, digits, dots, dashes, `_` and `~`"),
        number=number,
        cpus=role.whole("cpuNumber", 1, 1, MAX_NUMBER),
        memory_mb=memory,
        gpus=role.whole("gpuNumber", 0, 0, MAX_NUMBER),
        shm_mb=shm,
        command=role.needed("command", MAX_COMMAND),
        ports=_ports(role, notes),
        least_failed=_least(role, "minFailedTaskCount", 1, number),
        least_succeeded=_least(role, "minSucceededTaskCount", None, number),
        names_failures=role.has("minFailedTaskCount"),
    )


def _least(role: Reader, name: str, usual: int | None, tasks: int) -> int | None:
    found = role.whole_or_none(name, usual, MAX_TASKS)
    if found is not None and found > tasks:
        role.note(name, f"is more than taskNumber, {tasks}")
    return found


def _ports(role: Reader, notes: Notes) -> tuple[Port, ...]:
    ports: list[Port] = []
    labels: set[str] = set()
    for number, each in enumerate(role.listed("portList")):
        place = role.at(f"portList[{number}]")
        if not isinstance(each, dict):
            notes.add(place, "must be an object")
            continue
        port = _port(Reader(each, place, notes))
        if port.label and port.label in labels:
            notes.add(f"{place}.label", "is the label of another entry too")
        labels.add(port.label)
        ports.append(port)
    if sum(port.number for port in ports) > MAX_PORTS:
        role.note("portList", f"has more than {MAX_PORTS} ports")
    _overlaps(role, ports)
    return tuple(ports)


def _port(port: Reader) -> Port:
    port.only(_PORT_KEYS)
    begin, number = port.whole("beginAt", 0, 0, MAX_PORT), port.whole("portNumber", 1, 1, MAX_PORTS)
    if begin and begin + number - 1 > MAX_PORT:
        port.note("beginAt", f"and portNumber lead beyond port {MAX_PORT}")
    label = port.needed("label", 64, _LABEL, "must have letters, digits, dots, `_` and `~`")
    return Port(label=label, begin_at=begin, number=number)


def _overlaps(role: Reader, ports: list[Port]) -> None:
    taken: set[int] = set()
    for port in ports:
        fixed = set(range(port.begin_at, port.begin_at + port.number)) if port.begin_at else set()
        if fixed & taken:
            role.note("portList", "names a port twice")
            return
        taken |= fixed


def _variables(job: Reader, notes: Notes) -> dict[str, str]:
    found: Any = job.value("jobEnvs")
    if found is None and not job.has("jobEnvs"):
        return {}
    if not isinstance(found, dict):
        job.note("jobEnvs", "must be an object")
        return {}
    if len(found) > MAX_VARIABLES:
        job.note("jobEnvs", f"has more than {MAX_VARIABLES} variables")
        return {}
    variables = Reader(found, "jobEnvs", notes)
    for name in found:
        if _VARIABLE.fullmatch(name) is None:
            notes.add(f"jobEnvs.{shown(name)}", "is no name of a variable")
    return {name: variables.text(name, MAX_COMMAND) for name in found}


def _document(members: Members, notes: Notes) -> dict[str, Any]:
    try:
        return cast(dict[str, Any], plain(dict(members)))
    except BadParams as error:
        notes.add("body", error.message)
        return {}
