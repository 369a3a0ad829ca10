"""What our own services ask of the file catalogue: files that jobs read, files that jobs made."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from services.catalogue.domain.files.entries import Actor, ChecksumType, File, NewFile, Replica
from services.catalogue.domain.files.errors import (
    CatalogueError,
    CatalogueUnavailable,
    InvalidPath,
    InvalidValue,
)
from services.catalogue.domain.files.lfn import parent_of
from services.catalogue.domain.files.registering import checked, difference
from services.catalogue.file_ports import FileTree
from services.catalogue.usecases.files.files import Files
from services.catalogue.usecases.files.rights import Rights

AT_ONCE: Final = 500
WEB: Final = ("http://", "https://")


class Keeping:
    """`own_se` names the storage element whose bytes we keep."""

    def __init__(self, tree: FileTree, rights: Rights, files: Files, own_se: str) -> None:
        self._tree = tree
        self._rights = rights
        self._files = files
        self._own_se = own_se

    def readable(self, actor: Actor, lfns: Sequence[str]) -> Sequence[File]:
        """Those that are there and that the actor may read. Raises CatalogueUnavailable."""
        found = []
        for lfn in lfns:
            try:
                found.append(self._files.attributes(actor, lfn, with_replicas=True))
            except CatalogueUnavailable:
                raise
            except CatalogueError:
                continue
        return found

    def refusals(self, actor: Actor, new: Sequence[tuple[NewFile, str]]) -> Mapping[str, str]:
        """What `register` would say as things are, by LFN, without doing it: whether the actor may write
        there, and whether another file has the name. Raises NotPermitted without a VO, CatalogueUnavailable.
        """
        found: dict[str, str] = {}
        good: dict[str, NewFile] = {}
        for file in self._kept(new):
            try:
                good[file.lfn] = checked(file)
            except (InvalidPath, InvalidValue) as error:
                found[file.lfn] = str(error)
        closed = self._rights.refusals(actor, {parent_of(file.lfn) for file in good.values()})
        open_to = {lfn: file for lfn, file in good.items() if parent_of(file.lfn) not in closed}
        known = self._tree.files([file.lfn for file in open_to.values()], with_replicas=True)
        for lfn, file in good.items():
            if parent_of(file.lfn) in closed:
                found[lfn] = str(closed[parent_of(file.lfn)])
            elif file.lfn in known and (odd := difference(file, known[file.lfn])) is not None:
                found[lfn] = f"{file.lfn} is registered with {odd}"
        return found

    def register(self, actor: Actor, new: Sequence[tuple[NewFile, str]]) -> Mapping[str, str]:
        """Files with the PFNs of our own bytes; why not, by LFN, of those that were refused. Raises
        CatalogueUnavailable.
        """
        outcomes = self._files.register_all(actor, self._kept(new), by_service=True)
        return {file.lfn: str(outcome.error) for file, outcome in outcomes if outcome.error is not None}

    def named(self, guids: Sequence[str]) -> Sequence[str]:
        """Those of which a file has its replica with us. Raises CatalogueUnavailable."""
        return [guid for guid in guids if self._is_kept(guid)]

    def own(self, file: File) -> Replica | None:
        """The replica whose bytes we keep."""
        return next((replica for replica in file.replicas if replica.se == self._own_se), None)

    def chosen(self, file: File, se: str | None) -> Replica | None:
        """What a reader is sent to: the one of `se`, or ours, or the first on the web."""
        if se is not None:
            return next((replica for replica in file.replicas if replica.se == se), None)
        on_web = (replica for replica in file.replicas if replica.pfn.startswith(WEB))
        return self.own(file) or next(on_web, None)

    def _kept(self, new: Sequence[tuple[NewFile, str]]) -> Sequence[NewFile]:
        return [
            replace(file, replicas={self._own_se: pfn}, checksum_type=ChecksumType.SHA256)
            for file, pfn in new
        ]

    def _is_kept(self, guid: str) -> bool:
        """Anybody may register files of the same GUID, and many; those of ours came first as a rule."""
        lfns = [file.lfn for file in self._tree.by_guid(guid)]
        for start in range(0, len(lfns), AT_ONCE):
            known = self._tree.files(lfns[start : start + AT_ONCE], with_replicas=True).values()
            if any(file.guid == guid and self.own(file) is not None for file in known):
                return True
        return False
