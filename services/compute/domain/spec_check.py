"""What is wrong with a spec whatever environment it is for: every problem, with its place in the spec.

Pure. Places are JSON pointers over the fields of domain/spec.py (`/roles/0/tasks/1/command`); a window with
other words for them translates.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from services.compute.domain.completion_check import completion_problems
from services.compute.domain.errors import BadSpec
from services.compute.domain.input_check import inputs_problems
from services.compute.domain.layout import holder, is_plain_path
from services.compute.domain.path_check import folder_problem, path_problem
from services.compute.domain.reasons import CODES
from services.compute.domain.site_paths import is_storage_path
from services.compute.domain.spec import (
    Folder,
    Image,
    Mpi,
    Output,
    Resources,
    Retry,
    Role,
    Spec,
    Take,
    Task,
)

Problem = tuple[str, str]
MAX_INSTANCES: Final = 1000
MAX_ROLES: Final = 1000
MAX_TASKS: Final = 100
MAX_FOLDERS: Final = 64
MAX_OUTPUTS: Final = 1000
MAX_ARGUMENTS: Final = 10_000
MAX_TEXT: Final = 128 * 1024 - 1  # of one argument or variable: the kernel's own limit (MAX_ARG_STRLEN)
MAX_WORDS: Final = 1024 * 1024  # of all arguments and variables of one task together
MAX_VARIABLES: Final = 1000
MAX_SIZE: Final = 1 << 62
MAX_SECONDS: Final = 366 * 86400.0
MAX_ATTEMPTS: Final = 1_000_000
MAX_RETRIES: Final = 100  # of one task
MAX_PRIORITY: Final = 1000
MAX_PATTERN: Final = 1024
MAX_PROCESSES: Final = 1_000_000  # of one MPI task on one node
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_ROLE = re.compile(r"[a-z0-9-]{1,32}")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,254}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.~-]{0,254}")


def check(spec: Spec) -> None:
    """Raises BadSpec."""
    found = list(problems(spec))
    if found:
        raise BadSpec(found)


def problems(spec: Spec) -> Iterator[Problem]:
    if _NAME.fullmatch(spec.environment) is None:
        yield "/environment", "Name an environment: letters, digits, dots, dashes and underscores."
    yield from _roles(spec.roles)
    yield from _folders(spec.folders)
    shown = {folder.path for folder in spec.folders if folder.shows is not None}
    yield from inputs_problems(spec.inputs, [folder.path for folder in spec.folders], shown)
    yield from _tees(spec)
    yield from _outputs(spec.outputs, spec.folders)
    yield from _policy(spec)
    yield from completion_problems(spec)


def _roles(roles: tuple[Role, ...]) -> Iterator[Problem]:
    if not 1 <= len(roles) <= MAX_ROLES:
        yield "/roles", f"A job has between 1 and {MAX_ROLES} roles."
        return
    names: set[str] = set()
    for number, role in enumerate(roles):
        here = f"/roles/{number}"
        if _ROLE.fullmatch(role.name) is None:
            yield f"{here}/name", "A role's name has 1 to 32 lower-case letters, digits and dashes."
        elif role.name in names:
            yield f"{here}/name", "Another role has this name."
        names.add(role.name)
        if role.count < 1:
            yield f"{here}/count", "At least 1."
        yield from _resources(role.resources, f"{here}/resources")
        if not 1 <= len(role.tasks) <= MAX_TASKS:
            yield f"{here}/tasks", f"A role has between 1 and {MAX_TASKS} tasks."
            continue
        for place, task in enumerate(role.tasks):
            yield from _task(task, f"{here}/tasks/{place}")
    if all(role.sidecar for role in roles):
        yield "/roles", "A job has a role that is no sidecar."
    if sum(max(role.count, 0) for role in roles) > MAX_INSTANCES:
        yield "/roles", f"A job has {MAX_INSTANCES} instances at most."


def _resources(resources: Resources, here: str) -> Iterator[Problem]:
    if not (math.isfinite(resources.cpus) and 0.01 <= resources.cpus <= 100_000):
        yield f"{here}/cpus", "Between 0.01 and 100000."
    for name, least in (("memory_bytes", 1 << 20), ("disk_bytes", 0)):
        if not least <= getattr(resources, name) <= MAX_SIZE:
            yield f"{here}/{name}", f"At least {least} bytes."
    for name, least in (("gpus", 0), ("nodes", 1), ("processes", 1)):
        if not least <= getattr(resources, name) <= 1_000_000:
            yield f"{here}/{name}", f"Between {least} and 1000000."


def _task(task: Task, here: str) -> Iterator[Problem]:
    yield from _command(task.command, f"{here}/command")
    yield from _variables(task.environment, f"{here}/environment")
    if sum(map(len, task.command)) + sum(len(k) + len(v) for k, v in task.environment.items()) > MAX_WORDS:
        yield here, f"Command and variables have {MAX_WORDS} characters at most together."
    if task.image is not None:
        yield from _image(task.image, f"{here}/image")
    if task.working_folder is not None and (problem := path_problem(task.working_folder)):
        yield f"{here}/working_folder", problem
    if not 0 <= task.retries <= MAX_RETRIES:
        yield f"{here}/retries", f"Between 0 and {MAX_RETRIES}."
    if task.mpi is not None:
        yield from _mpi(task.mpi, task.command, here)


def _mpi(mpi: Mpi, command: tuple[str, ...], here: str) -> Iterator[Problem]:
    if not command:
        yield f"{here}/command", "What runs under MPI has a command of its own."
    if mpi.processes is not None and not 1 <= mpi.processes <= MAX_PROCESSES:
        yield f"{here}/mpi/processes", f"Between 1 and {MAX_PROCESSES}."


def _tees(spec: Spec) -> Iterator[Problem]:
    paths = [folder.path for folder in spec.folders]
    for number, role in enumerate(spec.roles):
        for place, task in enumerate(role.tasks):
            if task.tee is None:
                continue
            if problem := path_problem(task.tee):
                yield f"/roles/{number}/tasks/{place}/tee", problem
            elif task.tee in paths or not _is_written(task.tee, spec.folders, paths):
                yield f"/roles/{number}/tasks/{place}/tee", "A file in one of the job's own writable folders."


def _command(command: tuple[str, ...], here: str) -> Iterator[Problem]:
    if len(command) > MAX_ARGUMENTS:
        yield here, f"A command has {MAX_ARGUMENTS} words at most."
        return
    if command and not command[0].strip():
        yield f"{here}/0", "The program's name is empty."
    for number, word in enumerate(command):
        if problem := _text_problem(word):
            yield f"{here}/{number}", problem


def _variables(variables: Mapping[str, str], here: str) -> Iterator[Problem]:
    if len(variables) > MAX_VARIABLES:
        yield here, f"A task has {MAX_VARIABLES} variables at most."
        return
    for name, value in variables.items():
        place = f"{here}/{pointer(name[:64])}"
        if _VARIABLE.fullmatch(name) is None:
            yield place, "A variable's name has letters, digits and underscores and starts with no digit."
        if problem := _text_problem(value):
            yield place, problem


def _image(image: Image, here: str) -> Iterator[Problem]:
    if _IMAGE.fullmatch(image.name) is None or "//" in image.name or ".." in image.name:
        yield f"{here}/name", "An image is named like `python:3.12` or `registry.example/group/image:tag`."
    if image.digest is not None and _DIGEST.fullmatch(image.digest) is None:
        yield f"{here}/digest", "A digest is `sha256:` and 64 lower-case hex digits."


def _folders(folders: tuple[Folder, ...]) -> Iterator[Problem]:
    if len(folders) > MAX_FOLDERS:
        yield "/folders", f"A job has {MAX_FOLDERS} folders at most."
        return
    seen: set[str] = set()
    own = [folder.path for folder in folders if folder.shows is None]
    for number, folder in enumerate(folders):
        problem = folder_problem(folder.path)
        if problem is None and folder.path in seen:
            problem = "Another folder has this path."
        seen.add(folder.path)
        if problem:
            yield f"/folders/{number}/path", problem
        if folder.shows is not None and (problem := _shown_problem(folder.shows, own)):
            yield f"/folders/{number}/shows", problem


def _shown_problem(path: str, own: list[str]) -> str | None:
    if problem := path_problem(path):
        return problem
    return "What is shown lies in another folder of the job." if holder(path, own) is None else None


def _outputs(outputs: tuple[Output, ...], folders: tuple[Folder, ...]) -> Iterator[Problem]:
    if len(outputs) > MAX_OUTPUTS:
        yield "/outputs", f"A job has {MAX_OUTPUTS} outputs at most."
        return
    paths = [folder.path for folder in folders]
    for number, output in enumerate(outputs):
        here = f"/outputs/{number}"
        if problem := path_problem(output.folder):
            yield f"{here}/folder", problem
        elif not _is_written(output.folder, folders, paths):
            yield f"{here}/folder", "Outputs are kept from the job's own writable folders only."
        if problem := pattern_problem(output.pattern):
            yield f"{here}/pattern", problem
        if output.name is not None and (problem := _kept_problem(output.name, output.take)):
            yield f"{here}/name", problem
        if output.to is not None and not is_storage_path(output.to):
            yield f"{here}/to", "This is no path of the site's storage."


def _kept_problem(name: str, take: Take) -> str | None:
    if take is Take.ALL:
        return "Only one file has a name: files that match each have their own."
    if len(name) > MAX_PATTERN or not is_plain_path(name):
        return f"A relative path of at most {MAX_PATTERN} characters, without dots."
    return None


def _is_written(path: str, folders: tuple[Folder, ...], paths: list[str]) -> bool:
    number = paths.index(path) if path in paths else holder(path, paths)
    return number is not None and folders[number].writable and folders[number].shows is None


def pattern_problem(pattern: str) -> str | None:
    if not pattern or len(pattern) > MAX_PATTERN or any(ord(c) < 32 or ord(c) == 127 for c in pattern):
        return f"A pattern has between 1 and {MAX_PATTERN} characters, none of them a control character."
    if pattern.startswith("/") or any(part in ("", ".", "..") for part in pattern.split("/")):
        return "A pattern is relative to its folder and stays in it: no leading /, no empty part, no dots."
    return None


def _policy(spec: Spec) -> Iterator[Problem]:
    for name in ("queue", "stage_in", "pull", "run", "publish"):
        yield from _seconds(getattr(spec.clocks, name), f"/clocks/{name}")
    yield from _seconds(spec.keep_seconds, "/keep_seconds")
    yield from _retry(spec.retry)
    if not -MAX_PRIORITY <= spec.priority <= MAX_PRIORITY:
        yield "/priority", f"Between {-MAX_PRIORITY} and {MAX_PRIORITY}."


def _seconds(value: float | None, here: str) -> Iterable[Problem]:
    if value is not None and not (math.isfinite(value) and 0 < value <= MAX_SECONDS):
        yield here, f"More than 0 and at most {MAX_SECONDS:.0f} seconds."


def _retry(retry: Retry) -> Iterator[Problem]:
    if not 1 <= retry.attempts <= MAX_ATTEMPTS:
        yield "/retry/attempts", f"Between 1 and {MAX_ATTEMPTS}."
    unknown = sorted(retry.on - CODES.keys())
    if unknown:
        yield "/retry/on", f"There is no reason {unknown[0][:64]}. Known: {', '.join(CODES)}."


def _text_problem(text: str) -> str | None:
    if "\0" in text:
        return "It must not contain NUL."
    if len(text) > MAX_TEXT or (not text.isascii() and len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT):
        return f"It has more than {MAX_TEXT} bytes."
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "It is not valid Unicode."
    return None


def pointer(name: str) -> str:
    """A member's name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
