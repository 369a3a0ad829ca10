"""Reading and writing what is known of one directory or file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Table, bindparam, delete, select, update

from services.catalogue.adapters.files_sql.finding import directory_at, file_at
from services.catalogue.adapters.files_sql.metadata_rows import (
    Declared,
    fields_of,
    metadata_lock,
    read_parameter,
    sorted_out,
    stored,
    value_of,
    vo_at,
    write_parameter,
)
from services.catalogue.adapters.files_sql.tables import (
    directories,
    directory_parameters,
    directory_tree,
    directory_values,
    fields,
    file_parameters,
    file_values,
    files,
)
from services.catalogue.adapters.files_sql.work import SqlPart, moment, upsert
from services.catalogue.domain.files.errors import Conflict, NotThere
from services.catalogue.domain.files.fields import FieldType, Known, Level, Origin, Value
from services.catalogue.domain.files.lfn import parent_of

_T, _DV, _FV = directory_tree.c, directory_values.c, file_values.c
_ID: Final[BindParameter[Any]] = bindparam("id")
_OWN_AND_ABOVE: Final = (
    select(fields.c.name, fields.c.type, _T.depth, _DV.whole, _DV.number, _DV.text)
    .select_from(directory_tree)
    .join(directory_values, _DV.directory_id == _T.ancestor_id)
    .join(fields, fields.c.id == _DV.field_id)
    .where(_T.directory_id == _ID)
)
_OWN: Final = _OWN_AND_ABOVE.where(_T.depth == 0)
_OF_FILE: Final = (
    select(fields.c.name, fields.c.type, _FV.whole, _FV.number, _FV.text)
    .join(fields, fields.c.id == _FV.field_id)
    .where(_FV.file_id == _ID)
)
_PARAMETERS: Final = {
    Level.DIRECTORY: select(directory_parameters.c.name, directory_parameters.c.value).where(
        directory_parameters.c.directory_id == _ID
    ),
    Level.FILE: select(file_parameters.c.name, file_parameters.c.value).where(
        file_parameters.c.file_id == _ID
    ),
}
_WANTED: Final = _DV.field_id.in_(bindparam("field_ids", expanding=True))
_ABOVE: Final = (
    select(fields.c.name, directories.c.path)
    .select_from(directory_tree)
    .join(directory_values, _DV.directory_id == _T.ancestor_id)
    .join(fields, fields.c.id == _DV.field_id)
    .join(directories, directories.c.id == _T.ancestor_id)
    .where(_T.directory_id == _ID, _T.depth > 0, _WANTED)
    .limit(1)
)
_BELOW: Final = (
    select(fields.c.name, directories.c.path)
    .select_from(directory_tree)
    .join(directory_values, _DV.directory_id == _T.directory_id)
    .join(fields, fields.c.id == _DV.field_id)
    .join(directories, directories.c.id == _T.directory_id)
    .where(_T.ancestor_id == _ID, _T.depth > 0, _WANTED)
    .limit(1)
)
_TOUCH: Final[Mapping[Level, Any]] = {
    Level.DIRECTORY: update(directories).where(directories.c.id == bindparam("changed")),
    Level.FILE: update(files).where(files.c.id == bindparam("changed")),
}
TABLES: Final[Mapping[Level, tuple[Table, Table, str]]] = {
    Level.DIRECTORY: (directory_values, directory_parameters, "directory_id"),
    Level.FILE: (file_values, file_parameters, "file_id"),
}


class SqlValues(SqlPart):
    def directory_metadata(self, path: str, *, inherited: bool) -> Known:
        def work(connection: Connection) -> Known:
            number = directory_at(connection, path).id
            return _merged(
                _of_directory(connection, number, inherited=inherited),
                _parameters(connection, Level.DIRECTORY, number),
            )

        return self._read(work)

    def file_metadata(self, lfn: str, *, inherited: bool) -> Known:
        def work(connection: Connection) -> Known:
            number = file_at(connection, lfn).id
            above: Iterable[_Found] = ()
            if inherited:
                parent = directory_at(connection, parent_of(lfn)).id
                rows = _of_directory(connection, parent, inherited=True)
                above = [(name, value, Origin.PARENT) for name, value, _ in rows]
            return _merged(above, _of_file(connection, number), _parameters(connection, Level.FILE, number))

        return self._read(work)

    def set_directory(self, path: str, values: Mapping[str, object], now: float) -> None:
        def work(connection: Connection) -> None:
            self._hold_trees(connection, [path], alone=False)
            self._own(connection, metadata_lock(vo_at(path)))
            number = directory_at(connection, path).id
            known = fields_of(connection, vo_at(path))
            typed, free = sorted_out(known, Level.DIRECTORY, values)
            _refuse_twice(connection, number, [declared for declared, _ in typed])
            self._put(connection, Level.DIRECTORY, number, typed, free)
            connection.execute(_TOUCH[Level.DIRECTORY], {"changed": number, "modified_at": moment(now)})

        self._write(work)

    def set_file(self, lfn: str, values: Mapping[str, object], now: float) -> None:
        def work(connection: Connection) -> None:
            self._hold_trees(connection, [lfn], alone=False)
            self._share(connection, metadata_lock(vo_at(lfn)))
            number = file_at(connection, lfn).id
            typed, free = sorted_out(fields_of(connection, vo_at(lfn)), Level.FILE, values)
            self._put(connection, Level.FILE, number, typed, free)
            connection.execute(_TOUCH[Level.FILE], {"changed": number, "modified_at": moment(now)})

        self._write(work)

    def unset_directory(self, path: str, names: Sequence[str], now: float) -> None:
        def work(connection: Connection) -> None:
            self._hold_trees(connection, [path], alone=False)
            self._own(connection, metadata_lock(vo_at(path)))
            number = directory_at(connection, path).id
            _unset(connection, Level.DIRECTORY, path, number, names)
            connection.execute(_TOUCH[Level.DIRECTORY], {"changed": number, "modified_at": moment(now)})

        self._write(work)

    def unset_file(self, lfn: str, names: Sequence[str], now: float) -> None:
        def work(connection: Connection) -> None:
            self._hold_trees(connection, [lfn], alone=False)
            self._share(connection, metadata_lock(vo_at(lfn)))
            number = file_at(connection, lfn).id
            _unset(connection, Level.FILE, lfn, number, names)
            connection.execute(_TOUCH[Level.FILE], {"changed": number, "modified_at": moment(now)})

        self._write(work)

    def _put(
        self,
        connection: Connection,
        level: Level,
        number: int,
        typed: Iterable[tuple[Declared, Value]],
        free: Mapping[str, Value],
    ) -> None:
        """In place of what is there."""
        values, parameters, key = TABLES[level]
        rows = [{"field_id": one.id, key: number, **stored(one, value)} for one, value in typed]
        if rows:
            statement = upsert(values, self._database.is_sqlite)
            new = {name: statement.excluded[name] for name in ("whole", "number", "text")}
            index = ["field_id", key]
            connection.execute(statement.on_conflict_do_update(index_elements=index, set_=new), rows)
        rows = [{key: number, "name": name, "value": write_parameter(value)} for name, value in free.items()]
        if rows:
            statement = upsert(parameters, self._database.is_sqlite)
            new = {"value": statement.excluded.value}
            index = [key, "name"]
            connection.execute(statement.on_conflict_do_update(index_elements=index, set_=new), rows)


_Found = tuple[str, Value, Origin]


def _of_directory(connection: Connection, number: int, *, inherited: bool) -> list[_Found]:
    rows = connection.execute(_OWN_AND_ABOVE if inherited else _OWN, {"id": number})
    return [
        (name, value_of(FieldType(kind), *value), Origin.PARENT if depth else Origin.OWN)
        for name, kind, depth, *value in rows
    ]


def _of_file(connection: Connection, number: int) -> list[_Found]:
    rows = connection.execute(_OF_FILE, {"id": number})
    return [(name, value_of(FieldType(kind), *value), Origin.OWN) for name, kind, *value in rows]


def _parameters(connection: Connection, level: Level, number: int) -> list[_Found]:
    rows = connection.execute(_PARAMETERS[level], {"id": number})
    return [(name, read_parameter(value), Origin.PARAMETER) for name, value in rows]


def _merged(*found: Iterable[_Found]) -> Known:
    """By name; the later ones win."""
    every = {name: (value, origin) for some in found for name, value, origin in some}
    names = sorted(every)
    return Known({name: every[name][0] for name in names}, {name: every[name][1] for name in names})


def _refuse_twice(connection: Connection, number: int, declared: Sequence[Declared]) -> None:
    if not declared:
        return
    wanted = {"id": number, "field_ids": [one.id for one in declared]}
    for statement, where in ((_ABOVE, "above"), (_BELOW, "below")):
        if row := connection.execute(statement, wanted).first():
            raise Conflict(f"{row[0]} has a value {where} already, at {row[1]}")


def _unset(connection: Connection, level: Level, path: str, number: int, names: Sequence[str]) -> None:
    values, parameters, key = TABLES[level]
    known = fields_of(connection, vo_at(path))
    for name in dict.fromkeys(names):
        if name in known:
            gone = delete(values).where(values.c.field_id == known[name].id, values.c[key] == number)
        else:
            gone = delete(parameters).where(parameters.c.name == name, parameters.c[key] == number)
        if not connection.execute(gone).rowcount:
            raise NotThere(f"{path} has no {name} of its own")
