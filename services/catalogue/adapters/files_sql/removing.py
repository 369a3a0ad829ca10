"""Taking files and directories away, with all that hangs on them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Select, bindparam, delete, select

from services.catalogue.adapters.files_sql.adding import SqlAdding
from services.catalogue.adapters.files_sql.bulk_rows import Places
from services.catalogue.adapters.files_sql.counting import Deltas
from services.catalogue.adapters.files_sql.finding import directory_at, ids_at, parents_of, places_of
from services.catalogue.adapters.files_sql.kinds import kinds_below
from services.catalogue.adapters.files_sql.tables import (
    directories,
    directory_tree,
    directory_usage,
    files,
    replicas,
)
from services.catalogue.adapters.files_sql.work import batched
from services.catalogue.domain.files.entries import Directory
from services.catalogue.domain.files.errors import NotEmpty, NotPermitted, NotThere, TooMuch
from services.catalogue.domain.files.lfn import ROOT, child, parent_of
from services.catalogue.file_ports import Agree, Outcome

MOST_AT_ONCE: Final = 50_000  # entries: a few seconds, in which nobody else writes to the VO's tree
_D, _F, _T, _U, _R = directories.c, files.c, directory_tree.c, directory_usage.c, replicas.c
_ID: Final[BindParameter[int]] = bindparam("id")
_BELOW: Final = select(_T.directory_id).where(_T.ancestor_id == _ID)
_CONTENT: Final[Sequence[Select[Any]]] = (
    select(_F.id).where(_F.directory_id == _ID).limit(1),
    select(_D.id).where(_D.parent_id == _ID).limit(1),
)
_DELETE_FILES: Final = delete(files).where(_F.directory_id.in_(_BELOW))
_DELETE_DIRECTORIES: Final = delete(directories).where(_D.id.in_(_BELOW))
_USAGE: Final = select(_U.se_id, _U.files, _U.bytes).where(_U.directory_id == _ID)
_TAKE: Final = Places(
    select(_F.id, _F.directory_id, _D.path, _F.name, _F.size)
    .join(directories, _D.id == _F.directory_id)
    .order_by(_F.directory_id, _F.name)
    .with_for_update(of=files),
    _F.directory_id,
    _F.name,
)
_REPLICAS: Final = select(_R.file_id, _R.se_id).where(_R.file_id.in_(bindparam("ids", expanding=True)))
_DELETE: Final = delete(files).where(_F.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Held:
    """A file whose row this transaction has for itself."""

    id: int
    directory: int
    size: int


class SqlRemoving(SqlAdding):
    most_at_once = MOST_AT_ONCE

    def remove_directories(self, path: str, *, recursive: bool, agree: Agree) -> int:
        if path == ROOT:
            raise NotPermitted("The root stays.")

        def work(connection: Connection) -> int:
            self._hold_trees(connection, [path], alone=True)
            directory = directory_at(connection, path)
            self._ask(connection, directory, agree, recursive)
            deltas = Deltas()
            _forget(connection, directory, ids_at(connection, [parent_of(path)])[parent_of(path)], deltas)
            connection.execute(_DELETE_FILES, {"id": directory.id})
            connection.execute(_DELETE_DIRECTORIES, {"id": directory.id})
            deltas.apply(connection)
            return directory.directories + 1

        return self._write(work)

    def _ask(self, connection: Connection, directory: Directory, agree: Agree, recursive: bool) -> None:
        """Raises NotPermitted, NotEmpty, TooMuch."""
        path = directory.path
        if not agree(directory.attributes):
            raise NotPermitted(f"{path} is not yours to remove.")
        if all(connection.execute(query, {"id": directory.id}).first() is None for query in _CONTENT):
            return
        if not recursive:
            raise NotEmpty(f"{path} is not empty")
        self._limit(directory)
        if not all(map(agree, kinds_below(connection, directory.id, with_files=False))):
            raise NotPermitted(f"Something below {path} is not yours to remove.")

    def _limit(self, directory: Directory) -> None:
        """Raises TooMuch."""
        if directory.files + directory.directories > self.most_at_once:
            raise TooMuch(
                f"{directory.path} has more than {self.most_at_once} entries: take parts of it first."
            )

    def remove_files(self, lfns: Sequence[str]) -> Mapping[str, Outcome]:
        def work(connection: Connection) -> dict[str, Outcome]:
            self._hold_trees(connection, lfns, alone=False)
            held = hold_files(connection, lfns)
            deltas = Deltas()
            by_id = {file.id: file for file in held.values()}
            for some in batched(sorted(by_id)):
                for number, se in connection.execute(_REPLICAS, {"ids": list(some)}):
                    deltas.use(by_id[number].directory, se, files=-1, size=-by_id[number].size)
                connection.execute(_DELETE, {"ids": list(some)})
            for file in held.values():
                deltas.count(file.directory, files=-1, size=-file.size)
            deltas.apply(connection)
            return {lfn: Outcome() if lfn in held else Outcome(not_there(lfn)) for lfn in lfns}

        return self._write(work) if lfns else {}


def hold_files(connection: Connection, lfns: Collection[str]) -> dict[str, Held]:
    """Those that are there, until the transaction ends; in order, so that no two wait for each other."""
    rows = _TAKE.find(connection, places_of(ids_at(connection, parents_of(lfns)), lfns))
    return {child(path, name): Held(number, parent, size) for number, parent, path, name, size in rows}


def hold_file(connection: Connection, lfn: str) -> Held:
    """Raises NotThere."""
    held = hold_files(connection, [lfn])
    if lfn not in held:
        raise not_there(lfn)
    return held[lfn]


def not_there(lfn: str) -> NotThere:
    return NotThere(f"There is no file {lfn}")


def _forget(connection: Connection, directory: Directory, parent: int, deltas: Deltas) -> None:
    """What goes away with the directory, from all above it."""
    deltas.count(
        parent, files=-directory.files, size=-directory.bytes, directories=-directory.directories - 1
    )
    for se, count, size in connection.execute(_USAGE, {"id": directory.id}):
        deltas.use(parent, se, files=-count, size=-size)
