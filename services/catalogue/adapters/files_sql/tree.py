"""The port FileTree: all of it on top of what the modules beside it do; where files come from; shares."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select

from services.catalogue.adapters.files_sql.changing import SqlChanging
from services.catalogue.adapters.files_sql.finding import file_at, files_at, replicas_of
from services.catalogue.adapters.files_sql.lineage import link
from services.catalogue.adapters.files_sql.removing import hold_file
from services.catalogue.adapters.files_sql.rows import file_of, select_files
from services.catalogue.adapters.files_sql.tables import directories, file_ancestors, files, shares
from services.catalogue.adapters.files_sql.work import moment
from services.catalogue.domain.files.entries import File
from services.catalogue.domain.files.errors import NotThere, TooMuch
from services.catalogue.domain.files.lfn import child, vo_of
from services.catalogue.file_ports import MAX_SHARES

_A, _D, _F = file_ancestors.c, directories.c, files.c
_SHARED: Final = (
    select_files()
    .join(shares, shares.c.file_id == _F.id)
    .where(shares.c.token_hash == bindparam("token_hash"))
)


def _related(of: Any, wanted: Any) -> Select[Any]:
    """Paths of the files `wanted`, nearest first."""
    placed = file_ancestors.join(files, _F.id == wanted).join(directories, _D.id == _F.directory_id)
    return (
        select(_D.path, _F.name, _A.depth)
        .select_from(placed)
        .where(of == bindparam("id"), _A.depth <= bindparam("most"))
        .order_by(_A.depth, _D.path, _F.name)
    )


_ANCESTORS: Final = _related(_A.file_id, _A.ancestor_id)
_DESCENDANTS: Final = _related(_A.ancestor_id, _A.file_id)


class SqlTree(SqlChanging):
    def ancestors(self, lfn: str, depth: int) -> Mapping[str, int]:
        return self._related(_ANCESTORS, lfn, depth)

    def descendants(self, lfn: str, depth: int) -> Mapping[str, int]:
        return self._related(_DESCENDANTS, lfn, depth)

    def add_ancestors(self, lfn: str, ancestors: Sequence[str]) -> None:
        def work(connection: Connection) -> None:
            self._hold_trees(connection, [lfn], alone=False)
            self._own(connection, f"lineage {vo_of(lfn) or ''}")
            file = file_at(connection, lfn)
            known = files_at(connection, ancestors)
            for ancestor in ancestors:
                if ancestor not in known:
                    raise NotThere(f"There is no file {ancestor}")
            link(connection, file.id, sorted({each.id for each in known.values()}))

        self._write(work)

    def share(self, lfn: str, token_hash: str, by: str, now: float) -> None:
        def work(connection: Connection) -> None:
            number = hold_file(connection, lfn).id
            known = select(func.count()).where(shares.c.file_id == number)
            if connection.execute(known).scalar_one() >= MAX_SHARES:
                raise TooMuch(f"A file has {MAX_SHARES} shares at most: end those that nobody needs.")
            row = {"token_hash": token_hash, "file_id": number, "by": by}
            connection.execute(insert(shares), {**row, "created_at": moment(now)})

        self._write(work)

    def shared(self, token_hash: str) -> File:
        def work(connection: Connection) -> File:
            row = connection.execute(_SHARED, {"token_hash": token_hash}).first()
            if row is None:
                raise NotThere("There is no such share")
            return file_of(row, replicas_of(connection, [row[0]]).get(row[0], ()))

        return self._read(work)

    def end_shares(self, lfn: str) -> int:
        def work(connection: Connection) -> int:
            number = hold_file(connection, lfn).id
            return connection.execute(delete(shares).where(shares.c.file_id == number)).rowcount

        return self._write(work)

    def _related(self, query: Select[Any], lfn: str, depth: int) -> Mapping[str, int]:
        def work(connection: Connection) -> dict[str, int]:
            values = {"id": file_at(connection, lfn).id, "most": depth}
            return {child(path, name): steps for path, name, steps in connection.execute(query, values)}

        return self._read(work)
