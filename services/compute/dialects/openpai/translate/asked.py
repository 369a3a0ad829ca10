"""A description with all that is known of it when it is taken."""

from dataclasses import dataclass

from services.compute.dialects.openpai.config import Config
from services.compute.dialects.openpai.translate.ports import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirs:
    """Paths below the site's storage, each with the URI that names it; empty where nothing is asked for."""

    code: str = ""
    code_uri: str = ""
    data: str = ""
    data_uri: str = ""
    output: str = ""
    output_uri: str = ""
    root_uri: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`username` is the owner's name here, `storage_user` the one in the site's storage, and `scope` the
    namespace: empty for the one that all share. `cores` are the core's names of the roles, `blocks` their
    ports; `moment` is when, in milliseconds. `overcommit`: as many times an environment's cpus may be asked
    for by one job, whose tasks then share what there is.
    """

    config: Config
    username: str
    storage_user: str
    scope: str
    is_v1: bool
    cores: tuple[str, ...]
    blocks: tuple[tuple[Block, ...], ...]
    dirs: Dirs
    moment: int
    keep_seconds: float | None = None
    overcommit: float = 1.0

    @property
    def framework(self) -> str:
        return framework_name(self.scope, self.config.name)

    @property
    def is_gathered(self) -> bool:
        """Whether its tasks have to find one another, or ports were asked for."""
        return self.config.tasks > 1 or any(role.ports for role in self.config.roles)


def framework_name(scope: str, name: str) -> str:
    """With its namespace, where it has one."""
    return f"{scope}~{name}" if scope else name
