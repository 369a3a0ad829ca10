"""What archives of every kind hold, one member after the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.compute.domain import layout

MAX_MEMBERS: Final = 100_000
CHUNK: Final = 256 * 1024


class BadArchive(Exception):
    """It is none, it is broken, or it holds what must not be unpacked; the sentence says which."""


class Kind(StrEnum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SAME = "same"  # another name of a file that came before


@dataclass(frozen=True, slots=True)
class Member:
    """`parts` are empty for the archive's own top. `target` is a link's text, or the earlier file's name.
    `content` is to be read before the next member is asked for; it raises BadArchive.
    """

    parts: tuple[str, ...]
    kind: Kind
    content: Iterable[bytes] = ()
    target: str = ""
    executable: bool = False
    size: int | None = None  # of a file, where the archive tells before its content comes


def parts_of(name: str) -> tuple[str, ...]:
    """Raises BadArchive for a name that leads out of its place, or that no file may have."""
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or ".." in parts:
        raise BadArchive(f"it holds a path that leads out of its place: {shown(name)}")
    if parts and not layout.is_plain_path("/".join(parts)):
        raise BadArchive(f"it holds a name that no file may have: {shown(name)}")
    return parts


def shown(name: str) -> str:
    return ascii(name)[1:-1][:300]
