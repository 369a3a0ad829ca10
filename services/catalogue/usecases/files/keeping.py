"""What our own services ask of the file catalogue: files that jobs read, files that jobs made."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from services.catalogue.domain.files.entries import Actor, ChecksumType, File, NewFile, Replica
from services.catalogue.domain.files.errors import CatalogueError, CatalogueUnavailable
from services.catalogue.file_ports import FileTree
from services.catalogue.usecases.files.files import Files

WEB: Final = ("http://", "https://")


class Keeping:
    """`own_se` names the storage element whose bytes we keep."""

    def __init__(self, tree: FileTree, files: Files, own_se: str) -> None:
        self._tree = tree
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

    def register(self, actor: Actor, new: Sequence[tuple[NewFile, str]]) -> Mapping[str, str]:
        """Files with the PFNs of our own bytes; why not, by LFN, of those that were refused. Raises
        CatalogueUnavailable.
        """
        kept = [
            replace(file, replicas={self._own_se: pfn}, checksum_type=ChecksumType.SHA256)
            for file, pfn in new
        ]
        outcomes = self._files.register_all(actor, kept, by_service=True)
        return {file.lfn: str(outcome.error) for file, outcome in outcomes if outcome.error is not None}

    def named(self, guids: Sequence[str]) -> Sequence[str]:
        """Those of which a file has its replica with us. Raises CatalogueUnavailable."""
        return [guid for guid in guids if any(map(self._is_kept, self._tree.by_guid(guid)))]

    def own(self, file: File) -> Replica | None:
        """The replica whose bytes we keep."""
        return next((replica for replica in file.replicas if replica.se == self._own_se), None)

    def chosen(self, file: File, se: str | None) -> Replica | None:
        """What a reader is sent to: the one of `se`, or ours, or the first on the web."""
        if se is not None:
            return next((replica for replica in file.replicas if replica.se == se), None)
        on_web = (replica for replica in file.replicas if replica.pfn.startswith(WEB))
        return self.own(file) or next(on_web, None)

    def _is_kept(self, file: File) -> bool:
        known = self._tree.files([file.lfn], with_replicas=True).get(file.lfn)
        return known is not None and known.guid == file.guid and self.own(known) is not None
