"""Outputs as files here: whole or not there, checked, and never outside the folder that was named."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from libs.client.errors import BadDownload


def target_of(folder: Path, path: str) -> Path:
    """Where an output of that path goes. Raises BadDownload for one that would leave `folder`."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path or "\\" in path:
        raise BadDownload(f"The gateway offers a file named {path!r}: it is left where it is.")
    target = folder.joinpath(*parts)
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise BadDownload(f"{path!r} lies behind a link that leads out of {folder}.")
    return target


def save(pieces: Iterator[bytes], target: Path, file: Mapping[str, Any] | None = None) -> int:
    """Write it, and return its size; with `file`, hold it to size and sha256. Raises BadDownload."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name[:200]}.part")
    digest, size = hashlib.sha256(), 0
    try:
        with part.open("wb") as handle:
            for piece in pieces:
                handle.write(piece)
                digest.update(piece)
                size += len(piece)
        if file is not None and (size, digest.hexdigest()) != (file["size"], file["sha256"]):
            raise BadDownload(f"{file['path']} did not arrive as it is kept: fetch it again.")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return size
