"""What every part of the store needs: transactions whose failures are the domain's own, moments, hashes."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Executable,
    Insert,
    Select,
    Table,
    TextClause,
    Update,
    bindparam,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from libs.sql.engine import Database
from libs.sql.errors import DatabaseUnavailable
from services.compute.domain.errors import StoreUnavailable
from services.compute.domain.job import KEEP_SECONDS

T = TypeVar("T")
Work = Callable[[Connection], T]

MOST_VALUES: Final = 1000  # of a list in a statement
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_KEY: Final = bindparam("key", type_=BigInteger)
_LOCK: Final = select(func.pg_advisory_xact_lock(_KEY))
_TRY_LOCK: Final = select(func.pg_try_advisory_xact_lock(_KEY))


class SqlPart:
    """One database, and transactions in it."""

    def __init__(self, database: Database, keep_seconds: float = KEEP_SECONDS) -> None:
        self._database = database
        self._keep_seconds = keep_seconds

    def _read(self, work: Work[T]) -> T:
        """Raises StoreUnavailable."""
        try:
            return self._database.run_read(work)
        except DatabaseUnavailable as error:
            raise StoreUnavailable from error

    def _read_hot(self, statement: Select[Any], values: Mapping[str, Any]) -> Any:
        """The first row of a prebuilt statement as the driver gives it, or None: a fifth of what _read costs.

        Raises StoreUnavailable.
        """
        return self._hot(statement, values, lambda cursor: cursor.fetchone())

    def _rows_hot(self, statement: Select[Any], values: Mapping[str, Any]) -> list[Any]:
        """As _read_hot, all rows."""
        return self._hot(statement, values, lambda cursor: list(cursor.fetchall()))

    def _hot(self, statement: Select[Any], values: Mapping[str, Any], take: Callable[[Any], T]) -> T:
        sql, parameters = self._in_drivers_words(statement, values)
        for last in (False, True):  # a connection that turns out to be broken is replaced
            try:
                with self._database.read_cursor() as cursor:
                    return take(cursor.execute(sql, parameters))
            except DatabaseUnavailable as error:
                if last:
                    raise StoreUnavailable from error
        raise AssertionError("unreachable")

    def _change_hot(self, statement: Update | Insert, values: Mapping[str, Any]) -> int:
        """How many rows a prebuilt statement changed, which is a transaction by itself: an eighth of what
        _write costs. Raises StoreUnavailable.
        """
        sql, parameters = self._in_drivers_words(statement, values)
        try:
            with self._database.write_cursor() as cursor:
                cursor.execute(sql, parameters)
                return int(cursor.rowcount)
        except DatabaseUnavailable as error:
            raise StoreUnavailable from error

    def _in_drivers_words(
        self, statement: Select[Any] | Update | Insert, values: Mapping[str, Any]
    ) -> tuple[str, Mapping[str, Any] | list[Any]]:
        """A prebuilt statement, and its parameters."""
        dialect = self._database.engine.dialect
        sql, names = _driver_sql(dialect, statement)
        if makers := _processors(dialect, statement):
            values = {**values, **{name: make(values[name]) for name, make in makers.items()}}
        return sql, values if names is None else [values[name] for name in names]

    def _write(self, work: Work[T]) -> T:
        """One transaction; `work` may run again when it lost against another. Raises StoreUnavailable."""
        try:
            return self._database.run_write(work)
        except DatabaseUnavailable as error:
            raise StoreUnavailable from error

    def _lock(self, connection: Connection, *names: str) -> None:
        """Until the transaction ends nobody else holds any of these. SQLite has one writer at a time anyway.

        Taken in one order everywhere, so that no two wait for each other.
        """
        if not self._database.is_sqlite:
            for key in sorted({_lock_key(name) for name in names}):
                connection.execute(_LOCK, {"key": key})

    def _try_lock(self, connection: Connection, name: str) -> bool:
        """As _lock, without waiting."""
        if self._database.is_sqlite:
            return True
        return bool(connection.execute(_TRY_LOCK, {"key": _lock_key(name)}).scalar_one())

    def _upsert(self, connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        """Insert, or replace all but the key."""
        if values := list(rows):
            connection.execute(_upsert_of(table, tuple(values[0]), self._database.is_sqlite), values)


@lru_cache(maxsize=64)
def _upsert_of(table: Table, names: tuple[str, ...], is_sqlite: bool) -> Executable:
    """Kept: to make it costs more than to run it."""
    statement = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    keys = [column.name for column in table.primary_key.columns]
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


@lru_cache(maxsize=64)
def _driver_sql(
    dialect: Dialect, statement: Select[Any] | Update | Insert | TextClause
) -> tuple[str, list[str] | None]:
    """A statement in the driver's own words; the order of its parameters where they have no names."""
    compiled = statement.compile(dialect=dialect)
    return str(compiled), list(compiled.positiontup or ()) if compiled.positional else None


