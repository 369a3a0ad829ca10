"""Metasets: named bundles of conditions that conditions name, and that may name one another.

Contents are `{field: value}` with a value (`=`), a list (`in`), a text `op|value` as in a query, or
`{operator: value}`; for a field of type metaset the value is the other set's name.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from services.catalogue.domain.files.conditions import MAX_CONDITIONS, Wanted, operator_of, typed
from services.catalogue.domain.files.errors import InvalidCondition
from services.catalogue.domain.files.fields import Condition, Field, FieldType, Operator

MAX_NESTING: Final = 16
_SIGNS: Final = {operator.value for operator in Operator}
Metasets = Mapping[str, Mapping[str, object]]


def read_contents(contents: Mapping[str, object]) -> list[Wanted]:
    """Raises InvalidCondition."""
    if not 0 < len(contents) <= MAX_CONDITIONS:
        raise InvalidCondition("contents", f"a metaset has 1 to {MAX_CONDITIONS} fields")
    return [wanted for name, value in contents.items() for wanted in _wanted(name, value)]


def expand(
    wanted: Iterable[Wanted], fields: Mapping[str, Field], metasets: Metasets, inside: tuple[str, ...] = ()
) -> list[Wanted]:
    """With the contents of metasets in place of their names. Raises InvalidCondition (no such set, one that
    holds itself, too many conditions in all).
    """
    found: list[Wanted] = []
    for one in wanted:
        field = fields.get(one.field)
        if field is None or field.type is not FieldType.METASET:
            found.append(one)
            continue
        for name in _named(one):
            if name in inside:
                raise InvalidCondition(one.field, f"the metaset {name} holds itself")
            if name not in metasets:
                raise InvalidCondition(one.field, f"there is no metaset {name}")
            if len(inside) >= MAX_NESTING:
                raise InvalidCondition(one.field, f"metasets hold one another {MAX_NESTING} deep at most")
            found += expand(read_contents(metasets[name]), fields, metasets, (*inside, name))
        if len(found) > MAX_CONDITIONS:
            raise InvalidCondition(one.field, f"{MAX_CONDITIONS} conditions at most")
    return found


def written(wanted: Iterable[Wanted]) -> dict[str, object]:
    """Contents that say the same, `{field: {operator: value}}`; of one operator several times, a list."""
    found: dict[str, dict[str, list[object]]] = {}
    for one in wanted:
        found.setdefault(one.field, {}).setdefault(one.operator.value, []).append(one.operand)
    return {
        name: {sign: operands[0] if len(operands) == 1 else operands for sign, operands in operators.items()}
        for name, operators in found.items()
    }


def check_contents(
    name: str, contents: Mapping[str, object], fields: Mapping[str, Field], metasets: Metasets
) -> None:
    """Whether `contents` may be kept as the metaset `name`. Raises InvalidCondition."""
    for wanted in expand(read_contents(contents), fields, {**metasets, name: contents}, (name,)):
        if wanted.field not in fields:
            raise InvalidCondition(wanted.field, "there is no such field")
        typed(wanted, fields[wanted.field])


def resolved(
    wanted: Sequence[Wanted], fields: Mapping[str, Field], metasets: Metasets, *, lenient: bool
) -> list[Condition]:
    """Expanded and typed; `lenient` leaves out what names no field of `fields`. Raises InvalidCondition."""
    conditions: list[Condition] = []
    for one in expand(wanted, fields, metasets):
        field = fields.get(one.field)
        if field is not None:
            conditions.append(typed(one, field))
        elif not lenient:
            raise InvalidCondition(one.field, "there is no such field here")
    return list(dict.fromkeys(conditions))


def _wanted(name: str, value: object) -> list[Wanted]:
    if isinstance(value, Mapping):
        if not value:
            raise InvalidCondition(name, "has no condition")
        return [Wanted(name, operator_of(name, str(sign)), operand) for sign, operand in value.items()]
    if isinstance(value, list):
        return [Wanted(name, Operator.IN, value)]
    if isinstance(value, str) and value.partition("|")[0] in _SIGNS and "|" in value:
        sign, _, operand = value.partition("|")
        return [Wanted(name, operator_of(name, sign), operand)]
    return [Wanted(name, Operator.EQ, value)]


def _named(wanted: Wanted) -> list[str]:
    """The sets that a condition on a field of type metaset names; all of them have to hold."""
    operand = wanted.operand
    if wanted.operator in (Operator.EQ, Operator.IN):
        names = operand if isinstance(operand, list) else [operand]
        if len(names) == 1 and isinstance(names[0], str) and names[0].strip():
            return [names[0].strip()]
    raise InvalidCondition(wanted.field, "a metaset is named by = and its name")
