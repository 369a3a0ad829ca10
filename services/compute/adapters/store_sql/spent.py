"""Signed texts that counted once (the port SpentTexts). Rows are small and stay."""

from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from services.compute.adapters.store_sql.tables import spent_texts
from services.compute.adapters.store_sql.work import SqlPart, moment

_FIND: Final = select(spent_texts.c.fingerprint).where(
    spent_texts.c.fingerprint == bindparam("fingerprint_is")
)


class SqlSpent(SqlPart):
    def is_spent(self, fingerprint: str) -> bool:
        given = {"fingerprint_is": fingerprint}
        return self._read(lambda connection: connection.execute(_FIND, given).first() is not None)

    def spend(self, fingerprint: str, now: float) -> bool:
        """RETURNING tells a new row from an old one: drivers disagree on the row count."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        row = {"fingerprint": fingerprint, "spent_at": moment(now)}
        statement = insert(spent_texts).values(row).on_conflict_do_nothing()
        known = statement.returning(spent_texts.c.fingerprint)
        return self._write(lambda connection: connection.execute(known).first() is not None)
