"""Files by what is known of their directories and of themselves.

Few files with a value that is asked for: from these. Else directory by directory, with as many files counted
in each as fit: that says how many there are in all, and in which directories the page lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    literal_column,
    not_,
    select,
    true,
)

from services.catalogue.adapters.files_sql.metadata_rows import holds
from services.catalogue.adapters.files_sql.metadata_sets import (
    MANY,
    Asked,
    Group,
    Scope,
    chosen_below,
    counted,
    grouped,
    is_below,
    left_to_ask,
    scope_at,
)
from services.catalogue.adapters.files_sql.metadata_standard import standard
from services.catalogue.adapters.files_sql.rows import file_of, select_files
from services.catalogue.adapters.files_sql.tables import HIDDEN, directories, file_values, files
from services.catalogue.adapters.files_sql.work import SqlPart, batched
from services.catalogue.domain.files.entries import File, Status
from services.catalogue.domain.files.fields import Condition, Level
from services.catalogue.domain.files.standard import STANDARD

_D, _F = directories.c, files.c
_HIDDEN: Final[ColumnElement[bool]] = literal_column(f"files.{HIDDEN}")


@dataclass(frozen=True, slots=True)
class Wish:
    """Of a row of `files`: `groups` of its own values, `clauses` of the rest."""

    scope: Scope
    groups: Sequence[Group]
    clauses: Sequence[ColumnElement[bool]]
    all_statuses: bool

    @property
    def is_any(self) -> bool:
        return not self.groups and not self.clauses

    def fits(self) -> ColumnElement[bool]:
        seen = [] if self.all_statuses else [_F.status == Status.GOOD.value]
        return and_(true(), *seen, *self.clauses, *(self._has(group) for group in self.groups))

    def _has(self, group: Group) -> ColumnElement[bool]:
        values = file_values.alias()
        found = exists().where(values.c.file_id == _F.id, self.holding(group, values))
        return not_(found) if group.is_missing else found

    def holding(self, group: Group, values: Any) -> ColumnElement[bool]:
        return holds(values, group.declared, group.conditions, is_sqlite=self.scope.is_sqlite)


class SqlFindingFiles(SqlPart):
    def find_files(
        self, path: str, conditions: Sequence[Condition], *, all_statuses: bool, limit: int, start: int
    ) -> tuple[int, Sequence[File]]:
        def work(connection: Connection) -> tuple[int, list[Any]]:
            scope = scope_at(connection, path, is_sqlite=self._database.is_sqlite)
            common = [each for each in conditions if each.field in STANDARD]
            groups = grouped(scope, [each for each in conditions if each.field not in STANDARD])
            by_level = {
                level: [one for one in groups if one.declared.field.level is level] for level in Level
            }
            clauses = [standard(each, is_sqlite=scope.is_sqlite) for each in common]
            wish = Wish(scope, by_level[Level.FILE], clauses, all_statuses)
            asked = left_to_ask(connection, scope, by_level[Level.DIRECTORY])
            if asked.is_empty or any(group.is_never for group in groups):
                return 0, []
            if (first := _most_telling(connection, wish)) is not None:
                return _from_files(connection, wish, asked, first, limit, start)
            return _from_directories(connection, wish, asked, limit, start)

        total, rows = self._read(work)
        return total, [file_of(row) for row in rows]


def _most_telling(connection: Connection, wish: Wish) -> Select[Any] | None:
    """The ids of files with a value that is asked for, where these are few."""
    found = {}
    for group in wish.groups:
        if not group.is_missing:
            values = file_values.alias()
            found[group.declared.id] = select(values.c.file_id).where(wish.holding(group, values))
    counts = counted(connection, found)
    best = min(counts, key=lambda number: counts[number], default=None)
    return found[best] if best is not None and counts[best] < MANY else None


def _from_files(
    connection: Connection, wish: Wish, asked: Asked, first: Select[Any], limit: int, start: int
) -> tuple[int, list[Any]]:
    where = [_F.id.in_(first), wish.fits()]
    if asked.carried or asked.missing:
        where.append(_F.directory_id.in_(chosen_below(connection, wish.scope, asked)))
    elif not wish.scope.is_all:
        where.append(is_below(wish.scope, _F.directory_id))
    total = connection.execute(select(func.count()).select_from(files).where(*where)).scalar_one()
    page = select_files().where(*where).order_by(_D.path, _F.name).limit(limit).offset(start)
    return total, list(connection.execute(page).all())


def _from_directories(
    connection: Connection, wish: Wish, asked: Asked, limit: int, start: int
) -> tuple[int, list[Any]]:
    numbered = _counts(wish, chosen_below(connection, wish.scope, asked)).subquery("counts")
    total = func.sum(numbered.c.count).over()
    upto = func.sum(numbered.c.count).over(order_by=numbered.c.path)
    running = (
        select(numbered.c.id, numbered.c.path, numbered.c.count, upto.label("upto"), total.label("total"))
        .where(numbered.c.count > 0)
        .subquery("running")
    )
    before = running.c.upto - running.c.count
    last = running.c.upto == running.c.total  # is there whenever anything is: it brings the total
    page = (running.c.upto > start) & (before < start + limit)
    rows = connection.execute(
        select(running.c.id, before, running.c.total, page).where(page | last).order_by(running.c.path)
    ).all()
    if not rows:
        return 0, []
    places = [(number, int(skipped)) for number, skipped, _, is_in in rows if is_in]
    return int(rows[0][2]), _files_in(connection, wish, places, limit, start)


def _counts(wish: Wish, chosen: Select[Any]) -> Select[Any]:
    """The directories that are `chosen`, and how many of their files fit."""
    if not wish.is_any:
        counted_ones = select(_F.directory_id.label("id"), func.count().label("count"))
        in_them = counted_ones.where(_F.directory_id.in_(chosen), wish.fits())
        found = in_them.group_by(_F.directory_id).subquery()
        return select(_D.id, _D.path, found.c.count).join(found, found.c.id == _D.id)
    in_it = select(func.count()).select_from(files).where(_F.directory_id == _D.id).correlate(directories)
    count: ColumnElement[int] = in_it.scalar_subquery()
    if not wish.all_statuses:  # both from an index: there are few of the others
        count = count - in_it.where(_HIDDEN).scalar_subquery()
    places = chosen.subquery("chosen")
    counts = select(_D.id, _D.path, count.label("count"))
    return counts.select_from(places.join(directories, _D.id == places.c.id)).where(_D.files > 0)


def _files_in(
    connection: Connection, wish: Wish, places: Sequence[tuple[int, int]], limit: int, start: int
) -> list[Any]:
    """`places`: directories by path, and how many files come before theirs."""
    found: list[Any] = []
    for some in batched(places):
        wanted = select_files().where(_F.directory_id.in_([number for number, _ in some]), wish.fits())
        skipped = max(0, start - some[0][1])
        page = wanted.order_by(_D.path, _F.name).limit(limit - len(found)).offset(skipped)
        found += connection.execute(page).all()
    return found
