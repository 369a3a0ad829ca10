"""What every part of the store needs: transactions whose failures are the domain's own, locks on trees."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, TypeVar

from sqlalchemy import BigInteger, Connection, Insert, Select, Table, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from libs.sql.engine import Database
from libs.sql.errors import DatabaseUnavailable
from services.catalogue.domain.files.errors import CatalogueUnavailable
from services.catalogue.domain.files.lfn import vo_of

T = TypeVar("T")
Work = Callable[[Connection], T]

MOST_VALUES: Final = 1000  # of a list in a statement
ATTEMPTS: Final = 6
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_KEY: Final = bindparam("key", type_=BigInteger)
# Writers hardly search, and a foreign key's check is planned once then, not for each row (store.py).
_PLAN_ONCE: Final = func.set_config("plan_cache_mode", "auto", True)
_LOCK: Final = select(_PLAN_ONCE, func.pg_advisory_xact_lock(_KEY))
_SHARE: Final = select(_PLAN_ONCE, func.pg_advisory_xact_lock_shared(_KEY))


class Overtaken(Exception):
    """Somebody else's transaction came between two statements of this one: begin again."""


class SqlPart:
    """One database, and transactions in it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _read(self, work: Work[T]) -> T:
        """Raises CatalogueUnavailable."""
        try:
            return self._database.run_read(work)
        except DatabaseUnavailable as error:
            raise CatalogueUnavailable("the file catalogue's database is not available") from error

    def _write(self, work: Work[T]) -> T:
        """One transaction; `work` runs again when it lost against another, also when what it refers to went
        away (or what it makes came) under its hands. Raises CatalogueUnavailable.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._database.run_write(work)
            except DatabaseUnavailable as error:
                raise CatalogueUnavailable("the file catalogue's database is not available") from error
            except (IntegrityError, Overtaken) as error:
                if attempt == ATTEMPTS:
                    raise CatalogueUnavailable("too many writers at once") from error
        raise AssertionError("unreachable")

    def _hold_trees(self, connection: Connection, paths: Iterable[str], *, alone: bool) -> None:
        """Until the transaction ends nobody else makes directories of these VOs or takes them away; `alone`:
        nor adds anything to them. Before all other locks.
        """
        self._hold(connection, _LOCK if alone else _SHARE, {f"tree {vo_of(path) or ''}" for path in paths})

    def _own(self, connection: Connection, name: str) -> None:
        """Until the transaction ends nobody else holds `name`. After locks on trees, before locks on rows."""
        self._hold(connection, _LOCK, {name})

    def _share(self, connection: Connection, name: str) -> None:
        """Until the transaction ends nobody owns `name`; others may share it."""
        self._hold(connection, _SHARE, {name})

    def _hold(self, connection: Connection, lock: Select[Any], names: set[str]) -> None:
        """SQLite has one writer at a time anyway."""
        if not self._database.is_sqlite:
            for key in sorted(map(_lock_key, names)):
                connection.execute(lock, {"key": key})


def insert_all(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    if values := list(rows):
        connection.execute(insert(table), values)


@lru_cache(maxsize=64)
def upsert(table: Table, is_sqlite: bool) -> Any:
    """An insert that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


@lru_cache(maxsize=64)
def insert_new(table: Table, is_sqlite: bool) -> Insert:
    """Leaves what is there already, by any key of the table."""
    statement: Insert = upsert(table, is_sqlite).on_conflict_do_nothing()
    return statement


def batched(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as one statement takes."""
    for start in range(0, len(values), MOST_VALUES):
        yield values[start : start + MOST_VALUES]


def path_hash(path: str) -> str:
    return sha256(path.encode()).hexdigest()


def moment(seconds: float) -> datetime:
    """UTC seconds as the tables keep them; what no calendar holds is the end of it."""
    return datetime.fromtimestamp(min(seconds, _LATEST), UTC)


def _lock_key(name: str) -> int:
    digest = sha256(b"tidegate file catalogue " + name.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
