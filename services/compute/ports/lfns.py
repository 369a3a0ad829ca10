"""The file catalogue, which is another service's."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from services.compute.domain.lfns import FileActor, LogicalFile, NewLogicalFile


class CatalogueUnavailable(Exception):
    """The file catalogue does not answer, or there is none."""


class LogicalFiles(Protocol):
    """All raise CatalogueUnavailable."""

    def locate(self, lfns: Sequence[str], actor: FileActor) -> Mapping[str, LogicalFile]:
        """Those that are there and that the actor may read."""

    def refusals(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str]:
        """Those of these that `register` would refuse, by LFN, and why; nothing happens. More may be refused
        when it comes to it.
        """

    def register(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str | None]:
        """By LFN: None when it is registered now (or was before, the very same), else why not."""

    def named(self, guids: Collection[str]) -> Collection[str]:
        """Those of these whose file has its replica with us."""
