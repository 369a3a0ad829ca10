"""Runs Alembic migrations under a lock: of N processes that start at once one migrates, the rest wait.

A script location is a folder with `versions/`; neither alembic.ini nor env.py is needed. Each upgrade or
downgrade is one transaction on both databases: it happens whole or not at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import NullPool

from libs.sql.errors import MigrationsMissing
from libs.sql.wal import use_wal

LOCK_WAIT_SECONDS = 300
_LOCK_KEY = crc32(b"tidegate migrations")


def scripts(location: str | Path) -> ScriptDirectory:
    """The migrations in `location`, for tests and tools."""
    config = Config()
    config.set_main_option("script_location", str(location).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def head(location: str | Path) -> str | None:
    """The newest revision; raises CommandError when there are two."""
    return scripts(location).get_current_head()


def current(engine: Engine) -> str | None:
    """The revision that the database is at, None when it is empty. Waits for nobody's lock."""
    own = create_engine(engine.url, poolclass=NullPool)
    with own.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, location: str | Path, revision: str = "head") -> bool:
    """Bring the database to `revision`; says whether anything was to do. Safe to call from every worker.

    Raises MigrationsMissing when the database is at a revision that `location` does not have.
    """
    directory = scripts(location)
    target = directory.get_current_head() if revision == "head" else revision
    with _as_missing():
        if current(engine) == target:
            return False
        return _migrate(engine, directory, target, lambda now: directory._upgrade_revs(revision, now))  # type: ignore[arg-type]


def downgrade(engine: Engine, location: str | Path, revision: str = "base") -> bool:
    """Take the database back to `revision`; `base` is empty. Same promises as upgrade."""
    directory = scripts(location)
    target = None if revision == "base" else revision
    with _as_missing():
        return _migrate(engine, directory, target, lambda now: directory._downgrade_revs(revision, now))


def _migrate(
    engine: Engine, directory: ScriptDirectory, target: str | None, steps: Callable[[str | None], Any]
) -> bool:
    with _locked(engine) as connection:
        if MigrationContext.configure(connection).get_current_revision() == target:
            return False
        config = Config()
        with EnvironmentContext(
            config, directory, fn=lambda revision, _: steps(_single(revision))
        ) as environment:
            environment.configure(
                connection=connection, transactional_ddl=True, render_as_batch=engine.dialect.name == "sqlite"
            )
            environment.run_migrations()
        if engine.dialect.name == "sqlite":
            _check_foreign_keys(connection)
    return True


def _single(revision: Any) -> str | None:
    return (revision[0] if revision else None) if isinstance(revision, tuple) else revision


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    """One transaction that shuts out other migrators; on SQLite every other writer too."""
    own = create_engine(engine.url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        _dress_for_migration(own)
    with own.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        yield connection


def _dress_for_migration(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        # Rebuilding a table drops the old one: with foreign keys on, rows that refer to it would go too.
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")
        use_wal(connection, LOCK_WAIT_SECONDS)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(f"the migration leaves {len(broken)} rows without the row they refer to")


@contextmanager
def _as_missing() -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise MigrationsMissing(str(error)) from error