@lru_cache(maxsize=64)
def _processors(
    dialect: Dialect, statement: Select[Any] | Update | Insert
) -> dict[str, Callable[[Any], Any]]:
    """What makes the driver's values of ours, of the parameters that need it."""
    return _makers(dialect, statement.compile(dialect=dialect).binds)


def _makers(dialect: Dialect, binds: Mapping[str, Any]) -> dict[str, Callable[[Any], Any]]:
    found = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in binds.items()}
    return {name: maker for name, maker in found.items() if maker is not None}


def batched(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as one statement takes."""
    for start in range(0, len(values), MOST_VALUES):
        yield values[start : start + MOST_VALUES]


def insert_all(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """All with the same columns."""
    if values := list(rows):
        sql, give = _insert_of(connection.dialect, table, tuple(values[0]))
        connection.exec_driver_sql(sql, [give(row) for row in values])


def inserted_id(connection: Connection, table: Table, row: dict[str, Any]) -> int:
    """Of a new row in a table with the key `id`."""
    sql, give = _insert_of(connection.dialect, table, tuple(row), "id")
    return int(connection.exec_driver_sql(sql, give(row)).scalar_one())


def row_of(connection: Connection, statement: Select[Any] | TextClause, values: Mapping[str, Any]) -> Any:
    """The first row of a prebuilt statement as the driver gives it, or None, within a transaction. Constants
    in the statement are literals.
    """
    sql, names = _driver_sql(connection.dialect, statement)
    given = dict(values) if names is None else tuple(values[name] for name in names)
    return connection.exec_driver_sql(sql, given).first()


@lru_cache(maxsize=64)
def _insert_of(
    dialect: Dialect, table: Table, names: tuple[str, ...], returned: str | None = None
) -> tuple[str, Callable[[dict[str, Any]], Any]]:
    """In the driver's own words, with what makes its parameters of a row: less than half of what the
    toolkit's execute costs for a row or two.
    """
    statement = insert(table) if returned is None else insert(table).returning(table.c[returned])
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    makers = _makers(dialect, compiled.binds)
    order = tuple(compiled.positiontup or ()) if compiled.positional else None

    def give(row: dict[str, Any]) -> Any:
        made = {**row, **{name: make(row[name]) for name, make in makers.items()}}
        return made if order is None else tuple(made[name] for name in order)

    return str(compiled), give


def _lock_key(name: str) -> int:
    return int.from_bytes(sha256(b"tidegate compute " + name.encode()).digest()[:8], "big", signed=True)


def digest(*parts: str) -> str:
    """SHA-256 of the parts, in hex; JSON keeps them apart and takes every character."""
    return sha256(json.dumps(parts).encode()).hexdigest()


def moment(seconds: float) -> datetime:
    """UTC seconds as the tables keep them; what no calendar holds is the end of it."""
    return datetime.fromtimestamp(min(seconds, _LATEST), UTC)


def moment_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def seconds_of(value: datetime | None) -> float | None:
    return None if value is None else value.timestamp()


def storable(text: str) -> str:
    """`text` as every database takes it: no NUL, no half characters."""
    return text.replace("\0", "�").encode(errors="replace").decode()
