"""Engines and transactions for SQLite (WAL) and PostgreSQL (psycopg 3). No tables, no business nouns.

One Database per process and service, made in wiring. Hot paths use prebuilt SQLAlchemy Core statements.
"""

import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from libs.sql.errors import BadDatabaseUrl, DatabaseUnavailable, is_conflict, is_lost
from libs.sql.wal import use_wal

T = TypeVar("T")
SQLITE_BUSY_MS = 5000
IDLE_SECONDS = 5.0
STATEMENT_TIMEOUT_MS = 30_000
NO_OPTIONS: Mapping[str, str] = {}
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """A MetaData whose constraints have the same names everywhere, so that migrations can name them."""
    return MetaData(naming_convention=NAMING)


def make_engine(
    url: str,
    *,
    pool_size: int = 8,
    max_overflow: int = 24,
    pool_wait_seconds: float = 10,
    postgresql_options: Mapping[str, str] = NO_OPTIONS,
) -> Engine:
    """An engine for `sqlite:////path/file.db`, `postgresql://...` or a path-like relative `sqlite:///file.db`.

    `postgresql_options` are run-time parameters of each connection there; SQLite has none of them.
    Raises BadDatabaseUrl. Connects on first use only.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadDatabaseUrl("the database URL cannot be parsed") from None
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise BadDatabaseUrl("SQLite needs a file: every thread and worker must see the same data")
        engine = create_engine(
            parsed, pool_size=pool_size, max_overflow=max_overflow, connect_args={"check_same_thread": False}
        )
        _dress_sqlite(engine)
        return engine
    if parsed.get_backend_name() != "postgresql":
        raise BadDatabaseUrl("only SQLite and PostgreSQL are supported")
    parsed = parsed.set(drivername="postgresql+psycopg")
    options = {"statement_timeout": str(STATEMENT_TIMEOUT_MS), **postgresql_options}
    settings = {"connect_timeout": "5", "options": " ".join(f"-c {k}={v}" for k, v in options.items())}
    parsed = parsed.update_query_dict({k: v for k, v in settings.items() if k not in parsed.query})
    engine = create_engine(
        parsed, pool_size=pool_size, max_overflow=max_overflow, pool_timeout=pool_wait_seconds
    )
    _ping_when_idle(engine)
    return engine


class Database:
    """Transactions over one engine.

    SQLite: writers of this process queue on a lock instead of spinning on SQLITE_BUSY, and BEGIN IMMEDIATE
    keeps other processes out for the length of the write; readers have connections of their own that cannot
    write and are never blocked. PostgreSQL: READ COMMITTED; in read() each statement has its own snapshot.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._lock = threading.Lock()
        self._readers = _sqlite_readers(engine) if self.is_sqlite else engine.execution_options(
            isolation_level="AUTOCOMMIT"
        )  # fmt: skip
        _forget_connections_after_fork(self)

    @classmethod
    def open(cls, url: str, postgresql_options: Mapping[str, str] = NO_OPTIONS) -> "Database":
        """make_engine and Database in one. Raises BadDatabaseUrl."""
        return cls(make_engine(url, postgresql_options=postgresql_options))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for SELECTs. On SQLite all of them see one snapshot. Raises DatabaseUnavailable."""
        with _translated(), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def read_cursor(self) -> Iterator[Any]:
        """A driver cursor for one prebuilt SELECT on a hot path: a fifth of what read() costs.

        The SQL is the driver's own (`?` on SQLite, `%s` on PostgreSQL). Raises DatabaseUnavailable.
        """
        with self._cursor(self._readers) as cursor:
            yield cursor

    @contextmanager
    def write_cursor(self) -> Iterator[Any]:
        """As read_cursor, for one prebuilt statement that is a transaction by itself. Raises
        DatabaseUnavailable (the statement may have happened nevertheless).
        """
        with self._lock if self.is_sqlite else nullcontext(), self._cursor(self.engine) as cursor:
            yield cursor

    @contextmanager
    def _cursor(self, engine: Engine) -> Iterator[Any]:
        dbapi = self.engine.dialect.loaded_dbapi
        try:
            with _translated():
                pooled = engine.raw_connection()
        except (dbapi.OperationalError, dbapi.InterfaceError) as error:
            # A connection that cannot be made raises the driver's own error here.
            raise DatabaseUnavailable("the database is not available") from error
        driver: Any = pooled.driver_connection
        try:
            if not self.is_sqlite:
                driver.autocommit = True  # else the driver would begin a transaction and end it again
            try:
                yield pooled.cursor()
            finally:
                if not self.is_sqlite and not driver.closed:
                    driver.autocommit = False
        except (dbapi.OperationalError, dbapi.InterfaceError) as error:
            pooled.invalidate(error)
            raise DatabaseUnavailable("the database is not available") from error
        finally:
            pooled.close()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits when the block ends well and rolls back when it raises.

        Keep it short and never call another service inside. Raises DatabaseUnavailable (nothing was
        committed, unless the connection broke during the commit itself).
        """
        with _translated():
            if self.is_sqlite:
                with self._lock, self.engine.begin() as connection:
                    yield connection
            else:
                with self.engine.begin() as connection:
                    yield connection

    def run_read(self, work: Callable[[Connection], T], attempts: int = 2) -> T:
        """`work` in read(), once more when the connection turns out to be broken."""
        return self._run(self.read, work, attempts, lambda error: is_lost(error) or is_conflict(error))

    def run_write(self, work: Callable[[Connection], T], attempts: int = 5) -> T:
        """`work` in write(), again when the transaction lost against another one.

        A lost connection is not retried: the commit may have happened. `work` may run several times, so its
        effects must all be in the database.
        """
        return self._run(self.write, work, attempts, is_conflict)

    def ping(self) -> None:
        """Raises DatabaseUnavailable unless a statement can be run now; for readiness checks."""
        with self.read() as connection:
            connection.execute(_PING)

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
        self._readers.dispose()

    def _run(
        self,
        scope: Callable[[], Any],
        work: Callable[[Connection], T],
        attempts: int,
        again: Callable[[BaseException], bool],
    ) -> T:
        for attempt in range(1, attempts + 1):
            try:
                with scope() as connection:
                    return work(connection)
            except DatabaseUnavailable as error:
                cause = error.__cause__
                if attempt == attempts or cause is None or not again(cause):
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    def _after_fork(self) -> None:
        # The parent's sockets and file locks are not ours, neither to use nor to close: keep them referenced.
        _ABANDONED.extend((self.engine.pool, self._readers.pool))
        self._lock = threading.Lock()
        self.engine.dispose(close=False)
        self._readers.dispose(close=False)


