"""Reading the tree of files in memory: every sum is counted when it is asked for, so nothing can drift."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from threading import RLock
from typing import Any, TypeVar

from services.catalogue.adapters.files_sql.pages import Place, read_place, write_place
from services.catalogue.domain.files.entries import (
    Actor,
    Attributes,
    Directory,
    File,
    Listing,
    Status,
    StorageElement,
    Usage,
)
from services.catalogue.domain.files.errors import (
    NotThere,
)
from services.catalogue.domain.files.lfn import ROOT, above, is_below, name_of, parent_of
from services.catalogue.file_ports import Nearest

C = TypeVar("C", bound=Callable[..., Any])


def alone(method: C) -> C:
    @wraps(method)
    def run(self: "MemoryReading", *args: Any, **more: Any) -> Any:
        with self._lock:
            return method(self, *args, **more)

    return run  # type: ignore[return-value]


@dataclass(slots=True)
class Entry:
    id: int
    attributes: Attributes
    file: File | None = None


class MemoryReading:
    """What `MemoryTree` tells."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._last = 0
        self._numbers: dict[tuple[str, str], int] = {}
        self._directories: dict[str, Entry] = {}
        self._files: dict[str, Entry] = {}
        self._origins: dict[str, dict[str, int]] = {}  # of a file: its ancestors, steps
        self._elements: set[str] = set()
        self._shares: dict[str, str] = {}
        root = Actor(name="root", group="root", groups=(), vo=None)
        self._directories[ROOT] = Entry(self._next(), self._attributes(root, 0o755, 0.0))

    @alone
    def nearest(self, paths: Sequence[str]) -> Mapping[str, Nearest]:
        return {path: self._nearest(path) for path in paths}

    @alone
    def directory(self, path: str) -> Directory:
        if path not in self._directories:
            raise NotThere(f"There is no directory {path}")
        files = [each for lfn, each in self._files.items() if is_below(lfn, path)]
        entry = self._directories[path]
        return Directory(
            id=entry.id,
            path=path,
            attributes=entry.attributes,
            files=len(files),
            bytes=sum(each.file.size for each in files if each.file is not None),
            directories=sum(is_below(other, path) for other in self._directories) - 1,
        )

    @alone
    def listing(
        self, path: str, *, with_replicas: bool, all_statuses: bool, limit: int, start: str | None
    ) -> Listing:
        place = Place() if start is None else read_place(start)
        directory = self.directory(path)
        known: list[tuple[bool, str, str]] = [
            (is_file, name_of(other), other)
            for is_file, entries in ((False, self._directories), (True, self._files))
            for other, entry in entries.items()
            if other != ROOT
            and parent_of(other) == path
            and (all_statuses or entry.attributes.status is Status.GOOD)
        ]
        rest = [each for each in sorted(known) if each[:2] > (place.is_file, place.name)]
        page = rest[:limit]
        return Listing(
            directory=directory,
            subdirectories=tuple(self.directory(other) for is_file, _, other in page if not is_file),
            files=tuple(self._file(other, with_replicas) for is_file, _, other in page if is_file),
            next=write_place(Place(page[-1][1], page[-1][0])) if len(rest) > limit else None,
        )

    @alone
    def file(self, lfn: str, *, with_replicas: bool = False) -> File:
        return self._file(lfn, with_replicas)

    @alone
    def files(self, lfns: Sequence[str], *, with_replicas: bool = False) -> Mapping[str, File]:
        return {lfn: self._file(lfn, with_replicas) for lfn in lfns if lfn in self._files}

    @alone
    def by_guid(self, guid: str) -> Sequence[File]:
        found = [self._file(lfn, False) for lfn in self._files]
        return sorted((file for file in found if file.guid == guid), key=lambda file: file.id)

    @alone
    def usage(self, path: str) -> Mapping[str, Usage]:
        self.directory(path)
        sums: dict[str, list[int]] = {}
        for lfn, entry in self._files.items():
            if is_below(lfn, path) and entry.file is not None:
                for replica in entry.file.replicas:
                    counted = sums.setdefault(replica.se, [0, 0])
                    counted[0] += 1
                    counted[1] += entry.file.size
        return {se: Usage(files=count, bytes=size) for se, (count, size) in sorted(sums.items())}

    @alone
    def ancestors(self, lfn: str, depth: int) -> Mapping[str, int]:
        self._file(lfn, False)
        known = self._origins.get(lfn, {})
        return {other: steps for other, steps in known.items() if steps <= depth}

    @alone
    def descendants(self, lfn: str, depth: int) -> Mapping[str, int]:
        self._file(lfn, False)
        known = {other: origins.get(lfn, depth + 1) for other, origins in self._origins.items()}
        return {other: steps for other, steps in known.items() if steps <= depth}

    @alone
    def storage_elements(self) -> Sequence[StorageElement]:
        return [StorageElement(name=name) for name in sorted(self._elements)]

    @alone
    def shared(self, token_hash: str) -> File:
        if token_hash not in self._shares:
            raise NotThere("There is no such share")
        return self._file(self._shares[token_hash], True)

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _number(self, kind: str, name: str) -> int:
        return self._numbers.setdefault((kind, name), len(self._numbers) + 1)

    def _attributes(self, maker: Actor, mode: int, now: float, status: Status = Status.GOOD) -> Attributes:
        return Attributes(
            uid=self._number("owner", maker.name),
            owner=maker.name,
            gid=self._number("group", maker.group),
            group=maker.group,
            mode=mode,
            status=status,
            created_at=now,
            modified_at=now,
        )

    def _nearest(self, path: str) -> Nearest:
        way = next(way for way in (path, *reversed(above(path))) if way in self._directories)
        return Nearest(self.directory(way), way == path)

    def _file(self, lfn: str, with_replicas: bool) -> File:
        entry = self._files.get(lfn)
        if entry is None or entry.file is None:
            raise NotThere(f"There is no file {lfn}")
        whole = replace(entry.file, attributes=entry.attributes)
        return whole if with_replicas else replace(whole, replicas=())

    def _obstacle(self, path: str) -> str | None:
        return next((way for way in (*above(path), path) if way in self._files), None)
