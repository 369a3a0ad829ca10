"""The site's storage: folders and files that jobs of different people share. Paths as domain/site_paths.py
makes them; who may use which is asked before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from services.compute.domain.errors import ComputeError


class SitePathMissing(ComputeError):
    """Nothing is there (any more)."""


class SitePathUnusable(ComputeError):
    """What is there may not be read or written: a link, no plain file, somebody else's by the machine's own
    rights, a folder where a file was to be or the other way round. The sentence says which; it holds no path.
    """


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """`parts` are below the path that was asked for: none for that itself."""

    parts: tuple[str, ...]
    is_folder: bool
    executable: bool = False


class SiteStorage(Protocol):
    """All raise FilesUnavailable when the storage does not answer, and SitePathUnusable. Nothing is held in
    memory.
    """

    def entries(self, path: str) -> Iterator[SiteEntry]:
        """What is there: a file alone, or a folder with all that lies below it, folders before their content.
        Raises SitePathMissing.
        """

    def open(self, path: str) -> Iterator[bytes]:
        """A file's bytes in pieces, which raise the same. Raises SitePathMissing."""

    def put(self, path: str, chunks: Iterable[bytes]) -> None:
        """In the place of what was there: whole or not at all, with the folders on the way. Twice is once."""

    def make_folder(self, path: str) -> None:
        """With the folders on the way; one that is there is left as it is."""

    def ping(self) -> None: ...
