"""Files that people and groups keep for their jobs: uploaded with a link, found by name, handed out again."""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.compute.domain.errors import OutputNotFound, QuotaExceeded, Refused
from services.compute.domain.layout import stored_object
from services.compute.domain.objects import Address, Holder, Scope, StoredObject
from services.compute.domain.reasons import Reason
from services.compute.ports import Clock
from services.compute.ports.files import ObjectFiles
from services.compute.ports.objects import ObjectBook, Upload
from services.compute.usecases.results import started

UPLOAD_SECONDS: Final = 86_400.0  # a link for an upload is good so long, for one upload
MAX_LISTED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks: their subject, what they may speak for (their own and their linked wallets), their groups."""

    subject: str
    subjects: Collection[str]
    groups: Collection[str]

    @property
    def own(self) -> Scope:
        return Scope(Holder.OWNER, self.subject)


class NotAllowed(Exception):
    """A scope that the asker does not belong to, whether it exists or not."""


class Objects:
    """`file_bytes` bounds one object, `scope_bytes` all of one holder (uploads at once may cross it). All
    raise StoreUnavailable or FilesUnavailable; those that take a scope or an address NotAllowed.
    """

    def __init__(
        self, book: ObjectBook, files: ObjectFiles, clock: Clock, file_bytes: int, scope_bytes: int
    ) -> None:
        self._book = book
        self._files = files
        self._clock = clock
        self.file_bytes = file_bytes
        self._scope_bytes = scope_bytes

    def list(self, scope: Scope, prefix: str, asker: Asker) -> Sequence[StoredObject]:
        """By name; everything below the folder `prefix`, or all."""
        _require(scope, asker)
        return self._book.list(scope, prefix, MAX_LISTED)

    def find(self, address: Address, asker: Asker) -> StoredObject:
        """Raises OutputNotFound."""
        _require(address.scope, asker)
        return self._book.find(address)

    def promise(self, address: Address, sha256: str | None, asker: Asker) -> str:
        """A secret good for one upload to this name. Raises QuotaExceeded."""
        _require(address.scope, asker)
        self._room(address.scope)
        secret = secrets.token_urlsafe(32)
        self._book.begin(
            Upload(
                token_hash=_hash(secret),
                address=address,
                by=asker.subject,
                sha256=sha256,
                expires_at=self._clock.now() + UPLOAD_SECONDS,
            )
        )
        return secret

    def promised(self, secret: str) -> Upload:
        """What was promised. Raises OutputNotFound."""
        return self._book.upload(_hash(secret), self._clock.now())

    def receive(self, secret: str, chunks: Iterable[bytes]) -> StoredObject:
        """Whole or not at all; what had the name is replaced. A broken upload may be tried again.

        Raises OutputNotFound (no such promise, used up, too late), QuotaExceeded, Refused (output_too_large,
        input_mismatch).
        """
        upload = self.promised(secret)
        limit = min(self.file_bytes, self._room(upload.address.scope))
        blob = secrets.token_hex(16)
        self._book.reserve(blob, self._clock.now())
        try:
            kept = self._files.put(stored_object(blob), chunks, limit)
            if upload.sha256 is not None and upload.sha256 != kept.sha256:
                sentence = "What came is not what was announced: its SHA-256 is another."
                raise Refused(Reason("input_mismatch", sentence))
            now = self._clock.now()
            stored = StoredObject(
                address=upload.address, blob=blob, size=kept.size, sha256=kept.sha256, modified_at=now
            )
            replaced = self._book.put(stored, upload.by, upload.token_hash)
        except (OutputNotFound, Refused):
            self._discard(blob)
            raise
        if replaced is not None:
            self._discard(replaced)
        return stored

    def open(self, stored: StoredObject, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Raises OutputNotFound."""
        return started(self._files.open(stored_object(stored.blob), start, length))

    def remove(self, address: Address, asker: Asker) -> None:
        """Raises OutputNotFound. A job that was submitted with it and has not begun fails then."""
        _require(address.scope, asker)
        self._discard(self._book.remove(address))

    def _discard(self, blob: str) -> None:
        _discard(self._book, self._files, blob)

    def _room(self, scope: Scope) -> int:
        left = self._scope_bytes - self._book.bytes_of(scope)
        if left <= 0:
            raise QuotaExceeded("bytes of stored objects", self._scope_bytes, "You")
        return left


def clear_waste(book: ObjectBook, files: ObjectFiles, now: float, limit: int) -> int:
    """Remove bytes that have no name, and promises that nobody kept: what crashes left behind. How many blobs
    went. Raises StoreUnavailable, FilesUnavailable.
    """
    book.purge_uploads(now)
    doomed = book.waste(now - UPLOAD_SECONDS, limit)
    for blob in doomed:
        _discard(book, files, blob)
    return len(doomed)


def _discard(book: ObjectBook, files: ObjectFiles, blob: str) -> None:
    """The row goes last: a crash in between leaves work, not bytes."""
    files.remove(stored_object(blob))
    book.forget(blob)


def _require(scope: Scope, asker: Asker) -> None:
    if not scope.may_use(asker.subjects, asker.groups):
        raise NotAllowed


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
