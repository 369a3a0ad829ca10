"""What every store needs: transactions whose failures are the domain's own, and moments."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection

from libs.sql.engine import Database
from libs.sql.errors import DatabaseUnavailable
from services.auth.domain.errors import StoreUnavailable

T = TypeVar("T")
Work = Callable[[Connection], T]


def moment(seconds: float) -> datetime:
    """UTC seconds as the tables keep them."""
    return datetime.fromtimestamp(seconds, UTC)


def read(database: Database, work: Work[T]) -> T:
    """Raises StoreUnavailable."""
    try:
        return database.run_read(work)
    except DatabaseUnavailable as error:
        raise StoreUnavailable from error


def write(database: Database, work: Work[T]) -> T:
    """One transaction; `work` may run again when it lost against another one. Raises StoreUnavailable."""
    try:
        return database.run_write(work)
    except DatabaseUnavailable as error:
        raise StoreUnavailable from error


def is_storable(text: str) -> bool:
    """Whether a database can hold, and so find, `text`: neither NUL nor half a character."""
    return "\0" not in text and text.encode(errors="ignore").decode() == text