_PING = text("SELECT 1")
_ABANDONED: list[object] = []  # pools of a parent process


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        if is_lost(error) or is_conflict(error):
            raise DatabaseUnavailable("the database is not available") from error
        raise


def _dress_sqlite(engine: Engine, *, query_only: bool = False) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: ConnectionPoolEntry) -> None:
        # None stops the driver from opening transactions by itself; _begin does it.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_MS}")
        use_wal(cursor, SQLITE_BUSY_MS / 1000)
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        if query_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Taking the write lock at once: a read that turns into a write later could not wait for it.
        connection.exec_driver_sql("BEGIN" if query_only else "BEGIN IMMEDIATE")


def _sqlite_readers(engine: Engine) -> Engine:
    readers = create_engine(
        engine.url, pool_size=8, max_overflow=64, connect_args={"check_same_thread": False}
    )
    _dress_sqlite(readers, query_only=True)
    return readers


def _ping_when_idle(engine: Engine) -> None:
    """A server restart breaks idle connections: check those that rested a while, not each one every time."""

    @event.listens_for(engine, "checkin")
    def _checked_in(connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _checked_out(connection: Any, entry: ConnectionPoolEntry, proxy: Any) -> None:
        since = entry.info.get("idle_since")
        if (
            since is not None
            and time.monotonic() - since > IDLE_SECONDS
            and not engine.dialect.do_ping(connection)
        ):
            raise DisconnectionError


def _forget_connections_after_fork(database: Database) -> None:
    known = weakref.ref(database)

    def forget() -> None:
        if (alive := known()) is not None:
            alive._after_fork()

    os.register_at_fork(after_in_child=forget)
