"""Sets of directories that conditions choose, as SQL over the closure of the tree.

Of one field no directory has a value above another's. So the directories that carry a satisfying value (the
carriers) are roots of disjoint subtrees, and what several conditions choose is again a set of disjoint
subtrees: their roots are built up from the condition with the fewest carriers, one condition after another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    case,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import CTE, FromClause

from services.catalogue.adapters.files_sql.finding import directory_at
from services.catalogue.adapters.files_sql.metadata_rows import (
    Declared,
    fields_of,
    holds,
    is_never,
    vo_at,
)
from services.catalogue.adapters.files_sql.tables import directories, directory_tree, directory_values
from services.catalogue.domain.files.conditions import by_field
from services.catalogue.domain.files.entries import Directory
from services.catalogue.domain.files.errors import InvalidCondition
from services.catalogue.domain.files.fields import Condition, Operator
from services.catalogue.domain.files.lfn import vo_of

MANY: Final = 25_001  # carriers that are counted, at most
SMALL: Final = 2000  # directories: all of so many are looked at without counting first
WEIGHED: Final = 2000  # carriers: of more it is not asked what lies below them
UPWARD: Final = 6  # what one look at all above a directory costs, in looks at one below
_TREE: Final = directory_tree.c


@dataclass(frozen=True, slots=True)
class Group:
    """What is asked of one field: its value (own or from above) has to satisfy all of it."""

    declared: Declared
    conditions: tuple[Condition, ...]

    @property
    def is_missing(self) -> bool:
        return any(each.operator is Operator.MISSING for each in self.conditions)

    @property
    def is_never(self) -> bool:
        operators = {each.operator for each in self.conditions}
        return any(map(is_never, self.conditions)) or (self.is_missing and len(operators) > 1)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where is looked: `directory` and below; `is_all`: it is a VO's top, so no other directory has values of
    the VO's fields.
    """

    directory: Directory
    known: Mapping[str, Declared]
    is_sqlite: bool

    @property
    def is_all(self) -> bool:
        return self.directory.path == f"/{vo_of(self.directory.path)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is left to ask below a directory. `carried`: each has carriers strictly below it or nowhere;
    `missing`: fields without a value; `is_empty`: nothing there fits.
    """

    carried: tuple[Group, ...] = ()
    missing: tuple[Group, ...] = ()
    is_empty: bool = False


def scope_at(connection: Connection, path: str, *, is_sqlite: bool) -> Scope:
    """Raises NotThere."""
    vo = vo_at(path)
    return Scope(directory_at(connection, path), fields_of(connection, vo), is_sqlite)


def grouped(scope: Scope, conditions: Sequence[Condition]) -> list[Group]:
    """`conditions` name fields of directories. Raises InvalidCondition (the field went since)."""
    found = []
    for name, asked in by_field(conditions).items():
        declared = scope.known.get(name)
        if declared is None or not all(declared.takes(value) for one in asked for value in one.values):
            raise InvalidCondition(name, "there is no such field")
        found.append(Group(declared, tuple(asked)))
    return found


def left_to_ask(connection: Connection, scope: Scope, groups: Sequence[Group]) -> Asked:
    """Without the conditions that the directory or one above it satisfies already (contract 3.5)."""
    if any(group.is_never for group in groups):
        return Asked(is_empty=True)
    satisfied = _satisfied(connection, scope, groups)
    if any(satisfied.get(group.declared.id) is False for group in groups):
        return Asked(is_empty=True)
    left = [group for group in groups if group.declared.id not in satisfied]
    return Asked(
        tuple(group for group in left if not group.is_missing),
        tuple(group for group in left if group.is_missing),
    )


def _satisfied(connection: Connection, scope: Scope, groups: Sequence[Group]) -> dict[int, bool]:
    """By field: whether the value that the directory has (its own or from above) satisfies what is asked."""
    asked = []
    for group in groups:
        values = directory_values.alias()
        fits = literal(0) if group.is_missing else case((holding(scope, group, values), 1), else_=0)
        asked.append(
            select(values.c.field_id, fits)
            .select_from(directory_tree)
            .join(values, values.c.directory_id == _TREE.ancestor_id)
            .where(_TREE.directory_id == scope.directory.id, values.c.field_id == group.declared.id)
        )
    if not asked:
        return {}
    return {number: bool(fits) for number, fits in connection.execute(union_all(*asked))}


def holding(scope: Scope, group: Group, values: FromClause) -> Any:
    """Of a row of `values`: that it carries what `group` asks for."""
    return holds(values, group.declared, group.conditions, is_sqlite=scope.is_sqlite)


def carriers(scope: Scope, group: Group) -> Select[Any]:
    """The ids of all in the VO."""
    values = directory_values.alias()
    return select(values.c.directory_id.label("id")).where(holding(scope, group, values))


def _carriers_below(scope: Scope, group: Group) -> Select[Any]:
    found = carriers(scope, group)
    return found if scope.is_all else found.where(is_below(scope, found.selected_columns.id))


def is_below(scope: Scope, column: Any) -> Any:
    """That a directory is the scope's or below it."""
    tree = directory_tree.alias()
    return exists().where(tree.c.ancestor_id == scope.directory.id, tree.c.directory_id == column)


