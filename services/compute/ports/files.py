"""Bytes: the object store for what is kept, and the logs of what runs. Paths as domain/layout.py makes
them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Kept:
    """`sha256` in hex."""

    size: int
    sha256: str


class ObjectFiles(Protocol):
    """All raise FilesUnavailable; reading what is not there raises OutputNotFound. Nothing is held in
    memory.
    """

    def put(self, path: str, chunks: Iterable[bytes], limit: int | None = None) -> Kept:
        """Whole or not at all: a reader never sees a part. Raises Refused (output_too_large) past `limit`
        bytes.
        """

    def put_file(self, path: str, source: Path) -> Kept: ...

    def open(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """From byte `start`."""

    def size(self, path: str) -> int: ...

    def sizes(self, folder: str) -> Mapping[str, int]:
        """Bytes of each file right in `folder`, by name; empty when there is no such folder."""

    def unchanged_since(self, folder: str, moment: float) -> Iterator[str]:
        """Paths of the files below `folder`, at any depth, that were last written before `moment`; each is
        looked at just before it is given.
        """

    def remove(self, path: str) -> None:
        """A file, or a folder with everything below; nothing there is fine."""

    def ping(self) -> None: ...


class Logs(Protocol):
    """A job's log streams, while it runs and after: the live file first, else the kept one."""

    def streams(self, uid: str, attempt: int) -> Sequence[str]:
        """Names of what exists so far, in the order: staging, runs, publishing."""

    def size(self, uid: str, attempt: int, stream: str) -> int:
        """Bytes so far. Raises OutputNotFound."""

    def read(self, uid: str, attempt: int, stream: str, start: int, length: int) -> bytes:
        """At most `length` bytes from byte `start`; empty at the end so far. Raises OutputNotFound."""

    def chunks(
        self, uid: str, attempt: int, stream: str, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """As it stands now, in pieces. Raises OutputNotFound."""
