"""The values that are compatible with conditions (contract 3.5).

Where few directories are compatible everything is read from them. Where many are, each field's distinct
values are walked along its index, and whether one is compatible is told by the first of those that carry it;
only what that leaves open is looked up among all compatible directories.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, exists, literal, or_, select, true, union, union_all
from sqlalchemy.sql.selectable import CTE

from services.catalogue.adapters.files_sql.metadata_rows import VALUES, Declared, value_of
from services.catalogue.adapters.files_sql.metadata_sets import (
    WEIGHED,
    Group,
    Scope,
    carriers,
    counted,
    grouped,
    has_value,
    holding,
    is_below,
    scope_at,
    weight_of,
)
from services.catalogue.adapters.files_sql.metadata_walking import (
    Fits,
    is_carried,
    is_carried_by_more,
    walked,
)
from services.catalogue.adapters.files_sql.tables import directory_tree, directory_values, files
from services.catalogue.adapters.files_sql.work import SqlPart
from services.catalogue.domain.files.errors import TooMuch
from services.catalogue.domain.files.fields import Condition, FieldType, Level, Value

MAX_VALUES: Final = 100_000  # in one answer
WALKED: Final = 2000  # distinct values of one field; more of them are looked up at once
TRIED: Final = 8  # of those that carry one value
SECOND_ROUND: Final = 50  # values that this may leave open: for these more is tried
SETTLED: Final = 256
FEW: Final = 25_000  # directories
FEW_WITH_FILES: Final = 500
FEW_QUESTIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class Compatible:
    """The directories that are: `chosen` has their ids (none: they are all of the VO's), `groups` are what to
    ask of one. `is_few` of two levels' values: reading from all of them is cheap.
    """

    scope: Scope
    groups: Sequence[Group]
    chosen: Select[Any] | None
    is_few: Mapping[Level, bool]

    @property
    def fits_if_chosen(self) -> Fits | None:
        """Without: there is nothing to ask."""
        return None if self.chosen is None else self.fits

    def fits(self, column: Any) -> Any:
        return and_(_in_region(self.scope, column), *(_fits(self.scope, one, column) for one in self.groups))


class Answer:
    """Values by field, counted as they come."""

    def __init__(self) -> None:
        self._values: dict[str, set[Value]] = {}
        self._room = MAX_VALUES

    def add(self, name: str, values: Iterable[Value]) -> None:
        """Raises TooMuch."""
        found = self._values.setdefault(name, set())
        before = len(found)
        found.update(values)
        self._room -= len(found) - before
        if self._room < 0:
            raise TooMuch(f"There are more than {MAX_VALUES} values: add conditions or begin further below")

    def sorted(self) -> dict[str, Sequence[Value]]:
        """By field, those without values left out."""
        return {name: sorted(values, key=_order) for name, values in sorted(self._values.items()) if values}


def _order(value: Any) -> Any:
    return value  # numbers or texts: of one field never both


class SqlCompatible(SqlPart):
    def compatible(
        self, path: str, conditions: Sequence[Condition], *, with_files: bool
    ) -> dict[str, Sequence[Value]]:
        def work(connection: Connection) -> dict[str, Sequence[Value]]:
            scope = scope_at(connection, path, is_sqlite=self._database.is_sqlite)
            groups = grouped(scope, conditions)
            answer = Answer()
            if not any(group.is_never for group in groups):
                compatible = _compatible(connection, scope, groups)
                for level in (Level.DIRECTORY, Level.FILE) if with_files else (Level.DIRECTORY,):
                    _collect(connection, compatible, level, answer)
            return answer.sorted()

        return self._read(work)


def _compatible(connection: Connection, scope: Scope, groups: Sequence[Group]) -> Compatible:
    size, base, others = scope.directory.directories, _region(scope), list(groups)
    if size > FEW_WITH_FILES:
        for group, weight in _weights(connection, scope, groups).items():
            if weight < size and not group.is_missing:
                base = _above_and_below(carriers(scope, group).cte("carriers"))
                others = [other for other in groups if other is not group]
            size = min(size, weight)
    chosen = None
    if groups or not scope.is_all:
        some = base.subquery("base")
        tests = [_test(scope, group, some.c.id, size) for group in others]
        chosen = select(some.c.id).where(_in_region(scope, some.c.id), *tests)
    is_few = {Level.DIRECTORY: size <= FEW, Level.FILE: size <= FEW_WITH_FILES}
    return Compatible(scope, groups, chosen, is_few)


def _weights(connection: Connection, scope: Scope, groups: Sequence[Group]) -> dict[Group, int]:
    """About how many directories are compatible with each."""
    found = {group: carriers(scope, group) for group in groups}
    counts = counted(connection, {group.declared.id: some for group, some in found.items()})
    weights = {}
    for group, some in found.items():
        weight = counts[group.declared.id]
        if weight <= WEIGHED:
            weight = weight_of(connection, some.cte("carriers"))
        weights[group] = scope.directory.directories - weight if group.is_missing else weight
    return weights


def _region(scope: Scope) -> Select[Any]:
    """The ids of the scope's directory, of all below it and above it."""
    below, above, number = directory_tree.alias(), directory_tree.alias(), scope.directory.id
    down = select(below.c.directory_id.label("id")).where(below.c.ancestor_id == number)
    up = select(above.c.ancestor_id).where(above.c.directory_id == number, above.c.depth > 0)
    every = union_all(down, up).subquery()
    return select(every.c.id)


def _above_and_below(top: CTE) -> Select[Any]:
    """The ids of `top`, of all below them and above them."""
    below, above = directory_tree.alias(), directory_tree.alias()
    down = select(below.c.directory_id.label("id")).select_from(
        top.join(below, below.c.ancestor_id == top.c.id)
    )
    up = select(above.c.ancestor_id).select_from(top.join(above, above.c.directory_id == top.c.id))
    every = union(down, up.where(above.c.depth > 0)).subquery()
    return select(every.c.id)


def _in_region(scope: Scope, column: Any) -> Any:
    if scope.is_all:
        return true()
    above = directory_tree.alias()
    is_above = exists().where(above.c.directory_id == scope.directory.id, above.c.ancestor_id == column)
    return or_(is_below(scope, column), is_above)


def _test(scope: Scope, group: Group, column: Any, times: int) -> Any:
    """As _fits. PostgreSQL is quicker with sets than with many questions."""
    if scope.is_sqlite or group.is_missing or times <= FEW_QUESTIONS:
        return _fits(scope, group, column)
    return column.in_(_above_and_below(carriers(scope, group).cte(f"carriers_{group.declared.id}")))


def _fits(scope: Scope, group: Group, column: Any) -> Any:
    """That a directory is in the group's compatible set: it, one above or one below it carries what is asked
    for; of a field that has to be missing, that it has no value.
    """
    if group.is_missing:
        return ~has_value(group, column)
    tests = []
    for here, there in (("directory_id", "ancestor_id"), ("ancestor_id", "directory_id")):
        tree, values = directory_tree.alias(), directory_values.alias()
        is_carrier = exists().where(values.c.directory_id == tree.c[there], holding(scope, group, values))
        found = select(literal(1)).where(tree.c[here] == column, is_carrier)
        # Else PostgreSQL finds out for every directory that there is, to have it at hand for a few.
        tests.append(exists(found if scope.is_sqlite else found.offset(0)))
    return or_(*tests)


def _collect(connection: Connection, compatible: Compatible, level: Level, answer: Answer) -> None:
    fields = [one for one in compatible.scope.known.values() if one.field.level is level]
    fields = [one for one in fields if one.field.type is not FieldType.METASET]
    if compatible.chosen is not None and compatible.is_few[level]:
        _read_all(connection, compatible.chosen, fields, level, answer)
        return
    walks = _walks(compatible, fields)
    left = [one for one in fields if not _walk(connection, compatible, walks[one.column], one, answer)]
    for one in left if compatible.chosen is None else ():
        _read_distinct(connection, one, answer)
    if left and compatible.chosen is not None:
        _read_all(connection, compatible.chosen, left, level, answer)


def _walks(compatible: Compatible, fields: Sequence[Declared]) -> Mapping[str, Select[Any]]:
    """By the column that has the values: to put such a statement together takes longer than to answer it."""
    fits = compatible.fits_if_chosen
    kinds = {one.column: one.field.level for one in fields}
    return {column: walked(level, column, fits, TRIED, WALKED + 1) for column, level in kinds.items()}


def _walk(
    connection: Connection, compatible: Compatible, walk: Select[Any], declared: Declared, answer: Answer
) -> bool:
    """From each distinct value to the next; whether that told everything."""
    fits = compatible.fits_if_chosen
    rows = connection.execute(walk, {"field": declared.id}).all()
    if len(rows) > WALKED:
        return False
    answer.add(declared.field.name, (value for value, is_carried in rows if is_carried))
    left = [value for value, is_carried in rows if not is_carried]
    if fits is None or not left:
        return True
    if len(left) > SECOND_ROUND:
        return False
    return all(_settle(connection, declared, value, fits, answer) for value in left)


def _settle(connection: Connection, declared: Declared, value: Value, fits: Fits, answer: Answer) -> bool:
    """Whether it is known now if some directory that fits carries the value."""
    if connection.execute(select(is_carried(declared, value, fits, SETTLED))).scalar_one():
        answer.add(declared.field.name, [value])
        return True
    return not connection.execute(select(is_carried_by_more(declared, value, SETTLED))).scalar_one()


def _read_all(
    connection: Connection, chosen: Select[Any], fields: Sequence[Declared], level: Level, answer: Answer
) -> None:
    """All values of `fields` in the directories that are `chosen`."""
    values = VALUES[level]
    found = select(values.c.field_id, values.c.whole, values.c.number, values.c.text)
    if level is Level.FILE:
        found = found.select_from(values.join(files, files.c.id == values.c.file_id))
    place = values.c.directory_id if level is Level.DIRECTORY else files.c.directory_id
    wanted = values.c.field_id.in_([one.id for one in fields])
    rows = connection.execute(found.where(place.in_(chosen), wanted).distinct().limit(MAX_VALUES + 1))
    known = {one.id: one for one in fields}
    for number, *columns in rows:
        field = known[number].field
        answer.add(field.name, [value_of(field.type, *columns)])


def _read_distinct(connection: Connection, declared: Declared, answer: Answer) -> None:
    values = VALUES[declared.field.level]
    column = values.c[declared.column]
    wanted = select(column).where(values.c.field_id == declared.id, column.is_not(None))
    rows = connection.execute(wanted.distinct().limit(MAX_VALUES + 1))
    answer.add(declared.field.name, rows.scalars())
