"""Directories for which conditions hold."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from services.catalogue.adapters.files_sql.metadata_sets import (
    chosen_below,
    grouped,
    left_to_ask,
    scope_at,
)
from services.catalogue.adapters.files_sql.tables import directories
from services.catalogue.adapters.files_sql.work import SqlPart
from services.catalogue.domain.files.entries import Directory, Status
from services.catalogue.domain.files.fields import Condition, Match

_D: Final = directories.c


class SqlMatching(SqlPart):
    def matching(
        self, path: str, conditions: Sequence[Condition], limit: int
    ) -> tuple[Sequence[Match], bool, Directory]:
        def work(connection: Connection) -> tuple[Directory, Sequence[Any]]:
            scope = scope_at(connection, path, is_sqlite=self._database.is_sqlite)
            asked = left_to_ask(connection, scope, grouped(scope, conditions))
            if asked.is_empty:
                return scope.directory, ()
            chosen = chosen_below(connection, scope, asked).subquery()
            found = (
                select(_D.path, _D.files, _D.bytes)
                .select_from(chosen.join(directories, _D.id == chosen.c.id))
                .where(_D.status == Status.GOOD.value)
                .order_by(_D.path)
                .limit(limit + 1)
            )
            return scope.directory, connection.execute(found).all()

        directory, rows = self._read(work)
        matches = [Match(path=path, files=files, bytes=size) for path, files, size in rows[:limit]]
        return matches, len(rows) > limit, directory
