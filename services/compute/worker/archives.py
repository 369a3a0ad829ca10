"""A folder as one `.tgz`: the same bytes for the same contents, made while they are read, nothing held.

Times, owners and rights are left out but for whether a file can be run. Links are kept as links, and only
those that stay in the folder.
"""

import os
import stat
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from services.compute.domain.errors import Refused
from services.compute.domain.reasons import Reason
from services.compute.worker.links import is_inner, leads_out
from services.compute.worker.view import Parts
from services.compute.worker.walk import Entry, Findings, Ground, Walk, is_keepable

ENDING: Final = ".tgz"
_CHUNK: Final = 256 * 1024
_LEVEL: Final = 6
_FOLDER: Final = stat.S_IFDIR
_GZIP: Final = 31  # zlib's window with a gzip frame around, which it gives no time


def members_of(ground: Ground, parts: Parts, findings: Findings) -> tuple[Entry, ...] | None:
    """All that a folder holds, by name; None when there is no such folder. What cannot be kept is left out
    and told to the findings. Raises Refused (output_too_large).
    """
    try:
        os.close(ground.open_folder(parts))
    except FileNotFoundError:
        return None
    except OSError as error:
        findings.refuse("The folder that is to be kept cannot be read.", error.strerror or "")
        return None
    kept = []
    for entry in Walk(ground, parts, lambda _: True, findings).entries():
        is_wanted = (
            entry.is_folder or entry.is_file or (entry.is_link and is_inner(entry.parts, entry.target))
        )
        if is_wanted and is_keepable(entry.path):
            kept.append(entry)
        elif not entry.is_folder:
            findings.refuse_entry(entry)
    links = {entry.parts: entry.target for entry in kept if entry.is_link}
    if leads_out(links) is not None:
        findings.refuse("Links in a folder that is to be kept lead out of it.")
        kept = [entry for entry in kept if not entry.is_link]
    return tuple(sorted(kept, key=lambda entry: entry.parts))


def archive(ground: Ground, parts: Parts, members: Sequence[Entry], prefix: Parts) -> Iterator[bytes]:
    """The archive's bytes; members are named below `prefix`. Raises OSError, Refused for what has changed."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in _tar(ground, parts, members, prefix):
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _tar(ground: Ground, parts: Parts, members: Sequence[Entry], prefix: Parts) -> Iterator[bytes]:
    for length in range(1, len(prefix) + 1):
        yield _head(Entry(prefix[:length], _FOLDER, 0), ())
    for entry in members:
        yield _head(entry, prefix)
        if entry.is_file:
            yield from _content(ground, (*parts, *entry.parts), entry)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _head(entry: Entry, prefix: Parts) -> bytes:
    head = tarfile.TarInfo("/".join((*prefix, *entry.parts)))
    if entry.is_folder:
        head.type, head.mode = tarfile.DIRTYPE, 0o755
    elif entry.is_link:
        head.type, head.mode, head.linkname = tarfile.SYMTYPE, 0o777, entry.target
    else:
        head.size, head.mode = entry.size, 0o755 if entry.mode & 0o111 else 0o644
    return head.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _content(ground: Ground, parts: Parts, entry: Entry) -> Iterator[bytes]:
    left = entry.size
    with ground.open_file(parts) as file:
        while left > 0 and (chunk := file.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk
    if left:
        raise Refused(Reason("output_refused", "A file of an output changed while it was kept."))
    yield bytes(-entry.size % tarfile.BLOCKSIZE)
