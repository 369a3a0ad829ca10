"""Files of the file catalogue, as jobs have to do with them: read as inputs, registered from outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from services.compute.domain.objects import Address, Holder, Scope, read_address
from services.compute.domain.sheets import Sheet

SCHEME: Final = "tidegate:"  # of PFNs that name our own stored objects
KEPT: Final = Scope(Holder.CATALOGUE, "files")
FOLDER_CHARS: Final = 2  # hex digits that a GUID begins with
WEB: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileActor:
    """On whose behalf the catalogue is asked: names, as the catalogue knows people and groups."""

    name: str
    group: str
    groups: tuple[str, ...]
    vo: str


@dataclass(frozen=True, slots=True)
class LogicalReplica:
    se: str
    pfn: str
    is_own: bool  # on the element that only our services write to


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalFile:
    """`checksum` in lower-case hex, empty where none is known."""

    lfn: str
    size: int
    checksum: str
    checksum_type: str
    replicas: tuple[LogicalReplica, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLogicalFile:
    lfn: str
    guid: str
    size: int
    sha256: str
    pfn: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    ancestors: tuple[str, ...] = ()


def actor_of(sheet: Sheet) -> FileActor:
    """As whom a job was submitted."""
    groups = (sheet.owner_group,) if sheet.owner_group else ()
    return FileActor(name=sheet.owner_name, group=sheet.owner_group, groups=groups, vo=sheet.realm)


def guid_of(uid: str, path: str, lfn: str, sha256: str) -> str:
    """The same for the same bytes of the same output under the same name, so that registering twice is once,
    and what was registered never changes.
    """
    return str(uuid5(NAMESPACE_URL, f"{SCHEME}{uid}/{sha256}/{len(path)}/{path}#{lfn}"))


def address_of(guid: str) -> Address:
    """In folders, so that they can be gone through a part at a time."""
    return Address(KEPT, f"{guid[:FOLDER_CHARS]}/{guid}")


def pfn_of(address: Address) -> str:
    return f"{SCHEME}{address}"


def address_in(pfn: str) -> Address:
    """The stored object that a PFN of ours names. Raises ValueError."""
    address = read_address(pfn.removeprefix(SCHEME))
    if not pfn.startswith(SCHEME) or address.scope != KEPT:
        raise ValueError("no PFN of a stored object")
    return address
