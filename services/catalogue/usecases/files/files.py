"""Files: their attributes, registering and removing them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from services.catalogue.domain.files.entries import Actor, File, NewAttributes, NewFile, Status
from services.catalogue.domain.files.errors import (
    CatalogueError,
    CatalogueUnavailable,
    Conflict,
    InvalidPath,
    NotPermitted,
    NotThere,
)
from services.catalogue.domain.files.fields import Value
from services.catalogue.domain.files.lfn import is_below, parent_of, parse_lfn
from services.catalogue.domain.files.registering import checked, checked_guid, refuse_own
from services.catalogue.file_ports import FileTree, Outcome
from services.catalogue.ports import Clock
from services.catalogue.usecases.files.rights import Rights
from services.catalogue.usecases.files.visibility import shown

Typed = Callable[[Mapping[str, object]], Mapping[str, Value]]
Checker = Callable[[Actor], Typed]  # for an actor, what types the values of files (metadata.py)


class Files:
    def __init__(
        self,
        tree: FileTree,
        rights: Rights,
        clock: Clock,
        *,
        check_metadata: Checker,
        own_se: str | None = None,
    ) -> None:
        """`own_se`: the storage element whose bytes this installation keeps."""
        self._tree, self._rights, self._clock = tree, rights, clock
        self._check_metadata = check_metadata
        self._own_se = own_se

    def attributes(
        self, actor: Actor, lfn: str, *, all_statuses: bool = False, with_replicas: bool = False
    ) -> File:
        """Raises NotThere, NotPermitted, InvalidPath."""
        where = parse_lfn(lfn)
        self._rights.read(actor, where)
        return shown(self._tree.file(where, with_replicas=with_replicas), all_statuses=all_statuses)

    def register(self, actor: Actor, new: NewFile, *, by_service: bool = False) -> tuple[File, bool]:
        """And whether it was not there. `by_service`: one of ours, which may bring what this installation
        keeps. Raises NotPermitted, NotThere, Conflict, InvalidPath, InvalidValue, TooMuch.
        """
        ((_, outcome),) = self.register_all(actor, [new], by_service=by_service)
        if outcome.error is not None:
            raise outcome.error
        return self._tree.file(parse_lfn(new.lfn), with_replicas=True), outcome.is_new

    def register_all(
        self, actor: Actor, new: Sequence[NewFile], *, by_service: bool = False
    ) -> Sequence[tuple[NewFile, Outcome]]:
        """In the same order, each by itself and all in one transaction. Raises NotPermitted without a VO."""
        admitted = self._admit_all(actor, new, by_service)
        parents = {parent_of(each.lfn) for each in admitted if isinstance(each, NewFile)}
        refusals = self._rights.refusals(actor, parents)
        fates = [
            each if isinstance(each, CatalogueError) else refusals.get(parent_of(each.lfn), each)
            for each in admitted
        ]
        wanted = [each for each in fates if isinstance(each, NewFile)]
        outcomes = self._tree.add_files(wanted, actor, self._clock.now())
        results = [outcomes[each.lfn] if isinstance(each, NewFile) else Outcome(each) for each in fates]
        return list(zip(new, results, strict=True))

    def remove(self, actor: Actor, lfn: str) -> None:
        """Raises NotThere, NotPermitted, InvalidPath."""
        error = self.remove_all(actor, [lfn])[lfn].error
        if error is not None:
            raise error

    def remove_all(self, actor: Actor, lfns: Sequence[str]) -> Mapping[str, Outcome]:
        """As they were given. Raises NotPermitted without a VO."""
        found: dict[str, Outcome] = {}
        paths: dict[str, str] = {}
        for lfn in lfns:
            try:
                paths[lfn] = parse_lfn(lfn)
            except InvalidPath as error:
                found[lfn] = Outcome(error)
        refusals = self._rights.refusals(actor, {parent_of(path) for path in paths.values()})
        found.update(
            (lfn, Outcome(refusals[parent_of(path)]))
            for lfn, path in paths.items()
            if parent_of(path) in refusals
        )
        asked = {lfn: path for lfn, path in paths.items() if lfn not in found}
        removed = self._tree.remove_files(sorted(set(asked.values())))
        return {**found, **{lfn: removed[path] for lfn, path in asked.items()}}

    def change(self, actor: Actor, lfn: str, change: NewAttributes) -> File:
        """The owner's to do, or for the status of whoever may write to its directory. Raises NotThere,
        NotPermitted, InvalidPath.
        """
        where = parse_lfn(lfn)
        self._rights.see(actor, where)
        file = self._tree.file(where)
        if not self._may_change(actor, file, change):
            raise NotPermitted(f"{where} is not yours to change.")
        return self._tree.change_file(where, change, self._clock.now())

    def by_guid(self, actor: Actor, guid: str) -> str:
        """The LFN; of several the one that was registered first. Raises NotThere, InvalidValue."""
        wanted, top = checked_guid(guid), self._rights.top(actor)
        for file in self._tree.by_guid(wanted):
            if is_below(file.lfn, top) and file.attributes.status is Status.GOOD:
                self._rights.read(actor, file.lfn)
                return file.lfn
        raise NotThere("There is no file with this GUID")

    def _admit_all(
        self, actor: Actor, new: Sequence[NewFile], by_service: bool
    ) -> Sequence[NewFile | CatalogueError]:
        """In the same order: each as it is stored, or why not."""
        typed = self._check_metadata(actor) if any(each.metadata for each in new) else None
        found: list[NewFile | CatalogueError] = []
        taken: set[str] = set()
        for each in new:
            try:
                file = self._admit(actor, each, by_service)
                if file.metadata and typed is not None:
                    file = replace(file, metadata=typed(file.metadata))
                if file.lfn in taken:
                    raise Conflict(f"{file.lfn} is named twice")
                taken.add(file.lfn)
                found.append(file)
            except CatalogueUnavailable:
                raise
            except CatalogueError as error:
                found.append(error)
        return found

    def _admit(self, actor: Actor, new: NewFile, by_service: bool) -> NewFile:
        """Raises NotPermitted, NotThere, InvalidPath, InvalidValue."""
        file = checked(new)
        refuse_own(file.replicas, self._own_se, by_service=by_service)
        if file.ancestors:
            self._rights.read(actor, *file.ancestors)
        return file

    def _may_change(self, actor: Actor, file: File, change: NewAttributes) -> bool:
        no_bits = replace(file.attributes, mode=0)  # those of its directory count
        if self._rights.change(actor, change)(no_bits):
            return True
        if change.mode is not None or change.group is not None:
            return False
        self._rights.write(actor, parent_of(file.lfn))
        return True
