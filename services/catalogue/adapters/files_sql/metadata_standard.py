"""Conditions on what all files have, as SQL about a row of `files`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, exists, false, not_, or_, select, true

from services.catalogue.adapters.files_sql.metadata_rows import compared, is_never, is_telling
from services.catalogue.adapters.files_sql.tables import (
    directories,
    files,
    owner_groups,
    owners,
    replicas,
    storage_elements,
)
from services.catalogue.domain.files.fields import Condition, Operator
from services.catalogue.domain.files.standard import Standard

_F: Final = files.c
_SECOND: Final = timedelta(seconds=1)
_NEGATED: Final = {Operator.NE: Operator.EQ, Operator.NOT_IN: Operator.IN}
_COLUMNS: Final[Mapping[Standard, Any]] = {
    Standard.SIZE: _F.size,
    Standard.NAME: _F.name,
    Standard.FILE_NAME: _F.name,
    Standard.GUID: _F.guid,
    Standard.CHECKSUM: _F.checksum,
    Standard.UID: _F.owner_id,
    Standard.GID: _F.group_id,
    Standard.STATUS: _F.status,
}
_DATES: Final[Mapping[Standard, Any]] = {
    Standard.CREATION_DATE: _F.created_at,
    Standard.MODIFICATION_DATE: _F.modified_at,
    Standard.LAST_ACCESS_DATE: _F.modified_at,
}
_ELSEWHERE: Final[Mapping[Standard, tuple[Any, Table, Any]]] = {
    Standard.USER: (_F.owner_id, owners, owners.c.name),
    Standard.GROUP: (_F.group_id, owner_groups, owner_groups.c.name),
    Standard.PATH: (_F.directory_id, directories, directories.c.path),
}


def standard(condition: Condition, *, is_sqlite: bool) -> ColumnElement[bool]:
    """What `condition` says of a row of `files`."""
    key = Standard(condition.field)
    if key is Standard.SE:
        return _on_elements(condition, is_sqlite=is_sqlite)
    if is_never(condition) or condition.operator is Operator.MISSING:
        return false()
    if not is_telling(condition):
        return true()
    if key in _DATES:
        return _dated(_DATES[key], condition.operator, [_moment(str(value)) for value in condition.values])
    if key in _ELSEWHERE:
        column, table, named = _ELSEWHERE[key]
        fits = compared(named, condition.operator, condition.values, is_sqlite=is_sqlite)
        return column.in_(select(table.c.id).where(fits))  # type: ignore[no-any-return]
    values = condition.values
    if key is Standard.CHECKSUM:
        values = tuple(str(value).lower() for value in values)
    return compared(_COLUMNS[key], condition.operator, values, is_sqlite=is_sqlite)


def _on_elements(condition: Condition, *, is_sqlite: bool) -> ColumnElement[bool]:
    """Of a file's several storage elements one has to fit; `!=` and `nin` say that none is named."""
    operator = _NEGATED.get(condition.operator, condition.operator)
    found = exists().where(replicas.c.file_id == _F.id)
    if condition.values:
        named = compared(storage_elements.c.name, operator, condition.values, is_sqlite=is_sqlite)
        found = found.where(replicas.c.se_id.in_(select(storage_elements.c.id).where(named)))
    is_negated = condition.operator in _NEGATED or operator is Operator.MISSING
    return not_(found) if is_negated else found


def _dated(column: Any, operator: Operator, moments: Sequence[datetime]) -> ColumnElement[bool]:
    """Dates are shown and asked for by the second."""
    if operator in _NEGATED:
        return not_(_dated(column, _NEGATED[operator], moments))
    if operator in (Operator.EQ, Operator.IN):
        return or_(*(and_(column >= moment, column < _following(moment)) for moment in moments))
    return _ORDERED[operator](column, moments[0])


_ORDERED: Final[Mapping[Operator, Callable[[Any, datetime], ColumnElement[bool]]]] = {
    Operator.LT: lambda column, moment: column < moment,
    Operator.GE: lambda column, moment: column >= moment,
    Operator.GT: lambda column, moment: column >= _following(moment),
    Operator.LE: lambda column, moment: column < _following(moment),
}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _following(moment: datetime) -> datetime:
    return min(moment, datetime.max.replace(tzinfo=UTC) - _SECOND) + _SECOND
