"""The use cases of the file catalogue's tree over one in memory; people of two VOs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.catalogue.domain.files.entries import Actor, NewFile
from services.catalogue.domain.files.errors import InvalidValue
from services.catalogue.domain.files.fields import Value
from services.catalogue.usecases.files.bulk import Bulk, Parts
from services.catalogue.usecases.files.directories import Directories
from services.catalogue.usecases.files.files import Files
from services.catalogue.usecases.files.provenance import Provenance
from services.catalogue.usecases.files.replicas import Replicas
from services.catalogue.usecases.files.rights import Rights
from services.catalogue.usecases.files.shares import Shares
from tests.fakes.file_facts import NOW
from tests.fakes.filecatalogue import MemoryTree

OWN_SE = "TIDEGATE"
ALICE = Actor(name="alice", group="user", groups=("user",), vo="vo")
MATE = Actor(name="mate", group="user", groups=("user",), vo="vo")
BOB = Actor(name="bob", group="prod", groups=("prod",), vo="vo")
MANAGER = Actor(name="mia", group="admin", groups=("admin",), vo="vo", is_manager=True)
EVE = Actor(name="eve", group="user", groups=("user",), vo="other", is_manager=True)
NOBODY = Actor(name="nobody", group="user", groups=("user",), vo=None)


class Clock:
    def now(self) -> float:
        return NOW


@dataclass(slots=True)
class KnownValues:
    """Takes numbers for metadata, and keeps what it was given."""

    done: list[tuple[object, ...]] = field(default_factory=list)

    def checker(self, actor: Actor) -> Callable[[Mapping[str, object]], Mapping[str, Value]]:
        def typed(values: Mapping[str, object]) -> Mapping[str, Value]:
            numbers = {name: value for name, value in values.items() if isinstance(value, int)}
            if len(numbers) != len(values):
                raise InvalidValue("metadata", "is no number")
            return numbers

        return typed

    def set_directory(self, actor: Actor, path: str, values: Mapping[str, object]) -> object:
        return self.done.append(("set_directory", path, dict(values)))

    def set_file(self, actor: Actor, lfn: str, values: Mapping[str, object]) -> object:
        return self.done.append(("set_file", lfn, dict(values)))

    def unset_directory(self, actor: Actor, path: str, names: Sequence[str]) -> object:
        return self.done.append(("unset_directory", path, tuple(names)))

    def unset_file(self, actor: Actor, lfn: str, names: Sequence[str]) -> object:
        return self.done.append(("unset_file", lfn, tuple(names)))


class Cases:
    """`global_read`: all of a VO read all of its tree."""

    def __init__(self, *, global_read: bool = True) -> None:
        clock = Clock()
        self.tree, self.values = MemoryTree(), KnownValues()
        self.rights = Rights(self.tree, global_read=global_read)
        self.directories = Directories(self.tree, self.rights, clock)
        self.files = Files(self.tree, self.rights, clock, check_metadata=self.values.checker, own_se=OWN_SE)
        self.replicas = Replicas(self.tree, self.rights, clock, own_se=OWN_SE)
        self.provenance = Provenance(self.tree, self.rights)
        self.shares = Shares(self.tree, self.rights, clock)
        self.bulk = Bulk(
            self.tree,
            Parts(
                directories=self.directories,
                files=self.files,
                replicas=self.replicas,
                provenance=self.provenance,
                metadata=self.values,
            ),
        )

    def put(self, actor: Actor, *lfns: str) -> None:
        for lfn in lfns:
            self.files.register(actor, NewFile(lfn=lfn, size=1))
