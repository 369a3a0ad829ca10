"""The port Stamps, and what every other store calls in its own transactions (docs/decisions/0013)."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from libs.sql.engine import Database
from libs.sql.errors import DatabaseUnavailable
from services.auth.adapters.store_sql.people_tables import security_stamps
from services.auth.adapters.store_sql.work import read, write
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.stamps import BUCKETS, bucket_of

_MOVE: Final = (
    update(security_stamps)
    .where(security_stamps.c.bucket == bindparam("moved"))
    .values(value=security_stamps.c.value + 1)
)
_ALL: Final = select(security_stamps.c.value).order_by(security_stamps.c.bucket)
# Asked on every request of every client: see read_cursor.
_VALUES: Final = "SELECT bucket, value FROM security_stamps WHERE bucket IN "


def move_stamps(connection: Connection, *subjects: str) -> None:
    """In the transaction that changes what credentials of `subjects` resolve to, near its end.

    Others see the new value and the change together, or neither.
    """
    _move(connection, {bucket_of(subject) for subject in subjects})


def move_all_stamps(connection: Connection) -> None:
    """Nothing that anybody remembers counts any more."""
    _move(connection, range(BUCKETS))


def _move(connection: Connection, buckets: Iterable[int]) -> None:
    # In one order everywhere: two transactions that move the same stamps wait, they do not deadlock.
    rows = [{"moved": bucket} for bucket in sorted(buckets)]
    if rows:
        connection.execute(_MOVE, rows)


class SqlStamps:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._place = "?" if database.is_sqlite else "%s"

    def value(self, bucket: int) -> int:
        return self.values((bucket,))[0]

    def values(self, buckets: Sequence[int]) -> Sequence[int]:
        places = ",".join([self._place] * len(buckets))
        try:
            with self._database.read_cursor() as cursor:
                cursor.execute(f"{_VALUES}({places})", tuple(buckets))
                found = dict(cursor.fetchall())
            return [found[bucket] for bucket in buckets]
        except KeyError:
            # The migration fills the table: without a row nothing may be trusted.
            raise StoreUnavailable from None
        except DatabaseUnavailable as error:
            raise StoreUnavailable from error

    def all(self) -> Sequence[int]:
        values = read(self._database, lambda connection: connection.execute(_ALL).scalars().all())
        if len(values) != BUCKETS:
            raise StoreUnavailable
        return list(values)

    def move(self, *subjects: str) -> None:
        write(self._database, lambda connection: move_stamps(connection, *subjects))

    def move_all(self) -> None:
        write(self._database, move_all_stamps)
