"""Stored objects, keys and values, errands in memory: their ports without a database."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from services.compute.domain.errands import Errand, ErrandKind, ErrandState
from services.compute.domain.errors import AlreadyFinished, JobNotFound, OutputNotFound, QuotaExceeded
from services.compute.domain.ids import JobUid, new_uid
from services.compute.domain.objects import Address, Scope, StoredObject
from services.compute.ports.errands import MAX_OF_JOB, MAX_OPEN, TOO_LATE
from services.compute.ports.keyvalue import MAX_KEYS
from services.compute.ports.objects import Upload
from services.compute.ports.store import Lease
from tests.fakes.compute_store import MemoryJobStore


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

    def touch(self, stored: StoredObject, now: float) -> bool:
        with self._lock:
            known = self._objects.get(str(stored.address))
            if known is None or known.blob != stored.blob:
                return False
            self._objects[str(stored.address)] = replace(known, modified_at=now)
            return True

    def remove_old(self, address: Address, before: float) -> bool:
        with self._lock:
            known = self._objects.get(str(address))
            if known is None or known.modified_at >= before:
                return False
            del self._objects[str(address)]
            self._waste[known.blob] = 0.0
            return True

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


class MemoryErrands:
    """Over the jobs of `store`."""

    def __init__(self, store: MemoryJobStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._errands: dict[str, Errand] = {}

    def ask(self, job: JobUid, kind: ErrandKind, argument: str, by: str, now: float, until: float) -> Errand:
        with self._lock:
            if self._store.find(job, None).is_final:
                raise AlreadyFinished
            known = [errand for errand in self._errands.values() if errand.job == job]
            unended = [errand for errand in known if not errand.has_ended]
            for found, most in ((unended, MAX_OPEN), (known, MAX_OF_JOB)):
                if len(found) >= most:
                    raise QuotaExceeded("commands and snapshots of one job", most, "You")
            errand = Errand(
                uid=new_uid(), job=job, kind=kind, argument=argument, by=by, asked_at=now, until=until,
                state=ErrandState.ASKED,
            )  # fmt: skip
            self._errands[errand.uid] = errand
            return errand

    def errand(self, uid: str) -> Errand:
        if uid not in self._errands:
            raise JobNotFound
        return self._errands[uid]

    def errands(self, job: JobUid, kind: ErrandKind | None = None) -> Sequence[Errand]:
        found = [errand for errand in self._errands.values() if errand.job == job]
        return [errand for errand in found if kind in (None, errand.kind)]

    def asked(self, jobs: Collection[JobUid], now: float) -> Mapping[JobUid, Sequence[Errand]]:
        found: dict[JobUid, list[Errand]] = {}
        for errand in list(self._errands.values()):
            if errand.job not in jobs or errand.state is not ErrandState.ASKED:
                continue
            if errand.until <= now:
                self._end(errand, TOO_LATE, now)
            else:
                found.setdefault(errand.job, []).append(errand)
        return found

    def take(self, lease: Lease, uid: str, now: float) -> bool:
        with self._lock:
            self._store.read(lease)
            errand = self.errand(uid)
            if errand.state is not ErrandState.ASKED or errand.until <= now:
                return False
            self._errands[uid] = replace(errand, state=ErrandState.TAKEN)
            return True

    def finish(self, lease: Lease, errand: Errand, now: float) -> None:
        self._store.read(lease)
        if self._errands[errand.uid].state is ErrandState.TAKEN:
            self._errands[errand.uid] = replace(errand, ended_at=now)

    def abandon(self, job: JobUid, sentence: str, now: float) -> None:
        for errand in self.errands(job):
            if not errand.has_ended:
                self._end(errand, sentence, now)

    def _end(self, errand: Errand, sentence: str, now: float) -> None:
        self._errands[errand.uid] = replace(errand, state=ErrandState.FAILED, sentence=sentence, ended_at=now)
