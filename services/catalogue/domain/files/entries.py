"""Directories, files, replicas as they are read. Sizes in bytes, times in UTC seconds, modes as in POSIX."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.catalogue.domain.files.fields import Value

DEFAULT_MODE: Final = 0o775
MAX_MODE: Final = 0o7777


class Status(StrEnum):
    """Only the first is seen unless all are asked for (contract 3.5)."""

    GOOD = "AprioriGood"
    TRASH = "Trash"
    REMOVING = "Removing"
    PROBING = "Probing"


class ChecksumType(StrEnum):
    ADLER32 = "Adler32"
    MD5 = "MD5"
    SHA256 = "SHA256"
    SHA512 = "SHA512"


class FileType(StrEnum):
    FILE = "File"
    LINK = "Link"


class ReplicaType(StrEnum):
    MASTER = "Master"  # the first
    REPLICA = "Replica"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks: `name` owns what they make, in `group`; `groups` are all that count for their rights. `vo` is
    the one whose tree they see (None: nobody's). A manager may do everything in it.
    """

    name: str
    group: str
    groups: tuple[str, ...]
    vo: str | None
    is_manager: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What directories and files have alike; `uid` and `gid` number the names."""

    uid: int
    owner: str
    gid: int
    group: str
    mode: int
    status: Status
    created_at: float
    modified_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """`files`, `bytes` and `directories` count everything below, each file once."""

    id: int
    path: str
    attributes: Attributes
    files: int
    bytes: int
    directories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    se: str
    pfn: str
    status: Status
    type: ReplicaType


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """`replicas` are there where they were asked for."""

    id: int
    lfn: str
    size: int
    checksum: str  # lower-case hex; empty: unknown
    checksum_type: ChecksumType
    guid: str
    type: FileType
    attributes: Attributes
    replicas: tuple[Replica, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """What somebody registers. `replicas` are PFN by storage element; `guid` None makes one."""

    lfn: str
    size: int
    checksum: str = ""
    checksum_type: ChecksumType = ChecksumType.ADLER32
    guid: str | None = None
    mode: int = DEFAULT_MODE
    type: FileType = FileType.FILE
    status: Status = Status.GOOD
    replicas: Mapping[str, str] = field(default_factory=dict)
    ancestors: tuple[str, ...] = ()  # LFNs
    metadata: Mapping[str, Value] = field(default_factory=dict)  # whoever registers it types them


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttributes:
    """What changes; None stays."""

    mode: int | None = None
    owner: str | None = None
    group: str | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What lies on one storage element."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageElement:
    """`is_own`: its bytes are kept by this installation; only its services register replicas there."""

    name: str
    protocols: tuple[str, ...] = ()
    is_readable: bool = True
    is_writable: bool = True
    is_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a directory: subdirectories first, then files, each by name. `next` is where the following
    page begins (opaque; None: nowhere).
    """

    directory: Directory
    subdirectories: tuple[Directory, ...]
    files: tuple[File, ...]
    next: str | None
