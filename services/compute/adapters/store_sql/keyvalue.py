"""Keys and values of each owner (the port KeyValue)."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.compute.adapters.store_sql.side_tables import key_values
from services.compute.adapters.store_sql.work import SqlPart, moment
from services.compute.domain.errors import QuotaExceeded
from services.compute.ports.keyvalue import MAX_KEYS

LAST_CHARACTER: Final = "\U0010ffff"
_C = key_values.c
_OWN: Final = _C.owner == bindparam("owner_is")
_IT: Final = (_OWN, _C.key == bindparam("key_is"))
_GET: Final = select(_C.value).where(*_IT)
_COUNT: Final = select(func.count()).select_from(key_values).where(_OWN)
_SET: Final = update(key_values).where(*_IT).values(value=bindparam("new"), changed_at=bindparam("at"))
_DELETE: Final = delete(key_values).where(*_IT)
_ROW: Final = {"owner": "owner_is", "key": "key_is", "value": "new", "changed_at": "at"}
_IF_ROOM: Final = select(*(bindparam(name, type_=_C[column].type) for column, name in _ROW.items())).where(
    or_(exists().where(*_IT), _COUNT.scalar_subquery() < bindparam("most"))
)


def _add_to(statement: Any) -> Any:
    """A row more, while there are fewer than `most` of the owner's; of two who add the same key both do."""
    added = statement.from_select(list(_ROW), _IF_ROOM)
    changed = {name: added.excluded[name] for name in ("value", "changed_at")}
    return added.on_conflict_do_update(index_elements=[_C.owner, _C.key], set_=changed)


_ADD_SQLITE: Final = _add_to(sqlite.insert(key_values))
_ADD_POSTGRESQL: Final = _add_to(postgresql.insert(key_values)).returning(_C.key)
_SWAP: Final = (
    update(key_values)
    .where(*_IT, _C.value == bindparam("old"))
    .values(value=bindparam("new"), changed_at=bindparam("at"))
    .returning(_C.key)
)


class SqlKeyValue(SqlPart):
    def get(self, owner: str, key: str) -> bytes | None:
        row = self._read_hot(_GET, _of(owner, key))
        return None if row is None else bytes(row[0])

    def set(self, owner: str, key: str, value: bytes, now: float) -> None:
        changed = {**_of(owner, key), "new": value, "at": moment(now)}
        if not self._change_hot(_SET, changed):  # most are there already, and those count towards nothing
            self._add(changed)

    def _add(self, values: dict[str, Any]) -> None:
        values = {**values, "most": MAX_KEYS}
        if self._database.is_sqlite:
            added = self._change_hot(_ADD_SQLITE, values) > 0
        else:
            added = self._write(lambda connection: self._add_locked(connection, values))
        if not added:
            raise QuotaExceeded("keys", MAX_KEYS, "You")

    def _add_locked(self, connection: Connection, values: dict[str, Any]) -> bool:
        """Nobody else adds a key of this owner between the counting and the commit."""
        self._lock(connection, f"keys {values['owner_is']}")
        return connection.execute(_ADD_POSTGRESQL, values).first() is not None

    def swap(self, owner: str, key: str, old: bytes, value: bytes, now: float) -> bool:
        values = {**_of(owner, key), "old": old, "new": value, "at": moment(now)}
        return self._write(lambda connection: connection.execute(_SWAP, values).first() is not None)

    def delete(self, owner: str, key: str) -> None:
        self._write(lambda connection: connection.execute(_DELETE, _of(owner, key)))

    def delete_prefix(self, owner: str, prefix: str) -> int:
        statement = delete(key_values).where(*_below(owner, prefix)).returning(_C.key)
        return self._write(lambda connection: len(connection.execute(statement).all()))

    def list(self, owner: str, prefix: str, limit: int) -> Sequence[tuple[str, bytes]]:
        statement = select(_C.key, _C.value).where(*_below(owner, prefix)).order_by(_C.key).limit(limit)
        return self._read(
            lambda connection: [(row.key, bytes(row.value)) for row in connection.execute(statement)]
        )


def _of(owner: str, key: str) -> dict[str, Any]:
    return {"owner_is": owner, "key_is": key}


def _below(owner: str, prefix: str) -> list[ColumnElement[bool]]:
    """A range of the key's index: the column compares by code points."""
    whose = [_C.owner == owner]
    return [*whose, _C.key >= prefix, _C.key < prefix + LAST_CHARACTER] if prefix else whose
