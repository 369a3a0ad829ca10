"""What the file catalogue's use cases need. One implementation over SQL; tests/fakes has one in memory.

Every method is one transaction, raises CatalogueUnavailable, and knows nothing of rights: the use cases ask
before (services/catalogue/usecases/files/rights.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from services.catalogue.domain.files.entries import (
    Actor,
    Attributes,
    Directory,
    File,
    Listing,
    NewAttributes,
    NewFile,
    Replica,
    StorageElement,
    Usage,
)
from services.catalogue.domain.files.fields import Condition, Field, Known, Match, Value

Agree = Callable[
    [Attributes], bool
]  # whether the caller may do it to what has these; asked once for each kind


MAX_SHARES: Final = 100


@dataclass(frozen=True, slots=True)
class Nearest:
    """The entry itself or, when it is not there, the closest directory above it."""

    directory: Directory
    is_itself: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one item of a bulk: `error` is why not, or None. `is_new`: it was not there before."""

    error: Exception | None = None
    is_new: bool = False


class FileTree(Protocol):
    """Directories, files, replicas, provenance."""

    def nearest(self, paths: Sequence[str]) -> Mapping[str, Nearest]:
        """For each path; the root is always there."""

    def directory(self, path: str) -> Directory:
        """Raises NotThere."""

    def listing(
        self, path: str, *, with_replicas: bool, all_statuses: bool, limit: int, start: str | None
    ) -> Listing:
        """`start` is an earlier page's `next`: nothing that stays is missed or repeated while others write.

        Raises NotThere, InvalidValue (a `start` that is none).
        """

    def file(self, lfn: str, *, with_replicas: bool = False) -> File:
        """Whatever its status. Raises NotThere."""

    def files(self, lfns: Sequence[str], *, with_replicas: bool = False) -> Mapping[str, File]:
        """Those that are there."""

    def by_guid(self, guid: str) -> Sequence[File]: ...

    def make_directory(self, path: str, maker: Actor, mode: int, now: float) -> bool:
        """With everything above it; whether it was not there. Raises Conflict (a file has a name on the
        way).
        """

    def remove_directories(self, path: str, *, recursive: bool, agree: Agree) -> int:
        """How many went. `agree` is asked about the directory and all below it. Raises NotThere, NotEmpty,
        NotPermitted (`agree` says no), TooMuch (more lies below than one transaction takes away).
        """

    def change_directory(
        self, path: str, change: NewAttributes, now: float, *, recursive: bool, agree: Agree
    ) -> Directory:
        """`recursive`: everything below it, files too; `agree` is asked about all that changes. Raises
        NotThere, NotPermitted (`agree` says no).
        """

    def usage(self, path: str) -> Mapping[str, Usage]:
        """Below it, by storage element. Raises NotThere."""

    def add_files(self, new: Sequence[NewFile], maker: Actor, now: float) -> Mapping[str, Outcome]:
        """By LFN, directories made on demand, metadata and ancestors too; each by itself, all in one
        transaction. Ancestors are there already or come with it, in any order. Registering twice is once: the
        same GUID (or none), size, checksum and replicas are no Conflict. An unknown storage element is made
        known.
        """

    def remove_files(self, lfns: Sequence[str]) -> Mapping[str, Outcome]:
        """With all that hangs on them; NotThere for what is not."""

    def change_file(self, lfn: str, change: NewAttributes, now: float) -> File:
        """Raises NotThere."""

    def set_replica(
        self, lfn: str, replica: Replica, *, moves_from: str | None, must_be_new: bool, now: float
    ) -> File:
        """One for each storage element: it is added or takes the other's place; the first of a file is its
        master whatever `replica` says, and what takes a place takes the type along. `moves_from` is the
        element whose replica it was: nothing may be on the new one yet, as with `must_be_new` (the same
        replica is no Conflict there). Raises NotThere, Conflict.
        """

    def remove_replica(self, lfn: str, se: str, *, last_too: bool, now: float) -> None:
        """The first left, by element, becomes the master. Raises NotThere, Conflict (it is the last one)."""

    def ancestors(self, lfn: str, depth: int) -> Mapping[str, int]:
        """How many steps each is away. Raises NotThere."""

    def descendants(self, lfn: str, depth: int) -> Mapping[str, int]:
        """As `ancestors`."""

    def add_ancestors(self, lfn: str, ancestors: Sequence[str]) -> None:
        """Those it has already stay. Raises NotThere (also for an ancestor), Conflict (it would come from
        itself).
        """

    def storage_elements(self) -> Sequence[StorageElement]: ...

    def share(self, lfn: str, token_hash: str, by: str, now: float) -> None:
        """Raises NotThere, TooMuch (MAX_SHARES of one file)."""

    def shared(self, token_hash: str) -> File:
        """With its replicas. Raises NotThere."""

    def end_shares(self, lfn: str) -> int:
        """How many there were. Raises NotThere."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer on its way: `status` and `headers` are those of HTTP (200, 206, 304, 416)."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]


class OwnBytes(Protocol):
    """The bytes that this installation keeps of files."""

    def open(self, guid: str, method: str, conditions: Mapping[str, str]) -> Opened:
        """`conditions` are the reader's Range, If-Range and If-None-Match. Raises NotThere,
        CatalogueUnavailable.
        """


class FileMetadata(Protocol):
    """Fields, values, searches. Each VO has fields and metasets of its own; a path's VO is its first part.
    Nothing is known of the root itself: what asks for it is answered from a VO's top directory.
    """

    def fields(self, vo: str) -> Mapping[str, Field]: ...

    def declare(self, vo: str, field: Field) -> bool:
        """Whether it is new; parameters of its name become values. Raises Conflict (declared otherwise, a
        parameter that does not fit, is at the other level or has another one above it).
        """

    def undeclare(self, vo: str, name: str) -> None:
        """Its values go. Raises NotThere."""

    def metasets(self, vo: str) -> Mapping[str, Mapping[str, object]]: ...

    def put_metaset(self, vo: str, name: str, contents: Mapping[str, object], by: str) -> bool:
        """Whether it is new."""

    def remove_metaset(self, vo: str, name: str) -> None:
        """Raises NotThere."""

    def directory_metadata(self, path: str, *, inherited: bool) -> Known:
        """Raises NotThere."""

    def file_metadata(self, lfn: str, *, inherited: bool) -> Known:
        """Raises NotThere."""

    def set_directory(self, path: str, values: Mapping[str, object], now: float) -> None:
        """Declared names become values of their field's type, others parameters. Raises NotThere,
        InvalidValue, Conflict (a field that has a value above or below, or is one of files; the text names
        where).
        """

    def set_file(self, lfn: str, values: Mapping[str, object], now: float) -> None:
        """Raises NotThere, InvalidValue, Conflict (a field of directories)."""

    def unset_directory(self, path: str, names: Sequence[str], now: float) -> None:
        """Raises NotThere, also for a name without an own value; then nothing has changed."""

    def unset_file(self, lfn: str, names: Sequence[str], now: float) -> None:
        """As `unset_directory`."""

    def matching(
        self, path: str, conditions: Sequence[Condition], limit: int
    ) -> tuple[Sequence[Match], bool, Directory]:
        """Directories at `path` and below for which all conditions hold (own values or those above), by path;
        whether there are more than `limit`; and the directory at `path`. Raises NotThere.
        """

    def compatible(
        self, path: str, conditions: Sequence[Condition], *, with_files: bool
    ) -> Mapping[str, Sequence[Value]]:
        """The values of every field on what is compatible with all conditions (contract 3.5), sorted; fields
        without any are left out. `with_files`: fields of files too. Raises NotThere, TooMuch.
        """

    def find_files(
        self, path: str, conditions: Sequence[Condition], *, all_statuses: bool, limit: int, start: int
    ) -> tuple[int, Sequence[File]]:
        """Files below `path` whose directory and whose own values fit, by directory and name, and how many
        there are in all. Raises NotThere.
        """


__all__ = ["Agree", "Attributes", "FileMetadata", "FileTree", "Nearest", "NewAttributes", "Outcome"]
