"""`sweep` of a step: many jobs from one description.

{"way": "product" | "zip" | "repeat",
 "parameters": [{"name", "values": [...]},                    as they are listed, or
                {"name", "start", "end", "step" | "number"}], evenly spaced, the end included
 "number": 100}                                               how often, of repeat alone
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from libs.web.strict_json import NumberText
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

Problems = list[tuple[str, str]]
Document = dict[str, Any]
MAX_PARAMETERS: Final = 100
MAX_VALUE: Final = 4096  # characters of a text
LONGEST_NUMBER: Final = 40  # characters
LARGEST: Final = Decimal(10) ** 40
FINEST: Final = -100  # the power of ten below which nobody counts
RESERVED: Final = frozenset(
    {
        "TIDEGATE_JOB_ID",
        "TIDEGATE_WORKFLOW_ID",
        "TIDEGATE_INSTANCE",
        "TIDEGATE_INDEX",
        "TIDEGATE_ADDRESS",
    }
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MEMBERS: Final = frozenset({"way", "parameters", "number"})
_OF_PARAMETER: Final = frozenset({"name", "values", "start", "end", "step", "number"})
BAD_WAY: Final = f"must be one of {', '.join(Way)}"
BAD_NAME: Final = "A parameter's name has letters, digits and `_`, 64 at most, and starts with no digit."
ONE_FORM: Final = "has either values, or start and end with one of step and number"
BAD_VALUE: Final = f"must be a number of {LONGEST_NUMBER} digits at most, or a text of {MAX_VALUE} characters"
NO_NUMBER: Final = f"must be a number of {LONGEST_NUMBER} digits at most"
NOT_THERE: Final = "The step is not zero and leads from start to end."
BAD_COUNT: Final = f"must be a whole number from 1 to {MAX_INSTANCES}"


def read_sweep(sent: Any, path: str, problems: Problems) -> Sweep | None:
    """The sweep at the JSON pointer `path`, with numbers as NumberText still, as they were written. None when
    something was added to `problems`.
    """
    if type(sent) is not dict:
        problems.append((path, "must be an object"))
        return None
    before = len(problems)
    _unknown(sent, _MEMBERS, path, problems)
    way = _way(sent.get("way"), f"{path}/way", problems)
    number = 1
    if way is Way.REPEAT:
        number = _count(sent.get("number"), f"{path}/number", problems)
    elif "number" in sent:
        problems.append((f"{path}/number", "is of the way `repeat` alone"))
    parameters = _parameters(sent.get("parameters", []), f"{path}/parameters", problems)
    if way is None or len(problems) > before:
        return None
    return Sweep(way=way, parameters=parameters, number=number)


def sweep_view(sweep: Sweep) -> Document:
    """A document that `read_sweep` takes."""
    shown: Document = {"way": sweep.way.value}
    if sweep.parameters:
        shown["parameters"] = [_parameter_view(parameter) for parameter in sweep.parameters]
    return {**shown, "number": sweep.number} if sweep.way is Way.REPEAT else shown


def _parameter_view(parameter: Parameter) -> Document:
    if not isinstance(parameter.values, Grid):
        return {"name": parameter.name, "values": list(parameter.values)}
    last = parameter.count - 1
    ends = {"start": parameter.value(0), "end": parameter.value(last)}
    return {"name": parameter.name, **ends, "number": parameter.count}


def _unknown(sent: Mapping[str, Any], known: frozenset[str], path: str, problems: Problems) -> None:
    problems += [(pointer(path, name[:64]), "is not known here") for name in sent if name not in known]


def _way(sent: Any, path: str, problems: Problems) -> Way | None:
    if sent is None:
        problems.append((path, "is missing"))
    elif type(sent) is not str or sent not in list(Way):
        problems.append((path, BAD_WAY))
    else:
        return Way(sent)
    return None


def _parameters(sent: Any, path: str, problems: Problems) -> tuple[Parameter, ...]:
    if type(sent) is not list:
        problems.append((path, "must be a list"))
        return ()
    if len(sent) > MAX_PARAMETERS:
        problems.append((path, f"A sweep has {MAX_PARAMETERS} parameters at most."))
        return ()
    read = [_parameter(entry, pointer(path, number), problems) for number, entry in enumerate(sent)]
    return tuple(parameter for parameter in read if parameter is not None)


def _parameter(sent: Any, path: str, problems: Problems) -> Parameter | None:
    if type(sent) is not dict:
        problems.append((path, "must be an object"))
        return None
    _unknown(sent, _OF_PARAMETER, path, problems)
    name = sent.get("name")
    if type(name) is not str or _NAME.fullmatch(name) is None:
        problems.append((f"{path}/name", BAD_NAME))
        name = ""
    elif name in RESERVED:
        problems.append((f"{path}/name", "is a name of ours"))
    values = _values(sent, path, problems)
    return None if values is None else Parameter(name, values)


def _values(sent: Document, path: str, problems: Problems) -> tuple[Value, ...] | Grid | None:
    forms = frozenset(sent) & (_OF_PARAMETER - {"name"})
    if forms == {"values"}:
        return _listed(sent["values"], f"{path}/values", problems)
    if forms in ({"start", "end", "step"}, {"start", "end", "number"}):
        return _grid(sent, path, problems)
    problems.append((path, ONE_FORM))
    return None


def _listed(sent: Any, path: str, problems: Problems) -> tuple[Value, ...] | None:
    if type(sent) is not list or not 1 <= len(sent) <= MAX_INSTANCES:
        problems.append((path, f"must be a list of 1 to {MAX_INSTANCES} numbers and texts"))
        return None
    values = [_value(entry) for entry in sent]
    wrong = [number for number, value in enumerate(values) if value is None]
    if wrong:
        problems.append((pointer(path, wrong[0]), BAD_VALUE))
    return tuple(value for value in values if value is not None)


def _value(sent: Any) -> Value | None:
    if isinstance(sent, NumberText):
        number = _decimal(sent)
        if number is None:
            return None
        return int(sent) if sent.is_integer else float(number)
    return sent if type(sent) is str and len(sent) <= MAX_VALUE else None


def _grid(sent: Document, path: str, problems: Problems) -> Grid | None:
    names = [name for name in ("start", "end", "step") if name in sent]
    read = {name: _decimal(sent[name]) for name in names}
    problems += [(f"{path}/{name}", NO_NUMBER) for name, number in read.items() if number is None]
    numbers = {name: number for name, number in read.items() if number is not None}
    if "number" in sent:
        before = len(problems)
        count = _count(sent["number"], f"{path}/number", problems)
        if len(numbers) < len(read) or len(problems) > before:
            return None
        return spaced(numbers["start"], numbers["end"], count)
    if len(numbers) < len(read):
        return None
    grid = stepped(numbers["start"], numbers["end"], numbers["step"])
    if grid is None:
        problems.append((f"{path}/step", NOT_THERE))
    return grid


def _count(sent: Any, path: str, problems: Problems) -> int:
    is_whole = isinstance(sent, NumberText) and sent.is_integer and len(sent) <= LONGEST_NUMBER
    if not is_whole or not 1 <= int(sent) <= MAX_INSTANCES:
        problems.append((path, "is missing" if sent is None else BAD_COUNT))
        return 1
    return int(sent)


def _decimal(sent: Any) -> Decimal | None:
    """As it was written, as long as people could have."""
    if not isinstance(sent, NumberText) or len(sent) > LONGEST_NUMBER:
        return None
    try:
        number = Decimal(sent)
    except ArithmeticError:  # an exponent beyond all exponents
        return None
    if number == 0:
        return Decimal(0)
    return number if number.adjusted() >= FINEST and abs(number) < LARGEST else None
