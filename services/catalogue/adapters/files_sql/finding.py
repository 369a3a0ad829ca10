"""Reading the tree: entries by path, pages of a directory, what lies below it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from services.catalogue.adapters.files_sql.bulk_rows import Places
from services.catalogue.adapters.files_sql.pages import Place, read_place, write_place
from services.catalogue.adapters.files_sql.rows import (
    directory_of,
    file_of,
    replica_of,
    select_directories,
    select_files,
    select_replicas,
)
from services.catalogue.adapters.files_sql.tables import (
    directories,
    directory_usage,
    files,
    replicas,
    storage_elements,
)
from services.catalogue.adapters.files_sql.work import SqlPart, batched, path_hash
from services.catalogue.domain.files.entries import (
    Directory,
    File,
    Listing,
    Replica,
    Status,
    StorageElement,
    Usage,
)
from services.catalogue.domain.files.errors import NotThere
from services.catalogue.domain.files.lfn import ROOT, above, name_of, parent_of
from services.catalogue.file_ports import Nearest

_D, _F, _U, _S = directories.c, files.c, directory_usage.c, storage_elements.c
_BY_HASHES: Final = select_directories().where(_D.path_hash.in_(bindparam("hashes", expanding=True)))
_IDS: Final = select(_D.path, _D.id).where(_D.path_hash.in_(bindparam("hashes", expanding=True)))
_SUBDIRECTORIES: Final = (
    select_directories()
    .where(_D.parent_id == bindparam("parent"), _D.name > bindparam("after"))
    .order_by(_D.name)
    .limit(bindparam("most"))
)
_FILES: Final = (
    select_files()
    .where(_F.directory_id == bindparam("parent"), _F.name > bindparam("after"))
    .order_by(_F.name)
    .limit(bindparam("most"))
)
_GOOD: Final = Status.GOOD.value
_GOOD_SUBDIRECTORIES: Final = _SUBDIRECTORIES.where(_D.status == _GOOD)
_GOOD_FILES: Final = _FILES.where(_F.status == _GOOD)
_NAMED: Final = Places(select_files(), _F.directory_id, _F.name)
_BY_GUID: Final = select_files().where(_F.guid == bindparam("guid")).order_by(_F.id)
_REPLICAS: Final = select_replicas().where(replicas.c.file_id.in_(bindparam("ids", expanding=True)))
_USAGE: Final = (
    select(_S.name, _U.files, _U.bytes)
    .join(storage_elements, _S.id == _U.se_id)
    .where(_U.directory_id == bindparam("id"), _U.files > 0)
    .order_by(_S.name)
)
_ELEMENTS: Final = select(_S.name, _S.protocols, _S.is_readable, _S.is_writable).order_by(_S.name)


class SqlFinding(SqlPart):
    def nearest(self, paths: Sequence[str]) -> Mapping[str, Nearest]:
        wanted = {path for path in paths} | {way for path in paths for way in above(path)} | {ROOT}
        there = self._read(lambda connection: directories_at(connection, sorted(wanted)))
        return {path: _nearest(path, there) for path in paths}

    def directory(self, path: str) -> Directory:
        return self._read(lambda connection: directory_at(connection, path))

    def listing(
        self, path: str, *, with_replicas: bool, all_statuses: bool, limit: int, start: str | None
    ) -> Listing:
        place = Place() if start is None else read_place(start)

        def work(connection: Connection) -> Listing:
            directory = directory_at(connection, path)
            return _page(connection, directory, place, limit, all_statuses, with_replicas)

        return self._read(work)

    def file(self, lfn: str, *, with_replicas: bool = False) -> File:
        return self._read(lambda connection: file_at(connection, lfn, with_replicas=with_replicas))

    def files(self, lfns: Sequence[str], *, with_replicas: bool = False) -> Mapping[str, File]:
        return self._read(lambda connection: files_at(connection, lfns, with_replicas=with_replicas))

    def by_guid(self, guid: str) -> Sequence[File]:
        rows = self._read(lambda connection: connection.execute(_BY_GUID, {"guid": guid}).all())
        return [file_of(row) for row in rows]

    def usage(self, path: str) -> Mapping[str, Usage]:
        def work(connection: Connection) -> dict[str, Usage]:
            rows = connection.execute(_USAGE, {"id": directory_at(connection, path).id})
            return {name: Usage(files=count, bytes=size) for name, count, size in rows}

        return self._read(work)

    def storage_elements(self) -> Sequence[StorageElement]:
        rows = self._read(lambda connection: connection.execute(_ELEMENTS).all())
        return [
            StorageElement(
                name=name,
                protocols=tuple(json.loads(protocols)),
                is_readable=bool(readable),
                is_writable=bool(writable),
            )
            for name, protocols, readable, writable in rows
        ]


def directories_at(connection: Connection, paths: Sequence[str]) -> dict[str, Directory]:
    """Those that are there."""
    found: dict[str, Directory] = {}
    for some in batched(paths):
        rows = connection.execute(_BY_HASHES, {"hashes": [path_hash(path) for path in some]})
        found.update((row[1], directory_of(row)) for row in rows)
    return found


def ids_at(connection: Connection, paths: Sequence[str]) -> dict[str, int]:
    """As directories_at, their ids only."""
    found: dict[str, int] = {}
    for some in batched(paths):
        rows = connection.execute(_IDS, {"hashes": [path_hash(path) for path in some]})
        found.update((path, number) for path, number in rows)
    return found


def directory_at(connection: Connection, path: str) -> Directory:
    """Raises NotThere."""
    found = directories_at(connection, [path])
    if path not in found:
        raise NotThere(f"There is no directory {path}")
    return found[path]


def files_at(connection: Connection, lfns: Sequence[str], *, with_replicas: bool = False) -> dict[str, File]:
    """Those that are there."""
    rows = _NAMED.find(connection, places_of(ids_at(connection, parents_of(lfns)), lfns))
    return {file.lfn: file for file in _files_of(connection, rows, with_replicas)}


def parents_of(paths: Iterable[str]) -> list[str]:
    return sorted(set(map(parent_of, paths)))


def places_of(ids: Mapping[str, int], paths: Iterable[str]) -> list[tuple[int, str]]:
    """The directory and the name of each, where the directory is there."""
    placed = ((ids.get(parent_of(path)), name_of(path)) for path in paths)
    return [(parent, name) for parent, name in placed if parent is not None]


def file_at(connection: Connection, lfn: str, *, with_replicas: bool = False) -> File:
    """Raises NotThere."""
    found = files_at(connection, [lfn], with_replicas=with_replicas)
    if lfn not in found:
        raise NotThere(f"There is no file {lfn}")
    return found[lfn]


def replicas_of(connection: Connection, ids: Iterable[int]) -> dict[int, list[Replica]]:
    found: dict[int, list[Replica]] = {}
    for some in batched(list(ids)):
        for number, *row in connection.execute(_REPLICAS, {"ids": some}):
            found.setdefault(number, []).append(replica_of(*row))
    return found


def _files_of(connection: Connection, rows: Sequence[Any], with_replicas: bool) -> list[File]:
    known = replicas_of(connection, [row[0] for row in rows]) if with_replicas else {}
    return [file_of(row, known.get(row[0], ())) for row in rows]


def _page(
    connection: Connection,
    directory: Directory,
    place: Place,
    limit: int,
    all_statuses: bool,
    with_replicas: bool,
) -> Listing:
    """One more than `limit` is asked for: it says whether another page follows."""
    subdirectories: list[Directory] = []
    after = place.name if place.is_file else ""
    if not place.is_file:
        values = {"parent": directory.id, "after": place.name, "most": limit + 1}
        rows = connection.execute(_SUBDIRECTORIES if all_statuses else _GOOD_SUBDIRECTORIES, values)
        subdirectories = [directory_of(row) for row in rows]
    room = limit + 1 - len(subdirectories)
    found: Sequence[Any] = ()
    if room > 0:
        values = {"parent": directory.id, "after": after, "most": room}
        found = connection.execute(_FILES if all_statuses else _GOOD_FILES, values).all()
    is_more = len(subdirectories) + len(found) > limit
    subdirectories, found = subdirectories[:limit], found[: max(0, limit - len(subdirectories))]
    listed = _files_of(connection, found, with_replicas)
    last = Place(name_of(listed[-1].lfn), True) if listed else (
        Place(name_of(subdirectories[-1].path)) if subdirectories else place
    )  # fmt: skip
    return Listing(
        directory=directory,
        subdirectories=tuple(subdirectories),
        files=tuple(listed),
        next=write_place(last) if is_more else None,
    )


def _nearest(path: str, there: Mapping[str, Directory]) -> Nearest:
    if path in there:
        return Nearest(there[path], True)
    way = next(way for way in reversed(above(path)) if way in there)
    return Nearest(there[way], False)
