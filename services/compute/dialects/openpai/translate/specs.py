"""A description as a spec for one environment: roles side by side, their script, their folders."""

from collections.abc import Sequence
from typing import Final

from services.compute.dialects.openpai.config import Config, Invalid
from services.compute.dialects.openpai.translate.asked import Asked
from services.compute.dialects.openpai.translate.completion import Ends, ends_of, retry_of
from services.compute.dialects.openpai.translate.ports import colliding
from services.compute.dialects.openpai.translate.start import (
    CODE,
    DATA,
    HOMES,
    OUTPUT,
    OWN,
    SCRIPT,
    START,
    Code,
    command_file,
    command_of,
    home_of,
)
from services.compute.dialects.openpai.translate.variables import Variables, rendezvous, variables_of
from services.compute.domain.environments import Environment
from services.compute.domain.errors import EnvironmentRefuses
from services.compute.domain.spec import Folder, Image, Input, Output, Resources, Role, Source, Spec, Task
from services.compute.ports.engines import Abilities

MB: Final = 1 << 20
MOST_TEXT: Final = 8 << 20  # characters of all variables of all roles: they live in the database
TOO_WIDE: Final = "are too many to tell each of them of all others"


def spec_of(asked: Asked, environment: Environment, abilities: Abilities) -> Spec:
    """Not checked yet. Raises EnvironmentRefuses where two tasks would need one port of one address, Invalid
    for a job too large to be written down.
    """
    config = asked.config
    label = colliding(config) if abilities.shares_address else None
    if label is not None:
        sentence = f"Tasks share one address in {environment.id}: two need the port that {label} fixes."
        raise EnvironmentRefuses([("/roles", sentence)])
    ends = ends_of(config, asked.is_v1)
    others = rendezvous(asked)
    if len(config.roles) * sum(len(name) + len(text) for name, text in others.items()) > MOST_TEXT:
        raise Invalid([("taskRoles", TOO_WIDE)])
    return Spec(
        environment=environment.id,
        roles=_roles(asked, ends, environment, others),
        folders=(Folder(path=OWN), Folder(path=HOMES, writable=True), Folder(path=OUTPUT, writable=True)),
        inputs=_inputs(asked),
        outputs=(Output(folder=OUTPUT, to=asked.dirs.output),),
        retry=retry_of(config.retries),
        network=environment.network and abilities.network,
        keep_seconds=_kept(asked, environment),
        gathered=asked.is_gathered,
        least_succeeded=ends.least_succeeded,
        judged_late=ends.judged_late,
    )


def image_of(config: Config) -> Image:
    name, _, digest = config.image.partition("@")
    return Image(name=name, digest=digest or None)


def _roles(asked: Asked, ends: Ends, environment: Environment, others: Variables) -> tuple[Role, ...]:
    config, image = asked.config, image_of(asked.config)
    code = Code(asked.dirs.code.rpartition("/")[2] if asked.dirs.code else None, asked.is_v1)
    disk = environment.disk_bytes // max(1, config.tasks)
    share = _share(asked, environment)
    roles = []
    for number, (role, core, least) in enumerate(zip(config.roles, asked.cores, ends.least, strict=True)):
        task = Task(
            command=command_of(number, home_of(core), code, asked.blocks[number]),
            image=image,
            environment=variables_of(asked, number, code, others),
            working_folder="/",
            split_logs=True,
        )
        resources = Resources(
            cpus=role.cpus * share,
            memory_bytes=role.memory_mb * MB,
            disk_bytes=disk,
            gpus=role.gpus,
            processes=environment.max_processes,
        )
        roles.append(
            Role(
                name=core,
                tasks=(task,),
                count=role.number,
                resources=resources,
                least_failed=least[0],
                least_succeeded=least[1],
            )
        )
    return tuple(roles)


def _share(asked: Asked, environment: Environment) -> float:
    """Of the cpus that each task asked for: less than all where the tasks of a job have to share."""
    wanted = sum(role.number * role.cpus for role in asked.config.roles)
    is_shared = environment.cpus < wanted <= environment.cpus * asked.overcommit
    return environment.cpus / wanted if is_shared else 1.0


def _inputs(asked: Asked) -> tuple[Input, ...]:
    """Scripts as files of their own."""
    scripts = [_script(START, SCRIPT)]
    scripts += [_script(command_file(n), role.command) for n, role in enumerate(asked.config.roles)]
    return (*scripts, *_stored(asked))


def _script(path: str, text: str) -> Input:
    return Input(source=Source.INLINE, path=path, value=text, label=path.rpartition("/")[2])


def _stored(asked: Asked) -> Sequence[Input]:
    """What comes from the site's storage, read as the owner."""
    code = f"{CODE}/{asked.dirs.code.rpartition('/')[2]}"
    wanted = (("codeDir", code, asked.dirs.code), ("dataDir", DATA, asked.dirs.data))
    return [
        Input(source=Source.STORAGE, path=path, value=value, group=asked.storage_user, label=label)
        for label, path, value in wanted
        if value
    ]


def _kept(asked: Asked, environment: Environment) -> float | None:
    if asked.keep_seconds is None:
        return None
    return min(asked.keep_seconds, float(environment.storage_seconds))
