"""Outputs of jobs become files of the file catalogue: it says which it would take, their bytes are kept under
the files' GUIDs, then it names them. Doing it twice is doing it once.
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
    """`most_bytes` bounds all that is kept for the catalogue (those who come at once may cross it)."""

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
        """By LFN, of which each is wanted once: None when it is in the catalogue now, else why not.

        Raises OutputNotFound (before anything happens), QuotaExceeded, CatalogueUnavailable, and what the
        stores raise.
        """
        outputs = {file.path: file for file in self.outputs(job)}
        for each in wanted:
            if each.path not in outputs:
                raise OutputNotFound(each.path[:200])
        new = [_new(job, outputs[each.path], each) for each in wanted]
        # Asked first: what is refused anyway must not fill the room that all share.
        refused = self._catalogue.refusals(new, actor)
        welcome = [(each, file) for each, file in zip(wanted, new, strict=True) if each.lfn not in refused]
        left = self._most_bytes - self._book.bytes_of(KEPT) if welcome else 0  # a sum over all that is kept
        for each, file in welcome:
            left -= self._keep(job, outputs[each.path], address_of(file.guid), left)
        return {**refused, **self._catalogue.register([file for _, file in welcome], actor)}

    def _keep(self, job: Job, file: StoredFile, address: Address, left: int) -> int:
        """A copy: the job's own goes with the job. How many bytes more are kept."""
        if self._is_kept(address):
            return 0
        if file.size > left:
            raise QuotaExceeded("bytes of files in the catalogue", self._most_bytes, "Everybody together")
        blob = secrets.token_hex(16)
        self._book.reserve(blob, self._clock.now())
        kept = self._files.put(stored_object(blob), self._files.open(stored_output(job.uid, file.path)))
        if kept.sha256 != file.sha256:
            raise OutputNotFound(file.path[:200])  # another attempt's took its place meanwhile
        stored = StoredObject(
            address=address,
            blob=blob,
            size=kept.size,
            sha256=kept.sha256,
            modified_at=self._clock.now(),
        )
        self._book.put(stored, job.owner)  # what it replaces, if anything, is found as waste
        return kept.size

    def _is_kept(self, address: Address) -> bool:
        """It counts as new then: `forget_unnamed` leaves it until it has its name."""
        try:
            return self._book.touch(self._book.find(address), self._clock.now())
        except OutputNotFound:
            return False


def _new(job: Job, file: StoredFile, wanted: Wanted) -> NewLogicalFile:
    guid = guid_of(job.uid, file.path, wanted.lfn, file.sha256)
    return NewLogicalFile(
        lfn=wanted.lfn,
        guid=guid,
        size=file.size,
        sha256=file.sha256,
        pfn=pfn_of(address_of(guid)),
        metadata=wanted.metadata,
        ancestors=wanted.ancestors,
    )


def forget_unnamed(book: ObjectBook, catalogue: LogicalFiles, folder: int, now: float) -> int:
    """Give up the objects of one of FOLDERS that the catalogue names no more; how many. Their bytes are waste
    then. Raises StoreUnavailable, CatalogueUnavailable.
    """
    prefix = f"{folder:0{FOLDER_CHARS}x}"
    listed, before = book.list(KEPT, prefix, MAX_LISTED), now - AGE_SECONDS
    old = {file.address.name.rpartition("/")[2]: file for file in listed if file.modified_at < before}
    gone = old.keys() - set(catalogue.named(old))
    return sum(book.remove_old(old[guid].address, before) for guid in gone)
