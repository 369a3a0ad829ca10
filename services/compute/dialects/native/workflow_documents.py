"""The native workflow document as a NewWorkflow. Every problem at once, each at its place in the document.

{"name", "labels",
 "steps": [{"name",                  unique in the workflow
            "after": ["name", ...],  the steps that must have gone well before
            "sweep": {...},          sweeps.py: many jobs from this one description
            and the members of a job document}]}
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from libs.web.principal import Principal
from libs.web.strict_json import Json
from services.compute.dialects.native.documents import Document, Problem, expand
from services.compute.dialects.native.places import Places
from services.compute.dialects.native.sweeps import read_sweep
from services.compute.dialects.native.translate import DIALECT, defaults, plain
from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.errors import BadSpec
from services.compute.domain.spec import Role, Spec, Task
from services.compute.domain.spec_json import decode, pointer
from services.compute.domain.workflow import MAX_STEPS, NewWorkflow, Step
from services.compute.domain.workflow_check import check_workflow

MOST_TOLD: Final = 200  # problems of one document
_MEMBERS: Final = frozenset({"name", "labels", "steps"})
# Stands for what could not be read, so that the rest is looked at all the same; nothing is wrong with it.
_NOTHING: Final = Spec(environment="none", roles=(Role(tasks=(Task(command=("true",)),)),))
_IN_STEP: Final = re.compile(r"/steps/([0-9]+)/spec(/.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AskedWorkflow:
    """`places` are of each step's spec."""

    new: NewWorkflow
    places: Sequence[Places]

    def moved(self, problems: list[Problem]) -> list[Problem]:
        """Problems of the workflow, at their places in the document."""
        return list(dict.fromkeys((self._place(place), text) for place, text in problems))[:MOST_TOLD]

    def _place(self, place: str) -> str:
        found = _IN_STEP.fullmatch(place)
        if found is None:
            return place
        number, rest = int(found[1]), found[2] or ""
        return f"/steps/{number}{self.places[number].of(rest)}"


def new_workflow(sent: Mapping[str, Json], principal: Principal, book: EnvironmentBook) -> AskedWorkflow:
    """The workflow as its owner described it. What is wrong with its shape is told together with everything
    else that is wrong; one of sound shape is still to be checked (domain/workflow_check.py). Raises BadSpec.
    """
    reader = _Reader(book)
    name, labels, steps = reader.whole(sent)
    new = NewWorkflow(
        owner=principal.subject,
        dialect=DIALECT,
        steps=steps,
        name=name,
        labels=labels,
        groups=principal.groups,
    )
    asked = AskedWorkflow(new, reader.places)
    if not reader.problems:
        return asked
    try:
        if steps:
            check_workflow(new)
        rest: list[Problem] = []
    except BadSpec as error:
        rest = error.problems
    raise BadSpec(asked.moved(reader.problems + rest))


class _Reader:
    """Reads one document; what is wrong gathers in `problems`, with places of the document."""

    def __init__(self, book: EnvironmentBook) -> None:
        self._book = book
        self.problems: list[Problem] = []
        self.places: list[Places] = []

    def whole(self, sent: Mapping[str, Json]) -> tuple[str, dict[str, str], tuple[Step, ...]]:
        self.problems += [
            (pointer("", name[:64]), "is not known here") for name in sent if name not in _MEMBERS
        ]
        name = self._name(sent.get("name", ""), "/name")
        return name, self._labels(sent.get("labels", {}), "/labels"), self._steps(sent.get("steps"))

    def _steps(self, sent: Json) -> tuple[Step, ...]:
        if type(sent) is not list:
            self.problems.append(("/steps", "is missing" if sent is None else "must be a list"))
            return ()
        if not 1 <= len(sent) <= MAX_STEPS:
            self.problems.append(("/steps", f"A workflow has between 1 and {MAX_STEPS} steps."))
            return ()
        return tuple(self._step(step, number) for number, step in enumerate(sent))

    def _step(self, sent: Json, number: int) -> Step:
        here = f"/steps/{number}"
        self.places.append(Places())
        if not isinstance(sent, dict):
            self.problems.append((here, "must be an object"))
            return Step(name=_stand_in(number), spec=_NOTHING)
        document = dict(sent)
        before = len(self.problems)
        sweep = read_sweep(document["sweep"], f"{here}/sweep", self.problems) if "sweep" in document else None
        is_sound = len(self.problems) == before
        document.pop("sweep", None)
        name = self._name(document.pop("name", None), f"{here}/name") or _stand_in(number)
        after = self._after(document.pop("after", []), f"{here}/after")
        labels = self._labels(document.pop("labels", {}), f"{here}/labels")
        spec = self._spec({member: plain(value) for member, value in document.items()}, number)
        return Step(name=name, spec=spec if is_sound else _NOTHING, after=after, sweep=sweep, labels=labels)

    def _spec(self, document: Document, number: int) -> Spec:
        here = f"/steps/{number}"
        expanded = expand(document, defaults(document, self._book))
        places = self.places[number] = expanded.places
        found = [(f"{here}{place}", text) for place, text in expanded.problems]
        try:
            spec = decode(expanded.spec)
        except BadSpec as error:
            found += [(f"{here}{places.of(place)}", text) for place, text in error.problems]
        self.problems += found
        return _NOTHING if found else spec

    def _name(self, sent: Any, place: str) -> str:
        if type(sent) is str:
            if not sent and place != "/name":
                self.problems.append((place, "A step has a name."))
            return sent
        self.problems.append((place, "is missing" if sent is None else "must be a text"))
        return ""

    def _labels(self, sent: Any, place: str) -> dict[str, str]:
        if type(sent) is dict and all(type(value) is str for value in sent.values()):
            return sent
        self.problems.append((place, "must be an object of texts"))
        return {}

    def _after(self, sent: Any, place: str) -> tuple[str, ...]:
        if type(sent) is not list:
            self.problems.append((place, "must be a list of names of steps"))
            return ()
        wrong = [number for number, name in enumerate(sent) if type(name) is not str]
        self.problems += [(f"{place}/{number}", "must be a text") for number in wrong]
        return tuple(name for name in sent if type(name) is str)


def _stand_in(number: int) -> str:
    """For a step without a name that can be read."""
    return f"(step {number})"
