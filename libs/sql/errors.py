"""What goes wrong with a database, as facts. Knows nothing of HTTP."""

from sqlalchemy import exc

# serialization_failure, deadlock_detected, lock_not_available
_RETRYABLE_STATES = frozenset({"40001", "40P01", "55P03"})
# shutting down, starting up, too many connections, a statement that took longer than it may
_UNAVAILABLE_STATES = frozenset({"57P01", "57P02", "57P03", "53300", "53400", "57014"})
_SQLITE_BUSY = ("database is locked", "database table is locked", "database schema is locked")
_SQLITE_BROKEN = (
    "unable to open database",
    "disk i/o error",
    "database or disk is full",
    "readonly database",
)


class SqlError(Exception):
    """Root of this library's errors."""


class DatabaseUnavailable(SqlError):
    """The database cannot be reached, or stayed locked too long. Trying again later may help."""


class BadDatabaseUrl(SqlError):
    """Not a URL of a SQLite file or a PostgreSQL database; the text never holds the URL."""


class MigrationsMissing(SqlError):
    """The database's schema revision is one this code does not know (it is newer, or another service's)."""


def is_conflict(error: BaseException) -> bool:
    """Whether the transaction lost against another one and was rolled back: safe to run again."""
    if not isinstance(error, exc.DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state in _RETRYABLE_STATES or str(error.orig).lower().startswith(_SQLITE_BUSY)


def is_lost(error: BaseException) -> bool:
    """Whether the connection broke or could not be made."""
    if isinstance(error, exc.TimeoutError):  # no connection left in the pool
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    if error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _UNAVAILABLE_STATES:
        return True
    unable = isinstance(error, exc.OperationalError) and getattr(error.orig, "sqlstate", "") is None
    return unable or str(error.orig).lower().startswith(_SQLITE_BROKEN)
