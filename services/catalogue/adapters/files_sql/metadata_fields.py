"""Declaring fields, which makes values of parameters; metasets."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Select, bindparam, delete, exists, insert, select

from services.catalogue.adapters.files_sql.finding import ids_at
from services.catalogue.adapters.files_sql.metadata_rows import (
    Declared,
    fields_of,
    metadata_lock,
    read_parameter,
    stored,
)
from services.catalogue.adapters.files_sql.metadata_values import TABLES
from services.catalogue.adapters.files_sql.tables import (
    directories,
    directory_parameters,
    directory_tree,
    directory_values,
    fields,
    file_parameters,
    files,
    metasets,
)
from services.catalogue.adapters.files_sql.work import MOST_VALUES, SqlPart, insert_all, upsert
from services.catalogue.domain.files.errors import Conflict, InvalidValue, NotThere
from services.catalogue.domain.files.fields import Field, Level
from services.catalogue.domain.files.lfn import child
from services.catalogue.domain.files.values import fitting

_TREE: Final = directory_tree.c
_OTHER: Final = {Level.DIRECTORY: Level.FILE, Level.FILE: Level.DIRECTORY}
_DP, _FP = directory_parameters.c, file_parameters.c
_IN_VO: Final = _TREE.ancestor_id == bindparam("top")
_AFTER: Final[BindParameter[Any]] = bindparam("after")
# Some parameters of one name in one VO: whose, its path, the value.
_PARAMETERS: Final[Mapping[Level, Select[Any]]] = {
    Level.DIRECTORY: select(_DP.directory_id, directories.c.path, _DP.value)
    .join(directories, directories.c.id == _DP.directory_id)
    .where(_DP.name == bindparam("name"), _DP.directory_id > _AFTER)
    .where(exists().where(_IN_VO, _TREE.directory_id == _DP.directory_id))
    .order_by(_DP.directory_id),
    Level.FILE: select(_FP.file_id, directories.c.path, _FP.value, files.c.name)
    .join(files, files.c.id == _FP.file_id)
    .join(directories, directories.c.id == files.c.directory_id)
    .where(_FP.name == bindparam("name"), _FP.file_id > _AFTER)
    .where(exists().where(_IN_VO, _TREE.directory_id == files.c.directory_id))
    .order_by(_FP.file_id),
}
_HIGH, _LOW = directory_values.alias("high"), directory_values.alias("low")
_TWICE: Final = (
    select(directories.c.path)
    .select_from(_LOW)
    .join(directory_tree, _TREE.directory_id == _LOW.c.directory_id)
    .join(_HIGH, (_HIGH.c.field_id == _LOW.c.field_id) & (_HIGH.c.directory_id == _TREE.ancestor_id))
    .join(directories, directories.c.id == _LOW.c.directory_id)
    .where(_LOW.c.field_id == bindparam("id"), _TREE.depth > 0)
    .limit(1)
)


class SqlFields(SqlPart):
    def fields(self, vo: str) -> Mapping[str, Field]:
        known = self._read(lambda connection: fields_of(connection, vo))
        return {name: known[name].field for name in sorted(known)}

    def declare(self, vo: str, field: Field) -> bool:
        def work(connection: Connection) -> bool:
            self._hold_trees(connection, [f"/{vo}"], alone=False)
            self._own(connection, metadata_lock(vo))
            known = fields_of(connection, vo).get(field.name)
            if known is not None:
                if known.field != field:
                    raise Conflict(
                        f"{field.name} is a field of type {known.field.type}, level {known.field.level}"
                    )
                return False
            row = {"vo": vo, "name": field.name, "type": field.type.value, "level": field.level.value}
            made = connection.execute(insert(fields).returning(fields.c.id), row)
            _promote(connection, vo, Declared(made.scalar_one(), field))
            return True

        return self._write(work)

    def undeclare(self, vo: str, name: str) -> None:
        def work(connection: Connection) -> None:
            self._own(connection, metadata_lock(vo))
            gone = delete(fields).where(fields.c.vo == vo, fields.c.name == name)
            if not connection.execute(gone).rowcount:
                raise NotThere(f"There is no field {name}")

        self._write(work)

    def metasets(self, vo: str) -> Mapping[str, Mapping[str, object]]:
        wanted = select(metasets.c.name, metasets.c.contents).where(metasets.c.vo == vo)
        rows = self._read(lambda connection: connection.execute(wanted.order_by(metasets.c.name)).all())
        return {name: json.loads(contents) for name, contents in rows}

    def put_metaset(self, vo: str, name: str, contents: Mapping[str, object], by: str) -> bool:
        key = (metasets.c.vo == vo, metasets.c.name == name)

        def work(connection: Connection) -> bool:
            self._own(connection, metadata_lock(vo))
            is_new = connection.execute(select(metasets.c.name).where(*key)).first() is None
            text = json.dumps(contents)
            statement = upsert(metasets, self._database.is_sqlite).values(
                vo=vo, name=name, contents=text, owner=by
            )
            new = {"contents": text}
            connection.execute(statement.on_conflict_do_update(index_elements=["vo", "name"], set_=new))
            return is_new

        return self._write(work)

    def remove_metaset(self, vo: str, name: str) -> None:
        def work(connection: Connection) -> None:
            gone = delete(metasets).where(metasets.c.vo == vo, metasets.c.name == name)
            if not connection.execute(gone).rowcount:
                raise NotThere(f"There is no metaset {name}")

        self._write(work)


def _promote(connection: Connection, vo: str, declared: Declared) -> None:
    """Raises Conflict."""
    field = declared.field
    top = ids_at(connection, [f"/{vo}"]).get(f"/{vo}")
    if top is None:
        return
    for some in _parameters(connection, _OTHER[field.level], top, field.name):
        raise Conflict(f"{field.name} is known of {_path(some[0])}, which is at the other level")
    values, parameters, key = TABLES[field.level]
    for some in _parameters(connection, field.level, top, field.name):
        rows = [{"field_id": declared.id, key: row[0], **_typed(declared, row)} for row in some]
        insert_all(connection, values, rows)
        ids = [row[0] for row in some]
        connection.execute(
            delete(parameters).where(parameters.c.name == field.name, parameters.c[key].in_(ids))
        )
    if field.level is Level.DIRECTORY:
        twice = connection.execute(_TWICE, {"id": declared.id}).scalar()
        if twice is not None:
            raise Conflict(f"{field.name} is known of {twice} and of a directory above it")


def _typed(declared: Declared, row: Sequence[Any]) -> dict[str, Any]:
    try:
        return stored(declared, fitting(declared.field, read_parameter(row[2])))
    except InvalidValue as error:
        raise Conflict(f"What is known of {_path(row)} does not fit: {error}") from None


def _path(row: Sequence[Any]) -> str:
    return row[1] if len(row) == 3 else child(row[1], row[3])


def _parameters(connection: Connection, level: Level, top: int, name: str) -> Iterator[Sequence[Any]]:
    """All of that name in the VO, some at a time."""
    after = 0
    statement = _PARAMETERS[level].limit(MOST_VALUES)
    while rows := connection.execute(statement, {"top": top, "name": name, "after": after}).all():
        yield rows
        after = rows[-1][0]
