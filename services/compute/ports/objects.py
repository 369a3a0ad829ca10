"""The names of stored objects and the uploads on their way. Bytes are ports/files.py's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.compute.domain.objects import Address, Scope, StoredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A promise to take one object: `token_hash` is SHA-256 (hex) of what the uploader shows. `sha256`, when
    given, is what the bytes must have.
    """

    token_hash: str
    address: Address
    by: str
    sha256: str | None
    expires_at: float


class ObjectBook(Protocol):
    """Every method is one transaction and raises StoreUnavailable."""

    def begin(self, upload: Upload) -> None: ...

    def upload(self, token_hash: str, now: float) -> Upload:
        """Raises OutputNotFound: none, used up, or too late."""

    def reserve(self, blob: str, now: float) -> None:
        """Before its first byte is written: bytes that never get a name are found by `waste`."""

    def put(self, stored: StoredObject, by: str, token_hash: str | None = None) -> str | None:
        """Under its name, in the place of what had it; returns that one's blob, which is waste now. The
        upload, if any, is used up by it. Raises OutputNotFound (the upload was used up meanwhile).
        """

    def find(self, address: Address) -> StoredObject:
        """Raises OutputNotFound."""

    def list(self, scope: Scope, prefix: str, limit: int) -> Sequence[StoredObject]:
        """By name; `prefix` is empty or a folder's path."""

    def bytes_of(self, scope: Scope) -> int: ...

    def touch(self, stored: StoredObject, now: float) -> bool:
        """As if it had been kept just now; False when it is not what has its name any more."""

    def remove(self, address: Address) -> str:
        """Returns the blob, which is waste now. Raises OutputNotFound."""

    def remove_old(self, address: Address, before: float) -> bool:
        """Unless it was kept or touched since `before`; whether it went. Its blob is waste then."""

    def waste(self, before: float, limit: int) -> Sequence[str]:
        """Blobs without a name: what was replaced or removed, and what came in before and was never named."""

    def forget(self, blob: str) -> None:
        """Its bytes are gone."""

    def purge_uploads(self, now: float) -> int:
        """Those that are too late."""
