"""`factories` of a workflow (contract 3.1): which of its jobs are run many times, and with which values."""

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from services.compute.dialects.prominence.description.problems import Notes, quoted
from services.compute.dialects.prominence.description.values import amount, is_number
from services.compute.domain.spec_json import pointer
from services.compute.domain.sweep import (
    MAX_INSTANCES,
    Grid,
    Parameter,
    Sweep,
    Value,
    Way,
    spaced,
    stepped,
)

SWEEP, ZIP, REPEAT = "parameterSweep", "zip", "repeat"
ALIASES: Final = {"parametricSweep": SWEEP}
MAX_DIMENSIONS: Final = 4
MAX_PARAMETERS: Final = 100
MAX_VALUE: Final = 4096
RESERVED: Final = frozenset(
    {
        "TIDEGATE_JOB_ID",
        "TIDEGATE_WORKFLOW_ID",
        "TIDEGATE_INSTANCE",
        "TIDEGATE_INDEX",
        "TIDEGATE_ADDRESS",
    }
)
TOO_MANY: Final = f"a factory must not make more than {MAX_INSTANCES} jobs"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_NOTHING = Parameter("", ())


def read_factories(document: Mapping[str, Any], jobs: Sequence[str], notes: Notes) -> dict[str, Sweep]:
    """By job. The old `factory` is of the first job alone."""
    found: dict[str, Sweep] = {}
    if document.get("factory") is not None:
        entry = document["factory"]
        if type(entry) is dict:
            entry = {"name": "", "jobs": list(jobs[:1]), **entry}
        _add(entry, "/factory", jobs, found, notes)
    given = document.get("factories")
    if given is not None and type(given) is not list:
        notes.add("/factories", "factories must be a list")
        given = None
    for number, entry in enumerate(given or ()):
        _add(entry, pointer("/factories", number), jobs, found, notes)
    return found


def _add(entry: Any, path: str, jobs: Sequence[str], found: dict[str, Sweep], notes: Notes) -> None:
    if type(entry) is not dict:
        notes.add(path, "a factory must be a dict")
        return
    sweep = _sweep(entry, path, notes)
    for job in _jobs(entry, path, frozenset(jobs), notes):
        if job in found:
            notes.add(f"{path}/jobs", f"job {quoted(job)} is named by more than one factory")
        elif sweep is not None:
            found[job] = sweep


def _jobs(entry: Mapping[str, Any], path: str, known: Collection[str], notes: Notes) -> list[str]:
    name, jobs = entry.get("name"), entry.get("jobs")
    if type(name) is not str:
        notes.add(path, "a factory name must be specified")
        name = ""
    if jobs is None:
        notes.add(path, "a list of jobs must be specified")
        return []
    if type(jobs) is not list:
        notes.add(f"{path}/jobs", "jobs must be a list")
        return []
    for job in jobs:
        if type(job) is not str or job not in known:
            notes.add(
                f"{path}/jobs",
                f"factory {quoted(name)[1:-1]} references a job {quoted(job)[1:-1]} which is not defined",
            )
    return [job for job in jobs if type(job) is str and job in known]


def _sweep(entry: Mapping[str, Any], path: str, notes: Notes) -> Sweep | None:
    kind = entry.get("type")
    if kind is None:
        notes.add(path, "a factory type must be specified")
        return None
    kind = ALIASES.get(kind, kind) if type(kind) is str else kind
    if kind == REPEAT:
        return _repeat(entry, path, notes)
    if kind not in (SWEEP, ZIP):
        notes.add(f"{path}/type", "invalid factory type")
        return None
    given = _entries(entry, path, kind, notes)
    read = _grid if kind == SWEEP else _listed
    before = len(notes.problems)
    parameters = tuple(read(one, pointer(f"{path}/parameters", n), notes) for n, one in enumerate(given))
    names = [parameter.name for parameter in parameters]
    if len(set(names)) < len(names) and len(notes.problems) == before:
        notes.add(f"{path}/parameters", "each parameter must have a unique name")
    if not parameters or len(notes.problems) > before:
        return None
    sweep = Sweep(way=Way.PRODUCT if kind == SWEEP else Way.ZIP, parameters=parameters)
    if kind == ZIP and len({parameter.count for parameter in parameters}) > 1:
        notes.add(f"{path}/parameters", "all parameters must lists of values the same length")
    elif sweep.count > MAX_INSTANCES:
        notes.add(path, TOO_MANY)
    else:
        return sweep
    return None


