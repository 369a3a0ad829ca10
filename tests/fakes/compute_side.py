"""Stored objects, keys and values in memory: the ports ObjectBook and KeyValue without a database."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from services.compute.domain.errors import OutputNotFound, QuotaExceeded
from services.compute.domain.objects import Address, Scope, StoredObject
from services.compute.ports.keyvalue import MAX_KEYS
from services.compute.ports.objects import Upload


class MemoryKeyValue:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, str], bytes] = {}

    def get(self, owner: str, key: str) -> bytes | None:
        return self._values.get((owner, key))

    def set(self, owner: str, key: str, value: bytes, now: float) -> None:
        with self._lock:
            is_new = (owner, key) not in self._values
            if is_new and sum(holder == owner for holder, _ in self._values) >= MAX_KEYS:
                raise QuotaExceeded("keys", MAX_KEYS, "You")
            self._values[owner, key] = value

    def swap(self, owner: str, key: str, old: bytes, value: bytes, now: float) -> bool:
        with self._lock:
            if self._values.get((owner, key)) != old:
                return False
            self._values[owner, key] = value
            return True

    def delete(self, owner: str, key: str) -> None:
        self._values.pop((owner, key), None)

    def delete_prefix(self, owner: str, prefix: str) -> int:
        with self._lock:
            doomed = [
                (holder, key) for holder, key in self._values if holder == owner and key.startswith(prefix)
            ]
            for place in doomed:
                del self._values[place]
            return len(doomed)

    def list(self, owner: str, prefix: str, limit: int) -> Sequence[tuple[str, bytes]]:
        found = [
            (key, value)
            for (holder, key), value in self._values.items()
            if holder == owner and key.startswith(prefix)
        ]
        return sorted(found)[:limit]


class MemoryObjectBook:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, StoredObject] = {}
        self._uploads: dict[str, Upload] = {}
        self._waste: dict[str, float] = {}

    def begin(self, upload: Upload) -> None:
        self._uploads[upload.token_hash] = upload

    def upload(self, token_hash: str, now: float) -> Upload:
        found = self._uploads.get(token_hash)
        if found is None or found.expires_at <= now:
            raise OutputNotFound("upload")
        return found

    def reserve(self, blob: str, now: float) -> None:
        self._waste[blob] = now

    def put(self, stored: StoredObject, by: str, token_hash: str | None = None) -> str | None:
        with self._lock:
            if token_hash is not None and self._uploads.pop(token_hash, None) is None:
                raise OutputNotFound("upload")
            before = self._objects.get(str(stored.address))
            self._objects[str(stored.address)] = replace(stored)
            self._waste.pop(stored.blob, None)
            if before is None:
                return None
            self._waste[before.blob] = 0.0
            return before.blob

    def find(self, address: Address) -> StoredObject:
        if str(address) not in self._objects:
            raise OutputNotFound(address.name)
        return self._objects[str(address)]

    def list(self, scope: Scope, prefix: str, limit: int) -> Sequence[StoredObject]:
        start = f"{prefix}/" if prefix else ""
        found = [
            stored
            for stored in self._objects.values()
            if stored.address.scope == scope and stored.address.name.startswith(start)
        ]
        return sorted(found, key=lambda stored: stored.address.name)[:limit]

    def bytes_of(self, scope: Scope) -> int:
        return sum(stored.size for stored in self._objects.values() if stored.address.scope == scope)

    def remove(self, address: Address) -> str:
        with self._lock:
            stored = self._objects.pop(str(address), None)
            if stored is None:
                raise OutputNotFound(address.name)
            self._waste[stored.blob] = 0.0
            return stored.blob

    def waste(self, before: float, limit: int) -> Sequence[str]:
        doomed = [(since, blob) for blob, since in self._waste.items() if since <= before]
        return [blob for _, blob in sorted(doomed)[:limit]]

    def forget(self, blob: str) -> None:
        self._waste.pop(blob, None)

    def purge_uploads(self, now: float) -> int:
        late = [token for token, upload in self._uploads.items() if upload.expires_at <= now]
        for token in late:
            del self._uploads[token]
        return len(late)
