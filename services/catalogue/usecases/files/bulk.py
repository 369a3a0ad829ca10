"""One operation on many paths, each by itself, in DIRAC's own shape (contract 3.6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from services.catalogue.domain.files.entries import DEFAULT_MODE, Actor, Status
from services.catalogue.domain.files.errors import CatalogueError, CatalogueUnavailable, InvalidValue, TooMuch
from services.catalogue.domain.files.lfn import parse_lfn
from services.catalogue.domain.files.registering import (
    read_attributes,
    read_flag,
    read_mode,
    read_new_file,
    read_paths,
    read_status,
    read_text,
)
from services.catalogue.file_ports import FileTree
from services.catalogue.usecases.files.directories import Directories
from services.catalogue.usecases.files.files import Files
from services.catalogue.usecases.files.provenance import Provenance
from services.catalogue.usecases.files.replicas import Replicas

MAX_ITEMS: Final = 10_000
MAX_SINGLE_ITEMS: Final = 1_000  # of what is a transaction each
Item = Mapping[str, object]
Items = Mapping[str, Item]
Results = Mapping[str, CatalogueError | object]


class MetadataWriter(Protocol):
    """What setMetadata and removeMetadata need (usecases/files/metadata.py)."""

    def set_directory(self, actor: Actor, path: str, values: Mapping[str, object]) -> object: ...
    def set_file(self, actor: Actor, lfn: str, values: Mapping[str, object]) -> object: ...
    def unset_directory(self, actor: Actor, path: str, names: tuple[str, ...]) -> object: ...
    def unset_file(self, actor: Actor, lfn: str, names: tuple[str, ...]) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Each is the use case that does it for one path."""

    directories: Directories
    files: Files
    replicas: Replicas
    provenance: Provenance
    metadata: MetadataWriter


class Bulk:
    def __init__(self, tree: FileTree, parts: Parts) -> None:
        self._tree, self._parts = tree, parts
        self._singles: Mapping[str, Callable[[Actor, str, Item], object]] = {
            "addReplica": self._add_replica,
            "removeReplica": self._remove_replica,
            "setReplicaStatus": self._set_replica_status,
            "createDirectory": self._create_directory,
            "removeDirectory": self._remove_directory,
            "setAttributes": self._set_attributes,
            "setStatus": self._set_attributes,
            "setMetadata": self._set_metadata,
            "removeMetadata": self._remove_metadata,
            "addFileAncestors": self._add_ancestors,
        }
        self._many: Mapping[str, Callable[[Actor, Items], Results]] = {
            "addFile": self._add_files,
            "removeFile": self._remove_files,
        }

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(sorted({*self._many, *self._singles}))

    def __call__(self, actor: Actor, op: str, items: Items) -> tuple[Mapping[str, object], Mapping[str, str]]:
        """What became of each path, and why the others failed. Raises InvalidValue (no such operation),
        TooMuch, NotPermitted (without a VO), CatalogueUnavailable (some may be done).
        """
        if op in self._many:
            _limit(items, MAX_ITEMS)
            results = self._many[op](actor, items)
        elif op in self._singles:
            _limit(items, MAX_SINGLE_ITEMS)
            run = self._singles[op]
            results = {path: _fate(run, actor, path, item) for path, item in items.items()}
        else:
            raise InvalidValue("op", f"is one of {', '.join(self.operations)}")
        successful = {path: each for path, each in results.items() if not isinstance(each, CatalogueError)}
        failed = {path: str(each) for path, each in results.items() if isinstance(each, CatalogueError)}
        return successful, failed

    def _add_files(self, actor: Actor, items: Items) -> Results:
        read = {}
        results: dict[str, CatalogueError | object] = {}
        for path, item in items.items():
            try:
                read[path] = read_new_file(path, item)
            except CatalogueError as error:
                results[path] = error
        for new, outcome in self._parts.files.register_all(actor, list(read.values())):
            results[new.lfn] = outcome.error or True
        return {path: results[path] for path in items}

    def _remove_files(self, actor: Actor, items: Items) -> Results:
        removed = self._parts.files.remove_all(actor, list(items))
        return {path: removed[path].error or True for path in items}

    def _add_replica(self, actor: Actor, path: str, item: Item) -> object:
        se, pfn = read_text("SE", item.get("SE")), read_text("PFN", item.get("PFN"))
        status = read_status(item.get("Status", Status.GOOD.value))
        self._parts.replicas.set(actor, path, se, pfn=pfn, status=status, must_be_new=True)
        return True

    def _remove_replica(self, actor: Actor, path: str, item: Item) -> object:
        se, force = read_text("SE", item.get("SE")), read_flag("force", item.get("force"))
        self._parts.replicas.remove(actor, path, se, force=force)
        return True

    def _set_replica_status(self, actor: Actor, path: str, item: Item) -> object:
        se, status = read_text("SE", item.get("SE")), read_status(item.get("Status"))
        self._parts.replicas.set_status(actor, path, se, status)
        return True

    def _create_directory(self, actor: Actor, path: str, item: Item) -> object:
        self._parts.directories.make(actor, path, read_mode(item.get("Mode", DEFAULT_MODE)))
        return True

    def _remove_directory(self, actor: Actor, path: str, item: Item) -> object:
        recursive = read_flag("recursive", item.get("recursive"))
        self._parts.directories.remove(actor, path, recursive=recursive)
        return True

    def _set_attributes(self, actor: Actor, path: str, item: Item) -> object:
        change = read_attributes({word: each for word, each in item.items() if word != "recursive"})
        recursive = read_flag("recursive", item.get("recursive"))
        if self._is_directory(path):
            self._parts.directories.change(actor, path, change, recursive=recursive)
        else:
            self._parts.files.change(actor, path, change)
        return True

    def _set_metadata(self, actor: Actor, path: str, item: Item) -> object:
        write = self._parts.metadata
        (write.set_directory if self._is_directory(path) else write.set_file)(actor, path, item)
        return True

    def _remove_metadata(self, actor: Actor, path: str, item: Item) -> object:
        keys = item.get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise InvalidValue("keys", "is a list of names")
        write, names = self._parts.metadata, tuple(keys)
        (write.unset_directory if self._is_directory(path) else write.unset_file)(actor, path, names)
        return True

    def _add_ancestors(self, actor: Actor, path: str, item: Item) -> object:
        self._parts.provenance.add(actor, path, read_paths("Ancestors", item.get("Ancestors")))
        return True

    def _is_directory(self, path: str) -> bool:
        """What the actor sees of it is asked by what they do with it."""
        where = parse_lfn(path)
        return self._tree.nearest([where])[where].is_itself


def _limit(items: Items, most: int) -> None:
    if len(items) > most:
        raise TooMuch(f"This operation takes {most} items at once.")


def _fate(
    run: Callable[[Actor, str, Item], object], actor: Actor, path: str, item: Item
) -> CatalogueError | object:
    try:
        return run(actor, path, item)
    except CatalogueUnavailable:
        raise
    except CatalogueError as error:
        return error