def _repeat(entry: Mapping[str, Any], path: str, notes: Notes) -> Sweep | None:
    """`num` is what the library calls it."""
    name = "number" if entry.get("number") is not None else "num"
    if entry.get(name) is None:
        notes.add(path, "a factory of type repeat must have number specified")
        return None
    texts = ("number of repeats must be an integer", "number of repeats must be at least 1", TOO_MANY)
    number = amount(entry[name], 1, MAX_INSTANCES, texts)
    if isinstance(number, str):
        notes.add(f"{path}/{name}", number)
        return None
    return Sweep(way=Way.REPEAT, number=number)


def _entries(entry: Mapping[str, Any], path: str, kind: str, notes: Notes) -> list[Any]:
    given, here = entry.get("parameters"), f"{path}/parameters"
    if given is None:
        notes.add(path, f"a factory of type {kind} must have parameters specified")
    elif type(given) is not list:
        notes.add(here, "parameters must be a list")
    elif not given:
        notes.add(here, f"a factory of type {kind} must have parameters specified")
    elif kind == SWEEP and len(given) > MAX_DIMENSIONS:
        notes.add(here, "Currently only parameter sweeps up to 4D are supported")
    elif len(given) > MAX_PARAMETERS:
        notes.add(here, f"a factory must have at most {MAX_PARAMETERS} parameters")
    else:
        return given
    return []


def _name(entry: Any, path: str, notes: Notes) -> str:
    name = entry.get("name") if type(entry) is dict else None
    if type(name) is not str or not name:
        notes.add(path, "a parameter must contain a name")
        return ""
    if _NAME.fullmatch(name) is None or name in RESERVED:
        notes.add(
            f"{path}/name",
            "the name of a parameter must have letters, digits and underscores and start with no digit",
        )
    return name


def _grid(entry: Any, path: str, notes: Notes) -> Parameter:
    name = _name(entry, path, notes)
    if type(entry) is not dict:
        return _NOTHING
    before = len(notes.problems)
    start = _decimal(entry, "start", "a start value", path, notes)
    end = _decimal(entry, "end", "an end value", path, notes)
    has_step, has_number = entry.get("step") is not None, entry.get("number") is not None
    if has_step and has_number:
        notes.add(path, "a parameter cannot have both a step size and number of steps")
    elif has_number:
        texts = ("number of steps must be an integer", "number of steps must be at least 1", TOO_MANY)
        number = amount(entry["number"], 1, MAX_INSTANCES, texts)
        if not isinstance(number, str):
            return _NOTHING if len(notes.problems) > before else Parameter(name, spaced(start, end, number))
        notes.add(f"{path}/number", number)
    else:
        step = _decimal(entry, "step", "a step size or number of steps", path, notes)
        if len(notes.problems) == before:
            return Parameter(name, _steps(start, end, step, path, notes))
    return _NOTHING


def _decimal(entry: Mapping[str, Any], member: str, words: str, path: str, notes: Notes) -> Decimal:
    value = entry.get(member)
    if value is None:
        notes.add(path, f"a parameter must contain {words}")
    elif not is_number(value):
        notes.add(f"{path}/{member}", f"a parameter must contain {words} that is a number")
    else:
        # As it was written: the nearest text of a float, not its binary expansion.
        return Decimal(repr(value))
    return Decimal(0)


def _steps(start: Decimal, end: Decimal, step: Decimal, path: str, notes: Notes) -> Grid:
    """From start while the end is not passed."""
    grid = stepped(start, end, step)
    if grid is None:
        notes.add(f"{path}/step", "the step size must not be zero and must lead from start to end")
    elif grid.count > MAX_INSTANCES:
        notes.add(path, TOO_MANY)
    else:
        return grid
    return Grid(start=start, step=step, count=1)


def _listed(entry: Any, path: str, notes: Notes) -> Parameter:
    name = _name(entry, path, notes)
    values = entry.get("values") if type(entry) is dict else None
    if values is None:
        notes.add(path, "a parameter must contain a list of values")
        return _NOTHING
    if type(values) is not list:
        notes.add(f"{path}/values", "values must be a list")
        return _NOTHING
    if not values:
        notes.add(f"{path}/values", "a parameter must contain a list of values")
    if len(values) > MAX_INSTANCES:
        notes.add(path, TOO_MANY)
    wrong = next((number for number, value in enumerate(values) if not _is_value(value)), None)
    if wrong is not None:
        notes.add(
            pointer(f"{path}/values", wrong),
            f"a value must be a number or a string of at most {MAX_VALUE} characters",
        )
        return _NOTHING
    found: tuple[Value, ...] = tuple(values)
    return Parameter(name, found)


def _is_value(value: Any) -> bool:
    if type(value) is not str:
        return is_number(value)
    if len(value) > MAX_VALUE or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
