"""Jobs of the DIRAC room that have ended, and archives as clients open them."""

import bz2
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import zstandard

from services.compute.domain.job import Job, Stored, StoredFile
from services.compute.domain.layout import stored_log, stored_output
from services.compute.domain.states import State
from services.compute.ports.store import Change
from tests.fakes.compute_dirac import Dirac

OPENERS: Mapping[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.decompress,
    "tar.bz2": bz2.decompress,
    "tar.zst": lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
}
MEDIA_TYPES = {
    "tar": "application/x-tar",
    "tar.gz": "application/gzip",
    "tar.bz2": "application/x-bzip2",
    "tar.zst": "application/zstd",
    "zip": "application/zip",
}


def opened(data: bytes, form: str) -> dict[str, bytes]:
    """The files of an archive that is really of this form."""
    if form == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(fileobj=io.BytesIO(OPENERS[form](data)), mode="r:") as tar:
        assert all(member.isfile() for member in tar)
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def tarred(files: Mapping[str, bytes], **odd: bytes) -> bytes:
    """`odd`: names of entries of another type."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for name, kind in odd.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
    return out.getvalue()


def end(
    room: Dirac,
    jid: int,
    outputs: Mapping[str, bytes] | None = None,
    streams: Mapping[str, bytes] | None = None,
    state: State = State.SUCCEEDED,
) -> Job:
    """As a worker ends it. `streams` by kind: stdout, stderr, output."""
    job = room.job(jid)
    claimed = room.store.claim("worker", {"small": 999, "large": 999}, room.clock.now(), 1e6, 5000)
    lease = next(claim.lease for claim in claimed if claim.job.id == jid)
    room.store.release([claim.lease for claim in claimed if claim.job.id != jid])
    kept: list[StoredFile] = []
    for path, content in (outputs or {}).items():
        kept.append(_kept(room, Stored.OUTPUT, path, stored_output(job.uid, path), content))
    for kind, content in (streams or {}).items():
        stream = f"main.0.0.{kind}"
        kept.append(_kept(room, Stored.LOG, stream, stored_log(job.uid, 1, stream), content))
    steps: list[tuple[State, dict[str, Any]]] = [
        (State.STAGING, {"attempt_begins": True}),
        (State.PULLING, {}),
        (State.RUNNING, {"started_at": room.clock.now()}),
        (State.PUBLISHING, {}),
        (state, {"exit_code": 0, "files": kept, "release": True}),
    ]
    for to, more in steps:
        job = room.store.change(lease, Change(to=to, **more), room.clock.now())
    return job


def _kept(room: Dirac, kind: Stored, path: str, place: str, content: bytes) -> StoredFile:
    put = room.files.put(place, [content])
    media_type = "text/plain" if kind is Stored.LOG else "application/octet-stream"
    return StoredFile(kind=kind, path=path, size=put.size, media_type=media_type, sha256=put.sha256)