def counted(connection: Connection, found: Mapping[int, Select[Any]]) -> dict[int, int]:
    """How many each finds; of many, that there are MANY."""
    counts = []
    for number, some in found.items():
        count = select(func.count()).select_from(some.limit(MANY).subquery()).scalar_subquery()
        counts.append(select(literal(number), count))
    return {number: count for number, count in connection.execute(union_all(*counts))} if counts else {}


def roots(connection: Connection, scope: Scope, groups: Sequence[Group]) -> CTE:
    """The ids of the topmost directories for which all groups hold; `groups` is not empty."""
    below = scope.directory.directories
    is_small = not scope.is_all and below <= SMALL
    counts = {}
    if len(groups) > 1 and not is_small:
        found = {group.declared.id: _carriers_below(scope, group) for group in groups}
        counts = counted(connection, found)
    first, *others = groups = sorted(groups, key=lambda group: counts.get(group.declared.id, 0))
    if is_small or (not scope.is_all and counts and below < counts[first.declared.id]):
        chosen, others, weight = select(literal(scope.directory.id).label("id")).cte("roots_0"), groups, below
    else:
        chosen = _carriers_below(scope, first).cte("roots_0")
        is_high = 0 < counts.get(first.declared.id, 0) <= WEIGHED
        weight = weight_of(connection, chosen) if is_high else 0
    for number, group in enumerate(others, 1):
        by_carriers = counts.get(group.declared.id, MANY) * UPWARD < weight
        lower = _carriers_in(scope, chosen, group) if by_carriers else _carriers_of(scope, chosen, group)
        chosen = union_all(lower, _under_carriers(scope, chosen, group)).cte(f"roots_{number}")
    return chosen


def weight_of(connection: Connection, chosen: CTE) -> int:
    """How many directories lie in the subtrees."""
    counts = select(func.count(), func.sum(directories.c.directories))
    count, below = connection.execute(
        counts.select_from(chosen.join(directories, directories.c.id == chosen.c.id))
    ).one()
    return int(count) + int(below or 0)


def _carriers_of(scope: Scope, chosen: CTE, group: Group) -> Select[Any]:
    """Carriers in the subtrees of `chosen`, by looking at all of these. EXISTS one in another says in which
    order to look.
    """
    below, values = directory_tree.alias(), directory_values.alias()
    is_carrier = exists().where(values.c.directory_id == below.c.directory_id, holding(scope, group, values))
    inside = chosen.join(below, below.c.ancestor_id == chosen.c.id)
    return select(below.c.directory_id.label("id")).select_from(inside).where(is_carrier)


def _carriers_in(scope: Scope, chosen: CTE, group: Group) -> Select[Any]:
    """The same, by looking at what is above each carrier."""
    above, values = directory_tree.alias(), directory_values.alias()
    is_inside = exists().where(
        above.c.directory_id == values.c.directory_id, above.c.ancestor_id.in_(select(chosen.c.id))
    )
    return select(values.c.directory_id.label("id")).where(holding(scope, group, values), is_inside)


def _under_carriers(scope: Scope, chosen: CTE, group: Group) -> Select[Any]:
    """Those of `chosen` that are strictly below a carrier: then there is none in their subtrees."""
    above, higher, own = directory_tree.alias(), directory_values.alias(), directory_values.alias()
    is_carrier = exists().where(higher.c.directory_id == above.c.ancestor_id, holding(scope, group, higher))
    return select(chosen.c.id).where(
        # With a value of its own there is none above it: cheaper to know first.
        ~exists().where(own.c.field_id == group.declared.id, own.c.directory_id == chosen.c.id),
        exists().where(above.c.directory_id == chosen.c.id, above.c.depth > 0, is_carrier),
    )


def chosen_below(connection: Connection, scope: Scope, asked: Asked) -> Select[Any]:
    """The ids of all directories at the scope's and below that fit."""
    tree = directory_tree.alias()
    if asked.carried:
        top = roots(connection, scope, asked.carried)
        found = select(tree.c.directory_id.label("id")).select_from(
            top.join(tree, tree.c.ancestor_id == top.c.id)
        )
    else:
        found = select(tree.c.directory_id.label("id")).where(tree.c.ancestor_id == scope.directory.id)
    for group in asked.missing:
        found = found.where(~has_value(group, tree.c.directory_id))
    return found


def has_value(group: Group, column: Any) -> Any:
    """That a directory has a value of the field, its own or from above."""
    above, values = directory_tree.alias(), directory_values.alias()
    is_carrier = exists().where(
        values.c.field_id == group.declared.id, values.c.directory_id == above.c.ancestor_id
    )
    return exists().where(above.c.directory_id == column, is_carrier)
