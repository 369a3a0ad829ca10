"""Conditions on attributes as a search of jobs: on columns, or on where jobs stand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from services.compute.dialects.dirac.attributes.moments import NoMoment, span_of
from services.compute.dialects.dirac.attributes.patterns import BadPattern, Pattern
from services.compute.dialects.dirac.attributes.statuses import where
from services.compute.dialects.dirac.attributes.table import UNKNOWN, Attribute, Kind
from services.compute.dialects.dirac.errors import InvalidRequest
from services.compute.domain.sheets import Column, Comparison, Condition, Scope, Search, Sheet, Situation
from services.compute.ports.sheets import JobSheets

REGEX: Final = "regex"
OPERATORS: Final[Mapping[str, Comparison]] = {
    "eq": Comparison.EQ,
    "neq": Comparison.NE,
    "gt": Comparison.GT,
    "lt": Comparison.LT,
    "like": Comparison.LIKE,
    "not like": Comparison.NOT_LIKE,
    "in": Comparison.IN,
    "not in": Comparison.NOT_IN,
}
MOST_TEXT: Final = 1024
SHORT: Final = 256  # characters of the values of conditions whose meaning is remembered
MOST_VALUES: Final = 1000
MOST_LOOKED_AT: Final = 20_000  # different values that a regular expression is tried on
_LISTS: Final = frozenset({Comparison.IN, Comparison.NOT_IN})
_EQUAL: Final = frozenset({Comparison.EQ, Comparison.NE}) | _LISTS
_LIKE: Final = frozenset({Comparison.LIKE, Comparison.NOT_LIKE})
_YES: Final = frozenset({"true", "1", "yes", "on"})
_NO: Final = frozenset({"false", "0", "no", "off"})
Order = tuple[tuple[Column, bool], ...]
NEWEST_FIRST: Final[Order] = ((Column.ID, False),)
Word = int | float | str | bool


@dataclass(slots=True)
class Conditions:
    """All of them hold. Every `add` raises InvalidRequest."""

    found: list[Condition] = field(default_factory=list)
    situations: frozenset[Situation] | None = None
    patterns: list[tuple[Column, Pattern]] = field(default_factory=list)

    def add(self, attribute: Attribute, operator: str, texts: Sequence[str]) -> None:
        """`operator` is one of OPERATORS, or REGEX; several values for the lists alone."""
        if operator == REGEX:
            self._add_pattern(attribute, texts)
            return
        comparison = OPERATORS[operator]
        if len(texts) > MOST_VALUES:
            raise InvalidRequest(f"{attribute.name}: {MOST_VALUES} values at most.")
        if attribute.kind is Kind.MOMENT:
            self._keep(attribute, _of_moment(attribute, comparison, texts))
            return
        usable = _EQUAL if attribute.kind is Kind.FLAG else frozenset(Comparison)
        if comparison not in usable or (comparison in _LIKE and attribute.kind is not Kind.TEXT):
            raise InvalidRequest(f"{attribute.name} is a {attribute.kind.value}: `{operator}` is not for it.")
        values = tuple(_value(attribute, text) for text in texts)
        self._keep(attribute, Condition(attribute.column or Column.NAME, comparison, values))

    def between(self, column: Column, first: float | None, last: float | None) -> None:
        for comparison, at in ((Comparison.GE, first), (Comparison.LT, last)):
            if at is not None:
                self.found.append(Condition(column, comparison, (at,)))

    def search(self, sheets: JobSheets, scope: Scope, unfiled: Sheet, order: Order = NEWEST_FIRST) -> Search:
        """Regular expressions are tried on what there is. Raises InvalidRequest."""
        wanted = Search(
            scope=scope,
            conditions=tuple(self.found),
            situations=self.situations,
            order=order,
            unfiled=unfiled,
        )
        for column, pattern in self.patterns:
            values = [str(value) for value in sheets.values(wanted, column, MOST_LOOKED_AT)]
            if len(values) > MOST_LOOKED_AT:
                raise InvalidRequest(
                    f"There are more than {MOST_LOOKED_AT} different values to try a regular expression on: "
                    "add other conditions."
                )
            fitting = Condition(column, Comparison.IN, tuple(pattern.fitting(values)))
            wanted = replace(wanted, conditions=(*wanted.conditions, fitting))
        return wanted

    def _keep(self, attribute: Attribute, condition: Condition) -> None:
        if attribute.column is None:
            is_short = sum(len(str(value)) for value in condition.values) <= SHORT
            self._narrow((_standing_once if is_short else _standing)(attribute, condition))
            return
        if attribute.name == "RescheduleTime" and condition.comparison is not Comparison.OUTSIDE:
            self.found.append(Condition(Column.RETRIES, Comparison.GE, (1,)))
        if attribute.name == "JobName" and UNKNOWN in condition.values and condition.comparison in _EQUAL:
            several = (
                Comparison.IN if condition.comparison in (Comparison.EQ, Comparison.IN) else Comparison.NOT_IN
            )
            condition = Condition(Column.NAME, several, (*condition.values, ""))
        self.found.append(condition)

    def _narrow(self, situations: Collection[Situation]) -> None:
        narrower = frozenset(situations)
        self.situations = narrower if self.situations is None else narrower & self.situations

    def _add_pattern(self, attribute: Attribute, texts: Sequence[str]) -> None:
        if attribute.kind is not Kind.TEXT or len(texts) != 1:
            raise InvalidRequest(f"{attribute.name}: a regular expression is one, and for texts.")
        try:
            pattern = Pattern(texts[0])
        except BadPattern as error:
            raise InvalidRequest(f"{attribute.name}: {error}") from None
        constant, stands = attribute.constant, attribute.stands
        if attribute.column is not None:
            self.patterns.append((attribute.column, pattern))
        else:
            self._narrow(
                where(lambda each: bool(pattern.fitting([str(constant if stands is None else stands(each))])))
            )


def _standing(attribute: Attribute, condition: Condition) -> frozenset[Situation]:
    """Where jobs stand for whom the condition holds."""
    constant, stands = attribute.constant, attribute.stands
    return where(lambda each: condition.fits(constant if stands is None else stands(each)))


_standing_once = lru_cache(maxsize=512)(_standing)


def moments_of(name: str, text: str) -> tuple[float, float]:
    """Raises InvalidRequest."""
    try:
        return span_of(text)
    except NoMoment as error:
        raise InvalidRequest(f"{name}: {error}") from None


def _of_moment(attribute: Attribute, comparison: Comparison, texts: Sequence[str]) -> Condition:
    if comparison in _LIKE or len(texts) != 1:
        raise InvalidRequest(f"{attribute.name} is a moment: it is compared with one, by eq, neq, gt or lt.")
    first, last = moments_of(attribute.name, texts[0])
    column = attribute.column or Column.NAME
    if comparison is Comparison.LT:
        return Condition(column, Comparison.LT, (first,))
    if comparison is Comparison.GT:
        return Condition(column, Comparison.GE, (last,))
    is_in = comparison in (Comparison.EQ, Comparison.IN)
    return Condition(column, Comparison.WITHIN if is_in else Comparison.OUTSIDE, (first, last))


def _value(attribute: Attribute, text: str) -> Word:
    """Of the attribute's kind. Raises InvalidRequest."""
    if attribute.kind is Kind.TEXT:
        if len(text) > MOST_TEXT:
            raise InvalidRequest(f"{attribute.name}: a value has {MOST_TEXT} characters at most.")
        return text
    word = text.strip().lower()
    if attribute.kind is Kind.FLAG and word in _YES | _NO:
        return word in _YES
    digits = word.removeprefix("-")
    if attribute.kind is Kind.WHOLE and digits.isascii() and digits.isdigit() and len(digits) <= 40:
        return int(word)
    raise InvalidRequest(f"{attribute.name} is a {attribute.kind.value}: `{text[:40]}` is none.")
