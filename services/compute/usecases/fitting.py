"""Whether an environment can run a job, and the job as it will run there. Pure: looks at values alone."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from services.compute.domain.environments import Environment
from services.compute.domain.errors import EnvironmentRefuses
from services.compute.domain.spec import Clocks, Image, Role, Spec, Task
from services.compute.ports.engines import Abilities

Problem = tuple[str, str]


def fit(spec: Spec, environment: Environment, abilities: Abilities) -> Spec:
    """The spec with the environment's image, clocks and keeping time where it has none of its own, and
    without digests where the operator takes jobs although the engine honours none.

    Raises EnvironmentRefuses with every problem.
    """
    problems = [*_sizes(spec, environment, abilities), *_clocks(spec, environment)]
    problems += _images(spec, environment, abilities)
    if spec.gathered and spec.instances > 1 and not abilities.gathers:
        sentence = f"The environment {environment.id} cannot let the instances of a job reach each other."
        problems.append(("/gathered", sentence))
    if spec.network and not (environment.network and abilities.network):
        problems.append(("/network", f"The environment {environment.id} gives jobs no network."))
    if problems:
        raise EnvironmentRefuses(problems)
    drops_digests = not abilities.pins_images
    roles = tuple(_role(role, environment, drops_digests) for role in spec.roles)
    keep = environment.storage_seconds if spec.keep_seconds is None else spec.keep_seconds
    given = {name: getattr(spec.clocks, name) for name in _limits(environment)}
    clocks = {
        name: limit if given[name] is None else given[name] for name, limit in _limits(environment).items()
    }
    return replace(spec, roles=roles, keep_seconds=float(keep), clocks=Clocks(**clocks))


def _sizes(spec: Spec, environment: Environment, abilities: Abilities) -> Iterator[Problem]:
    asked = {
        "cpus": (spec.total_cpus(), environment.cpus),
        "memory": (spec.total_memory(), environment.memory_bytes),
        "disk": (_total(spec, "disk_bytes"), environment.disk_bytes),
        "gpus": (_total(spec, "gpus"), min(environment.gpus, abilities.gpus)),
    }
    for name, (wanted, most) in asked.items():
        if wanted > most:
            where = f"/roles/{_largest(spec, name)}/resources/{name}"
            has = f"{environment.id} has {_said(name, most)} for one job."
            yield where, f"The job asks for {_said(name, wanted)}; {has}"
    for number, role in enumerate(spec.roles):
        here = f"/roles/{number}/resources"
        if role.resources.nodes > abilities.nodes:
            yield f"{here}/nodes", f"{environment.id} runs a job on {abilities.nodes} node(s) at most."
        if role.resources.processes > environment.max_processes:
            yield (
                f"{here}/processes",
                f"{environment.id} lets a job have {environment.max_processes} processes.",
            )


def _said(name: str, number: float) -> str:
    return f"{number / (1 << 30):.4g} GiB of {name}" if name in ("memory", "disk") else f"{number:g} {name}"


def _clocks(spec: Spec, environment: Environment) -> Iterator[Problem]:
    for name, limit in _limits(environment).items():
        asked = getattr(spec.clocks, name)
        if asked is not None and asked > limit:
            yield f"/clocks/{name}", f"{environment.id} allows {limit:g} seconds at most."
    if spec.keep_seconds is not None and spec.keep_seconds > environment.storage_seconds:
        yield (
            "/keep_seconds",
            f"{environment.id} keeps results for {environment.storage_seconds} seconds at most.",
        )


def _limits(environment: Environment) -> Mapping[str, float]:
    """Seconds by phase."""
    return {
        "queue": environment.queue_seconds,
        "stage_in": environment.stage_in_seconds,
        "pull": environment.pull_seconds,
        "run": float(environment.max_job_seconds),
        "publish": environment.publish_seconds,
    }


def _images(spec: Spec, environment: Environment, abilities: Abilities) -> Iterator[Problem]:
    for number, role in enumerate(spec.roles):
        for place, task in enumerate(role.tasks):
            here = f"/roles/{number}/tasks/{place}"
            image = task.image
            if image is None and environment.image is None:
                yield f"{here}/image", f"{environment.id} has no image of its own: name one."
            if image is not None and image.digest and not (abilities.pins_images or environment.unpinned):
                yield f"{here}/image", f"{environment.id} cannot hold an image to its digest: leave it out."


def _role(role: Role, environment: Environment, drops_digests: bool) -> Role:
    return replace(role, tasks=tuple(_task(task, environment, drops_digests) for task in role.tasks))


def _task(task: Task, environment: Environment, drops_digests: bool) -> Task:
    image = task.image
    if image is None and environment.image is not None:
        image = Image(name=environment.image)
    if image is not None and image.digest and drops_digests:
        image = replace(image, digest=None)
    return replace(task, image=image)


def _total(spec: Spec, field: str) -> int:
    """A sidecar has no disk of its own: it sees that of the roles it serves."""
    return sum(
        role.count * role.resources.nodes * int(getattr(role.resources, field))
        for role in spec.roles
        if not (role.sidecar and field == "disk_bytes")
    )


def _largest(spec: Spec, name: str) -> int:
    """The role that asks for most of it: the one to look at first."""
    field = {"memory": "memory_bytes", "disk": "disk_bytes"}.get(name, name)
    shares = [role.count * role.resources.nodes * getattr(role.resources, field) for role in spec.roles]
    return shares.index(max(shares))
