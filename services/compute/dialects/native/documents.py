"""The native job document, and the spec document (domain/spec_json.py) that it stands for.

{"name", "labels", "environment",                                  where it runs
 "image", "command", "variables", "working_folder", "split_logs",  one task, or
 "tasks": [{the same, "retries"}],                                 several in sequence, or
 "roles": [{"name", "count", "resources",                          several side by side
            "least_failed", "least_succeeded", and either}],
 "resources": {"cpus", "memory", "disk", "gpus", "nodes", "processes"},
 "folders": [{"path", "writable"}],            without it: /work, writable, where commands start
 "inputs": [{"path", one of "text" | "base64" | "sandbox" | "output", "executable", "sha256", "label"}],
 "outputs": ["results/**", {"folder", "pattern", "required"}],     without it: /work/outputs
 "timeouts": {"queue", "stage_in", "pull", "run", "publish"},      seconds
 "retry": {"attempts", "on", "succeeded"}, "priority", "network", "keep_failed_outputs", "keep_seconds",
 "gathered", "least_succeeded", "judged_late"}

Only words are changed here: what has a wrong type or a name that nobody knows goes on as it is, and decode
says so; `places` leads its problems back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.compute.dialects.native.places import Places
from services.compute.domain.sizes import size_of
from services.compute.domain.spec import Resources
from services.compute.domain.spec_json import pointer

Document = dict[str, Any]
Problem = tuple[str, str]
WORK: Final = "/work"
OUTPUTS: Final = "/work/outputs"
_TASK: Final = ("image", "command", "variables", "working_folder", "split_logs", "retries")
_SAME: Final = (
    "environment", "retry", "priority", "network", "keep_failed_outputs", "keep_seconds", "gathered",
    "least_succeeded", "judged_late",
)  # fmt: skip
_KNOWN: Final = frozenset(
    (*_TASK, *_SAME, "tasks", "roles", "resources", "folders", "inputs", "outputs", "timeouts")
)
_SOURCES: Final[Mapping[str, Document]] = {
    "text": {"source": "inline"},
    "base64": {"source": "inline", "encoded": True},
    "sandbox": {"source": "sandbox"},
    "output": {"source": "output"},
}
_OURS: Final = ("source", "value", "encoded", "group")  # the spec's words for what _SOURCES say
_SIZES: Final = {"memory": "memory_bytes", "disk": "disk_bytes"}
NO_SIZE: Final = 'must be a number of bytes or a text such as "2 GiB"'
ONE_SOURCE: Final = "has exactly one of text, base64, sandbox and output"
ONE_FORM: Final = "A job has either roles, or tasks, or a command with its image: not two of these."
A_LIST: Final = 'must be a list of words; for a line of shell use ["sh", "-c", "..."]'


@dataclass(frozen=True, slots=True)
class Expanded:
    """`spec` may still be no spec; `problems` are those that its shape alone cannot tell."""

    spec: Document
    places: Places
    problems: list[Problem]


def expand(document: Mapping[str, Any], defaults: Resources) -> Expanded:
    """`document` is the whole but for name and labels; `defaults` is what a role asks for by itself."""
    return _Expansion(document, defaults).result()


class _Expansion:
    def __init__(self, document: Mapping[str, Any], defaults: Resources) -> None:
        self._document = document
        self._defaults = defaults
        self._places = Places()
        self._problems: list[Problem] = []
        self._home: str | None = WORK

    def result(self) -> Expanded:
        document = self._document
        self._problems += [
            (pointer("", name[:64]), "is not known here") for name in document if name not in _KNOWN
        ]
        spec: Document = {name: document[name] for name in _SAME if name in document}
        spec["folders"] = self._folders(document.get("folders"))
        spec["roles"] = self._roles()
        spec["inputs"] = self._inputs(document.get("inputs", []))
        spec["outputs"] = self._outputs(document.get("outputs"))
        if "timeouts" in document:
            self._places.note("/clocks", "/timeouts")
            spec["clocks"] = document["timeouts"]
        return Expanded(spec, self._places, self._problems)

    def _folders(self, given: Any) -> Any:
        if given is None:
            return [{"path": WORK, "writable": True}]
        writable = [
            folder["path"]
            for folder in (given if type(given) is list else [])
            if type(folder) is dict and folder.get("writable") is True and type(folder.get("path")) is str
        ]
        self._home = writable[0] if writable else None
        return given

    # -- roles and tasks ----------------------------------------------------------------------------
    def _roles(self) -> Any:
        document = self._document
        if "roles" not in document:
            inner = {name: document[name] for name in (*_TASK, "tasks", "resources") if name in document}
            return [self._role(inner, "/roles/0", "")]
        if any(name in document for name in (*_TASK, "tasks", "resources")):
            self._problems.append(("/roles", ONE_FORM))
        roles = document["roles"]
        if type(roles) is not list:
            return roles
        return [self._role(role, f"/roles/{number}", f"/roles/{number}") for number, role in enumerate(roles)]

    def _role(self, given: Any, here: str, there: str) -> Any:
        """`here` in the spec, `there` in the document."""
        if type(given) is not dict:
            return given
        role = {name: value for name, value in given.items() if name not in (*_TASK, "tasks", "resources")}
        self._places.note(f"{here}/resources", f"{there}/resources")
        role["resources"] = self._resources(given.get("resources", {}), here, there)
        short = {name: given[name] for name in _TASK if name in given}
        if "tasks" not in given:
            role["tasks"] = [self._task(short, f"{here}/tasks/0", there)]
            return role
        if short:
            self._problems.append((f"{there}/tasks", ONE_FORM))
        tasks = given["tasks"]
        self._places.note(f"{here}/tasks", f"{there}/tasks")
        if type(tasks) is list:
            tasks = [
                self._task(task, f"{here}/tasks/{n}", f"{there}/tasks/{n}") for n, task in enumerate(tasks)
            ]
        role["tasks"] = tasks
        return role

    def _resources(self, given: Any, here: str, there: str) -> Any:
        if type(given) is not dict:
            return given
        wanted: Document = {
            "cpus": self._defaults.cpus,
            "memory_bytes": self._defaults.memory_bytes,
            "disk_bytes": self._defaults.disk_bytes,
            "processes": self._defaults.processes,
        }
        for name, value in given.items():
            if name not in _SIZES:
                wanted[name] = value
                continue
            self._places.note(f"{here}/resources/{_SIZES[name]}", f"{there}/resources/{name}")
            size = size_of(value) if type(value) is str else value
            if type(size) is not int:
                self._problems.append((f"{there}/resources/{name}", NO_SIZE))
                continue
            wanted[_SIZES[name]] = size
        return wanted

    def _task(self, given: Any, here: str, there: str) -> Any:
        if type(given) is not dict:
            self._places.note(here, there)
            return given
        self._places.note(here, there)
        self._places.note(f"{here}/environment", f"{there}/variables")
        task = {name: value for name, value in given.items() if name not in ("variables", "environment")}
        if "environment" in given:
            self._problems.append((f"{there}/environment", "is not known here; variables are in `variables`"))
        if "variables" in given:
            task["environment"] = given["variables"]
        if type(given.get("command")) is str:
            self._problems.append((f"{there}/command", A_LIST))
            del task["command"]
        if type(given.get("image")) is str:
            name, _, digest = given["image"].partition("@")
            task["image"] = {"name": name, "digest": digest or None}
            for part in ("name", "digest"):
                self._places.note(f"{here}/image/{part}", f"{there}/image")
        if self._home is not None:
            task.setdefault("working_folder", self._home)
        return task

    # -- files --------------------------------------------------------------------------------------
    def _inputs(self, given: Any) -> Any:
        if type(given) is not list:
            return given
        return [self._input(value, f"/inputs/{number}") for number, value in enumerate(given)]

    def _input(self, given: Any, here: str) -> Any:
        if type(given) is not dict:
            return given
        sources = [name for name in _SOURCES if name in given]
        if len(sources) != 1:
            self._problems.append((here, ONE_SOURCE))
            return {"source": "inline", "path": f"{WORK}/none", "value": ""}
        (source,) = sources
        self._problems += [(f"{here}/{name}", "is not known here") for name in _OURS if name in given]
        rest = {name: value for name, value in given.items() if name not in (*_SOURCES, *_OURS)}
        self._places.note(f"{here}/value", f"{here}/{source}")
        path = given.get("path")
        if type(path) is str and not path.startswith("/") and self._home is not None:
            rest["path"] = f"{self._home}/{path}"
        return {**rest, **_SOURCES[source], "value": given[source]}

    def _outputs(self, given: Any) -> Any:
        if given is None:
            return [{"folder": OUTPUTS}] if self._home == WORK else []
        if type(given) is not list:
            return given
        return [self._output(value, f"/outputs/{number}") for number, value in enumerate(given)]

    def _output(self, given: Any, here: str) -> Any:
        if type(given) is str and self._home is not None:
            self._places.note(f"{here}/pattern", here)
            self._places.note(f"{here}/folder", here)
            return {"folder": self._home, "pattern": given}
        return given
