"""The native job document as a NewJob. Every problem at once, each at its place in the document."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from libs.web.principal import Principal
from libs.web.strict_json import Json, NumberText
from services.compute.dialects.native.documents import Problem, expand
from services.compute.dialects.native.places import Places
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.errors import BadSpec, EnvironmentUnknown
from services.compute.domain.job import NewJob
from services.compute.domain.job_check import label_problems, name_problems
from services.compute.domain.spec import Resources
from services.compute.domain.spec_check import problems as spec_problems
from services.compute.domain.spec_json import decode

DIALECT = "native"
_LONGEST_NUMBER = 40  # digits; longer ones are sizes of nothing


def new_job(sent: Mapping[str, Json], principal: Principal, book: EnvironmentBook) -> tuple[NewJob, Places]:
    """The job as its owner described it, and where its parts stood. Raises BadSpec."""
    document = {name: plain(value) for name, value in sent.items()}
    problems: list[Problem] = []
    name = document.pop("name", "")
    if type(name) is not str:
        problems.append(("/name", "must be a text"))
        name = ""
    labels = document.pop("labels", {})
    if type(labels) is not dict or any(type(value) is not str for value in labels.values()):
        problems.append(("/labels", "must be an object of texts"))
        labels = {}
    problems += [*name_problems(name), *label_problems(labels)]
    expanded = expand(document, defaults(document, book))
    problems += expanded.problems
    places = expanded.places
    try:
        spec = decode(expanded.spec)
    except BadSpec as error:
        raise BadSpec(problems + moved(error.problems, places)) from None
    problems += moved(list(spec_problems(spec)), places)
    if problems:
        raise BadSpec(problems)
    new = NewJob(
        owner=principal.subject, dialect=DIALECT, spec=spec, name=name, labels=labels, groups=principal.groups
    )
    return new, places


def moved(problems: list[Problem], places: Places) -> list[Problem]:
    """Problems of a spec, at their places in the document; two that say the same of one place are one."""
    return list(dict.fromkeys((places.of(place), text) for place, text in problems))


def defaults(document: Mapping[str, Any], book: EnvironmentBook) -> Resources:
    """What an instance asks for by itself: a cpu and a little memory, or its share where the environment has
    less than that for each.
    """
    name = document.get("environment")
    try:
        environment = book.find(name) if type(name) is str else None
    except EnvironmentUnknown:
        environment = None
    return Resources() if environment is None else _share(environment, _instances(document.get("roles")))


def _instances(roles: Any) -> int:
    if type(roles) is not list:
        return 1
    counts = [role.get("count", 1) for role in roles if type(role) is dict]
    return max(1, sum(count for count in counts if type(count) is int and count > 0))


def _share(environment: Environment, instances: int) -> Resources:
    usual = Resources()
    return replace(
        usual,
        cpus=min(usual.cpus, environment.cpus / instances),
        memory_bytes=min(usual.memory_bytes, environment.memory_bytes // instances),
        disk_bytes=min(usual.disk_bytes, environment.disk_bytes // instances),
        processes=min(usual.processes, environment.max_processes),
    )


def plain(value: Json) -> Any:
    """Numbers as numbers."""
    if isinstance(value, NumberText):
        if value.is_integer and len(value) <= _LONGEST_NUMBER:
            return int(value)
        return float(value)
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value
