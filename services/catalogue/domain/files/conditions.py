"""Metadata conditions as a query has them, `field=op|value` (contract 3.2), and typed by their fields."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from services.catalogue.domain.files.errors import InvalidCondition, InvalidValue
from services.catalogue.domain.files.fields import Condition, Field, FieldType, Operator, Value
from services.catalogue.domain.files.values import (
    MAX_WHOLE,
    MIN_WHOLE,
    checked_text,
    date_of,
    float_of,
    number_of,
)

MAX_CONDITIONS: Final = 64
MAX_VALUES: Final = 1000
MAX_STARS: Final = 8  # of one pattern: matching costs a power of them
_COMMA: Final = re.compile(r"(?<!\\),")
_LISTS: Final = {Operator.IN, Operator.NOT_IN}
_BARE: Final = {Operator.EXISTS, Operator.MISSING}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A condition that knows nothing of its field yet; `operand` is text, or JSON where a metaset has it."""

    field: str
    operator: Operator
    operand: object


def read_pairs(pairs: Iterable[tuple[str, str]]) -> list[Wanted]:
    """From a query: names with `op|value`. Raises InvalidCondition (unknown operator, the same one twice)."""
    found: dict[tuple[str, Operator], Wanted] = {}
    for name, text in pairs:
        sign, bar, operand = text.partition("|")
        operator = operator_of(name, sign)
        if not bar:
            raise InvalidCondition(name, "a condition is an operator, | and a value")
        if (name, operator) in found:
            raise InvalidCondition(name, f"{sign} stands there twice")
        found[name, operator] = Wanted(name, operator, operand)
    if len(found) > MAX_CONDITIONS:
        raise InvalidCondition(name, f"{MAX_CONDITIONS} conditions at most")
    return list(found.values())


def operator_of(name: str, sign: str) -> Operator:
    """Raises InvalidCondition."""
    try:
        return Operator(sign)
    except ValueError:
        known = " ".join(Operator)
        raise InvalidCondition(name, f"no such operator; there are {known}") from None


def typed(wanted: Wanted, field: Field) -> Condition:
    """Raises InvalidCondition."""
    operator, name = wanted.operator, wanted.field
    if operator in _BARE:
        if wanted.operand not in ("", None, True):
            raise InvalidCondition(name, f"{operator} takes no value")
        return Condition(name, operator, ())
    if operator is Operator.LIKE and field.type is not FieldType.STRING:
        raise InvalidCondition(name, f"like is for strings, and this is a field of type {field.type}")
    operands = _operands(wanted)
    try:
        if field.type is FieldType.INT:
            return _of_whole(name, operator, [number_of(name, operand) for operand in operands])
        values = tuple(_value(field, operand) for operand in operands)
    except InvalidValue as error:
        raise InvalidCondition(name, str(error).removeprefix(f"{name}: ")) from None
    if operator is Operator.LIKE and str(values[0]).count("*") > MAX_STARS:
        raise InvalidCondition(name, f"{MAX_STARS} * at most in a pattern")
    return Condition(name, operator, values)


def by_field(conditions: Sequence[Condition]) -> Mapping[str, list[Condition]]:
    """What is asked of each field: one value has to satisfy all of it."""
    found: dict[str, list[Condition]] = {}
    for condition in conditions:
        found.setdefault(condition.field, []).append(condition)
    return found


def _operands(wanted: Wanted) -> list[object]:
    operand = wanted.operand
    if wanted.operator not in _LISTS:
        return [operand]
    if isinstance(operand, str):
        pieces = (piece.replace("\\,", ",").strip() for piece in _COMMA.split(operand))
        found: list[object] = [piece for piece in pieces if piece]
    else:
        found = list(operand) if isinstance(operand, list | tuple) else [operand]
    if not 0 < len(found) <= MAX_VALUES:
        raise InvalidCondition(wanted.field, f"{wanted.operator} takes 1 to {MAX_VALUES} values")
    return found


def _value(field: Field, operand: object) -> Value:
    if field.type is FieldType.FLOAT:
        return float_of(field.name, number_of(field.name, operand))
    if field.type is FieldType.DATE:
        return date_of(field.name, operand)
    if isinstance(operand, bool) or not isinstance(operand, str | int | float):
        raise InvalidValue(field.name, "takes a text")
    return checked_text(field.name, operand if isinstance(operand, str) else repr(operand))


def _of_whole(name: str, operator: Operator, numbers: list[Decimal]) -> Condition:
    """What numbers with fractions, and numbers beyond 64 bits, say of whole ones."""
    if operator in (Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN):
        listed = Operator.IN if operator in (Operator.EQ, Operator.IN) else Operator.NOT_IN
        kept = [number for number in numbers if MIN_WHOLE <= number <= MAX_WHOLE]
        return Condition(name, listed, tuple(int(number) for number in kept if number == _floor(number)))
    number = numbers[0]
    is_upper = operator in (Operator.LT, Operator.LE)
    bound = _ceiling(number) if operator in (Operator.LT, Operator.GE) else _floor(number)
    if MIN_WHOLE <= bound <= MAX_WHOLE:
        return Condition(name, operator, (int(bound),))
    holds_for_all = (bound > MAX_WHOLE) == is_upper
    return Condition(name, Operator.NOT_IN if holds_for_all else Operator.IN, ())


def _floor(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_FLOOR)


def _ceiling(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_CEILING)
