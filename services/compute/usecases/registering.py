"""Outputs of jobs become files of the file catalogue: their bytes are kept under the file's GUID, then the
catalogue names them. Doing it twice is doing it once.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.compute.domain.errors import OutputNotFound, QuotaExceeded
from services.compute.domain.job import Job, Stored, StoredFile
from services.compute.domain.layout import stored_object, stored_output
from services.compute.domain.lfns import (
    FOLDER_CHARS,
    KEPT,
    FileActor,
    NewLogicalFile,
    address_of,
    guid_of,
    pfn_of,
)
from services.compute.domain.objects import Address, StoredObject
from services.compute.ports import Clock
from services.compute.ports.files import ObjectFiles
from services.compute.ports.lfns import LogicalFiles
from services.compute.ports.objects import ObjectBook
from services.compute.ports.store import JobStore

AGE_SECONDS: Final = 86_400.0  # bytes younger than this may be about to be named
FOLDERS: Final = 16**FOLDER_CHARS
MAX_LISTED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An output, and what it is to be in the catalogue."""

    path: str
    lfn: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    ancestors: tuple[str, ...] = ()


class RegisterOutputs:
    """`most_bytes` bounds all that is kept for the catalogue."""

    def __init__(
        self,
        store: JobStore,
        files: ObjectFiles,
        book: ObjectBook,
        catalogue: LogicalFiles,
        clock: Clock,
        most_bytes: int,
    ) -> None:
        self._store = store
        self._files = files
        self._book = book
        self._catalogue = catalogue
        self._clock = clock
        self._most_bytes = most_bytes

    def outputs(self, job: Job) -> Sequence[StoredFile]:
        """Raises StoreUnavailable."""
        return [file for file in self._store.files(job.uid) if file.kind is Stored.OUTPUT]

    def __call__(self, job: Job, wanted: Sequence[Wanted], actor: FileActor) -> Mapping[str, str | None]:
        """By LFN: None when it is in the catalogue now, else why not.

        Raises OutputNotFound (before anything happens), QuotaExceeded, CatalogueUnavailable, and what the
        stores raise.
        """
        kept = {file.path: file for file in self.outputs(job)}
        for each in wanted:
            if each.path not in kept:
                raise OutputNotFound(each.path[:200])
        new = [self._new(job, kept[each.path], each) for each in wanted]
        return self._catalogue.register(new, actor)

    def _new(self, job: Job, file: StoredFile, wanted: Wanted) -> NewLogicalFile:
        guid = guid_of(job.uid, file.path, wanted.lfn)
        address = address_of(guid)
        self._keep(job, file, address)
        return NewLogicalFile(
            lfn=wanted.lfn,
            guid=guid,
            size=file.size,
            sha256=file.sha256,
            pfn=pfn_of(address),
            metadata=wanted.metadata,
            ancestors=wanted.ancestors,
        )

    def _keep(self, job: Job, file: StoredFile, address: Address) -> None:
        """A copy: the job's own goes with the job."""
        try:
            if self._book.find(address).sha256 == file.sha256:
                return
        except OutputNotFound:
            pass
        if self._book.bytes_of(address.scope) + file.size > self._most_bytes:
            raise QuotaExceeded("bytes of files in the catalogue", self._most_bytes, "Everybody together")
        blob = secrets.token_hex(16)
        self._book.reserve(blob, self._clock.now())
        kept = self._files.put(stored_object(blob), self._files.open(stored_output(job.uid, file.path)))
        stored = StoredObject(
            address=address,
            blob=blob,
            size=kept.size,
            sha256=kept.sha256,
            modified_at=self._clock.now(),
        )
        self._book.put(stored, job.owner)  # what it replaces, if anything, is found as waste


def forget_unnamed(book: ObjectBook, catalogue: LogicalFiles, folder: int, now: float) -> int:
    """Give up the objects of one of FOLDERS that the catalogue names no more; how many. Their bytes are waste
    then. Raises StoreUnavailable, CatalogueUnavailable.
    """
    prefix = f"{folder:0{FOLDER_CHARS}x}"
    listed = book.list(KEPT, prefix, MAX_LISTED)
    old = {
        file.address.name.rpartition("/")[2]: file for file in listed if file.modified_at < now - AGE_SECONDS
    }
    gone = old.keys() - set(catalogue.named(old))
    for guid in gone:
        book.remove(old[guid].address)
    return len(gone)
