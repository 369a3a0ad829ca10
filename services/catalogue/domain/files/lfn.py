"""Logical file names: absolute, `/` between parts, the first is the virtual organisation (contract 3.5)."""

import re
from typing import Final

from services.catalogue.domain.files.errors import InvalidPath

ROOT: Final = "/"
MAX_NAME_BYTES: Final = 255  # of one part, as file systems have it
MAX_PATH_BYTES: Final = 4096
MAX_DEPTH: Final = 64
_CONTROLS: Final = re.compile(r"[\0-\x1f\x7f]")


def parse_lfn(text: str) -> str:
    """`text` without trailing slashes. Raises InvalidPath."""
    if not text.startswith("/"):
        raise InvalidPath("A path begins with /.")
    stripped = text.rstrip("/")
    if not stripped:
        return ROOT
    try:
        encoded = stripped.encode()
    except UnicodeEncodeError:
        raise InvalidPath("A path is UTF-8.") from None
    if len(encoded) > MAX_PATH_BYTES:
        raise InvalidPath(f"A path has {MAX_PATH_BYTES} bytes at most.")
    parts = stripped[1:].split("/")
    if len(parts) > MAX_DEPTH:
        raise InvalidPath(f"A path has {MAX_DEPTH} parts at most.")
    if _CONTROLS.search(stripped) is not None:
        raise InvalidPath("A path has no control characters.")
    for part in parts:
        _check(part)
    return stripped


def _check(part: str) -> None:
    if part in ("", ".", ".."):
        raise InvalidPath("A path has no empty parts, no . and no .. in it.")
    if len(part.encode()) > MAX_NAME_BYTES:
        raise InvalidPath(f"Each part of a path has {MAX_NAME_BYTES} bytes at most.")


def parent_of(lfn: str) -> str:
    """Of the root: itself."""
    return lfn.rpartition("/")[0] or ROOT


def name_of(lfn: str) -> str:
    """The last part; empty for the root."""
    return lfn.rpartition("/")[2]


def vo_of(lfn: str) -> str | None:
    """The first part; None for the root."""
    return lfn.split("/", 2)[1] or None


def above(lfn: str) -> list[str]:
    """Every directory over it, from the root down; nothing for the root."""
    parts = lfn.split("/")[1:-1] if lfn != ROOT else []
    found = [] if lfn == ROOT else [ROOT]
    for part in parts:
        found.append(child(found[-1], part))
    return found


def child(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}"


def is_below(lfn: str, directory: str) -> bool:
    """Or the same."""
    return directory == ROOT or lfn == directory or lfn.startswith(directory + "/")
