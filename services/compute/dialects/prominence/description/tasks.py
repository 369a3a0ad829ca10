"""`tasks` of a job (contract 2.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.compute.dialects.prominence.description.commands import split
from services.compute.dialects.prominence.description.images import image_of, usual_runtime
from services.compute.dialects.prominence.description.problems import Notes, quoted
from services.compute.dialects.prominence.description.values import amount, is_number, known_only
from services.compute.domain.spec import Image, Mpi, MpiKind
from services.compute.domain.spec_check import MAX_TASKS
from services.compute.domain.spec_json import pointer

RUNTIMES: Final = ("singularity", "udocker")
BASIC, SIDECAR = "basic", "sidecar"
TYPES: Final = (BASIC, SIDECAR, *(kind.value for kind in MpiKind))
MEMBERS: Final = (
    "image",
    "runtime",
    "cmd",
    "env",
    "workdir",
    "type",
    "procsPerNode",
    "app",
    "imagePullCredential",
    "imageSha256",
    "stdout",
)
MAX_PROCESSES: Final = 100_000
_SHA256 = re.compile(r"(?:sha256:)?[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTask:
    """`number` is its place in the description. Folder and file are as written: relative to the home."""

    number: int
    image: Image = field(default_factory=lambda: Image(name=""))
    runtime: str = RUNTIMES[0]
    line: str = ""  # the command, and its words
    words: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    working_folder: str = ""
    is_sidecar: bool = False
    mpi: Mpi | None = None
    stdout: str = ""


def read_tasks(document: Mapping[str, Any], path: str, cpus: int, notes: Notes) -> tuple[AskedTask, ...]:
    """`cpus`: how many a task has at most."""
    given, here = document.get("tasks"), f"{path}/tasks"
    if given is None:
        notes.add(path, "a job must contain tasks")
        return ()
    if type(given) is not list:
        notes.add(here, "an array of tasks must be provided")
        return ()
    if not given:
        notes.add(here, "a job must contain at least one task")
        return ()
    if len(given) > MAX_TASKS:
        notes.add(here, f"a job must contain at most {MAX_TASKS} tasks")
        return ()
    tasks = tuple(
        _task(entry, number, pointer(here, number), cpus, notes) for number, entry in enumerate(given)
    )
    if all(task.is_sidecar for task in tasks):
        notes.add(here, "a job cannot contain only sidecar tasks")
    return tasks


def _task(given: Any, number: int, path: str, cpus: int, notes: Notes) -> AskedTask:
    if type(given) is not dict:
        notes.add(path, "each task must be a dict")
        return AskedTask(number=number)
    known_only(given, MEMBERS, path, "in task", notes)
    given = {name: value for name, value in given.items() if value is not None}
    kind = given.get("type", BASIC)
    if kind not in TYPES:
        notes.add(f"{path}/type", "invalid task type")
        kind = BASIC
    _credential(given, path, notes)
    line, words = _command(given, kind, path, notes)
    return AskedTask(
        number=number,
        image=_image(given, path, notes),
        runtime=_runtime(given, path, notes),
        line=line,
        words=words,
        environment=_environment(given, path, notes),
        working_folder=_text(given, "workdir", path, notes),
        is_sidecar=kind == SIDECAR,
        mpi=_mpi(given, kind, path, cpus, notes),
        stdout=_text(given, "stdout", path, notes),
    )


def _image(given: Mapping[str, Any], path: str, notes: Notes) -> Image:
    sha256 = given.get("imageSha256")
    if sha256 is not None and (type(sha256) is not str or _SHA256.fullmatch(sha256) is None):
        notes.add(f"{path}/imageSha256", "imageSha256 must have 64 hex digits")
    name = given.get("image")
    if type(name) is not str or not name:
        notes.add(path, "each task must specify a container image")
        return Image(name="")
    found = image_of(name)
    if isinstance(found, Image):
        return found
    notes.add(f"{path}/image", found)
    return Image(name="")


def _runtime(given: Mapping[str, Any], path: str, notes: Notes) -> str:
    runtime = given.get("runtime", usual_runtime(given.get("image")))
    if runtime not in RUNTIMES:
        notes.add(f"{path}/runtime", "the container runtime must be either udocker or singularity")
    if "app" in given:
        is_singularity = runtime == "singularity"
        none = "the images that this gateway runs have no apps: leave app out"
        notes.add(f"{path}/app", none if is_singularity else "app is only supported by Singularity")
    return str(runtime)


def _command(given: Mapping[str, Any], kind: str, path: str, notes: Notes) -> tuple[str, tuple[str, ...]]:
    """As it was written, and its words."""
    line = given.get("cmd", "")
    if type(line) is not str:
        notes.add(f"{path}/cmd", "cmd must be a string")
        return "", ()
    words = split(line)
    if isinstance(words, str):
        notes.add(f"{path}/cmd", words)
        return "", ()
    if kind not in (BASIC, SIDECAR):
        if not words:
            notes.add(path, "A command to execute must be specified for MPI jobs")
        elif words[0] == "mpirun":
            notes.add(
                f"{path}/cmd",
                "it is not necessary to include mpirun in the cmd if an MPI flavour has been specified",
            )
    return line, words


def _environment(given: Mapping[str, Any], path: str, notes: Notes) -> dict[str, str]:
    """Values that are numbers or truths are written as texts."""
    variables, here = given.get("env", {}), f"{path}/env"
    if type(variables) is not dict:
        notes.add(here, "environment variables must be defined as a dict")
        return {}
    found: dict[str, str] = {}
    for name, value in variables.items():
        if type(value) is str:
            found[name] = value
        elif type(value) is bool or is_number(value):
            found[name] = str(value)
        else:
            notes.add(pointer(here, name[:64]), f"the value of {quoted(name)} must be a string or a number")
    return found


def _text(given: Mapping[str, Any], name: str, path: str, notes: Notes) -> str:
    text = given.get(name, "")
    if type(text) is str:
        return text
    notes.add(f"{path}/{name}", f"{name} must be a string")
    return ""


def _mpi(given: Mapping[str, Any], kind: str, path: str, cpus: int, notes: Notes) -> Mpi | None:
    processes: int | None = None
    if "procsPerNode" in given:
        words = "number of processes per node must be"
        least = f"{words} at least 1"
        most = f"{words} at most the number of CPU cores per node"
        found = amount(
            given["procsPerNode"], 1, min(cpus, MAX_PROCESSES), (f"{words} an integer", least, most)
        )
        if isinstance(found, str):
            notes.add(f"{path}/procsPerNode", found)
        else:
            processes = found
    if kind in (BASIC, SIDECAR):
        return None
    return Mpi(kind=MpiKind(kind), processes=processes)


def _credential(given: Mapping[str, Any], path: str, notes: Notes) -> None:
    """Checked and never kept: our engines know their registries from their operators."""
    credential = given.get("imagePullCredential")
    if credential is None:
        return
    if type(credential) is not dict or any(
        type(credential.get(name)) is not str for name in ("username", "token")
    ):
        notes.add(
            f"{path}/imagePullCredential",
            "a username and token must be specified in the image pull credential",
        )
