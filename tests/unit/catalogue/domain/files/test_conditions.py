"""Conditions on metadata: how they are read, and what each operator may ask of each type of field."""

from typing import Any

import pytest

from services.catalogue.domain.files.conditions import (
    MAX_CONDITIONS,
    MAX_STARS,
    MAX_VALUES,
    Wanted,
    by_field,
    read_pairs,
    typed,
)
from services.catalogue.domain.files.errors import InvalidCondition
from services.catalogue.domain.files.fields import Condition, Field, FieldType, Level, Operator
from services.catalogue.domain.files.values import MAX_TEXT_BYTES, MAX_WHOLE, MIN_WHOLE

pytestmark = pytest.mark.clause("dirac 3.2")

RUN = Field("run", FieldType.INT, Level.FILE)
ENERGY = Field("energy", FieldType.FLOAT, Level.FILE)
SITE = Field("site", FieldType.STRING, Level.DIRECTORY)
DAY = Field("day", FieldType.DATE, Level.DIRECTORY)
COMPARISONS = (Operator.EQ, Operator.NE, Operator.LT, Operator.GT, Operator.LE, Operator.GE)
NUMBER = "takes a number"
DATE = "takes a date, YYYY-MM-DD or YYYY-MM-DD HH:MM:SS in UTC"


def asked(field: Field, operator: Operator, operand: object) -> tuple[str, tuple[Any, ...]]:
    """The typed condition's operator and values."""
    condition = typed(Wanted(field.name, operator, operand), field)
    assert condition.field == field.name
    return condition.operator.value, condition.values


def refused(field: Field, operator: Operator, operand: object) -> str:
    with pytest.raises(InvalidCondition) as caught:
        typed(Wanted(field.name, operator, operand), field)
    assert caught.value.field == field.name
    return str(caught.value)


class TestReading:
    @pytest.mark.parametrize("operator", list(Operator))
    def test_every_operator_is_read(self, operator: Operator) -> None:
        assert read_pairs([("run", f"{operator}|7")]) == [Wanted("run", operator, "7")]

    def test_what_stands_after_the_first_bar_is_the_value(self) -> None:
        assert read_pairs([("site", "=|a|b"), ("site", "exists|")]) == [
            Wanted("site", Operator.EQ, "a|b"),
            Wanted("site", Operator.EXISTS, ""),
        ]

    def test_nothing_asks_for_nothing(self) -> None:
        assert read_pairs([]) == []

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("7", "run: no such operator; there are = != < > <= >= in nin like exists missing"),
            ("==|7", "run: no such operator; there are = != < > <= >= in nin like exists missing"),
            ("IN|7", "run: no such operator; there are = != < > <= >= in nin like exists missing"),
            ("|7", "run: no such operator; there are = != < > <= >= in nin like exists missing"),
            ("=", "run: a condition is an operator, | and a value"),
            ("exists", "run: a condition is an operator, | and a value"),
        ],
    )
    def test_what_is_no_condition(self, text: str, told: str) -> None:
        with pytest.raises(InvalidCondition) as caught:
            read_pairs([("run", text)])
        assert (str(caught.value), caught.value.field) == (told, "run")

    def test_one_operator_stands_there_once(self) -> None:
        assert len(read_pairs([("run", ">|1"), ("run", "<|9"), ("site", ">|1")])) == 3
        with pytest.raises(InvalidCondition, match=r"^run: > stands there twice$"):
            read_pairs([("run", ">|1"), ("run", ">|2")])

    def test_there_are_only_so_many(self) -> None:
        pairs = [(f"f{number}", "=|1") for number in range(MAX_CONDITIONS)]
        assert len(read_pairs(pairs)) == MAX_CONDITIONS
        with pytest.raises(InvalidCondition, match=rf"^more: {MAX_CONDITIONS} conditions at most$"):
            read_pairs([*pairs, ("more", "=|1")])


class TestWholeNumbers:
    @pytest.mark.parametrize(
        ("operator", "operand", "expected"),
        [
            (Operator.EQ, "7", ("in", (7,))),
            (Operator.EQ, " +7.0 ", ("in", (7,))),
            (Operator.EQ, 7, ("in", (7,))),
            (Operator.EQ, "7.5", ("in", ())),
            (Operator.EQ, "1e2", ("in", (100,))),
            (Operator.EQ, str(MAX_WHOLE), ("in", (MAX_WHOLE,))),
            (Operator.EQ, str(MAX_WHOLE + 1), ("in", ())),
            (Operator.NE, "7", ("nin", (7,))),
            (Operator.NE, "7.5", ("nin", ())),
            (Operator.NE, str(MIN_WHOLE - 1), ("nin", ())),
            (Operator.IN, "1, 2.5 ,3", ("in", (1, 3))),
            (Operator.IN, [1, "2", 3.0, 4.5], ("in", (1, 2, 3))),
            (Operator.NOT_IN, "1,2", ("nin", (1, 2))),
            (Operator.LT, "7", ("<", (7,))),
            (Operator.LT, "6.5", ("<", (7,))),
            (Operator.LE, "6.5", ("<=", (6,))),
            (Operator.GT, "6.5", (">", (6,))),
            (Operator.GE, "6.5", (">=", (7,))),
            (Operator.LE, "-6.5", ("<=", (-7,))),
            (Operator.GE, "-6.5", (">=", (-6,))),
            (Operator.LT, "1e-9999", ("<", (1,))),
            (Operator.GT, str(MAX_WHOLE), (">", (MAX_WHOLE,))),
        ],
    )
    def test_they_mean_what_they_say(self, operator: Operator, operand: object, expected: object) -> None:
        assert asked(RUN, operator, operand) == expected

    @pytest.mark.parametrize("operator", [Operator.LT, Operator.LE])
    def test_beyond_64_bits_everything_is_less(self, operator: Operator) -> None:
        assert asked(RUN, operator, "1e9999") == ("nin", ()), "all that have a value"
        assert asked(RUN, operator, "-1e9999") == ("in", ()), "none"

    @pytest.mark.parametrize("operator", [Operator.GT, Operator.GE])
    def test_beyond_64_bits_nothing_is_greater(self, operator: Operator) -> None:
        assert asked(RUN, operator, "1e9999") == ("in", ())
        assert asked(RUN, operator, "-1e9999") == ("nin", ())


class TestOtherTypes:
    @pytest.mark.parametrize("operator", COMPARISONS)
    @pytest.mark.parametrize(
        ("field", "operand", "value"),
        [
            (ENERGY, "1.5", 1.5),
            (ENERGY, 3, 3.0),
            (ENERGY, "-0", 0.0),
            (ENERGY, ".5e1", 5.0),
            (SITE, "CERN", "CERN"),
            (SITE, "", ""),
            (SITE, " a,b ", " a,b "),
            (SITE, 7, "7"),
            (SITE, 7.5, "7.5"),
            (DAY, "2024-02-29", "2024-02-29 00:00:00"),
            (DAY, " 2024-02-29T12:34:56 ", "2024-02-29 12:34:56"),
        ],
    )
    def test_one_value(self, operator: Operator, field: Field, operand: object, value: object) -> None:
        found = asked(field, operator, operand)
        assert found == (operator.value, (value,))
        assert type(found[1][0]) is type(value)

    @pytest.mark.parametrize("operator", [Operator.IN, Operator.NOT_IN])
    @pytest.mark.parametrize(
        ("field", "operand", "values"),
        [
            (ENERGY, "1,2.5", (1.0, 2.5)),
            (SITE, "a, b ,,c,", ("a", "b", "c")),
            (SITE, r"a\,b,c", ("a,b", "c")),
            (SITE, ["a,b", " c "], ("a,b", " c ")),
            (SITE, ("a", 5), ("a", "5")),
            (SITE, 5, ("5",)),
            (DAY, "2024-01-01,2024-01-02 03:04:05", ("2024-01-01 00:00:00", "2024-01-02 03:04:05")),
        ],
    )
    def test_lists(
        self, operator: Operator, field: Field, operand: object, values: tuple[object, ...]
    ) -> None:
        assert asked(field, operator, operand) == (operator.value, values)

    @pytest.mark.parametrize("operator", [Operator.EXISTS, Operator.MISSING])
    @pytest.mark.parametrize("field", [RUN, ENERGY, SITE, DAY], ids=lambda field: field.type.value)
    def test_being_there_has_no_value(self, operator: Operator, field: Field) -> None:
        nothing: tuple[object, ...] = ("", None, True)
        for operand in nothing:
            assert asked(field, operator, operand) == (operator.value, ())
        something: tuple[object, ...] = ("x", False, 0, [])
        for operand in something:
            assert refused(field, operator, operand) == f"{field.name}: {operator} takes no value"

    def test_patterns_are_for_texts(self) -> None:
        assert asked(SITE, Operator.LIKE, "C?RN*") == ("like", ("C?RN*",))
        assert asked(SITE, Operator.LIKE, "*" * MAX_STARS) == ("like", ("*" * MAX_STARS,))
        assert refused(SITE, Operator.LIKE, "*" * 9) == f"site: {MAX_STARS} * at most in a pattern"

    @pytest.mark.parametrize("field", [RUN, ENERGY, DAY], ids=lambda field: field.type.value)
    def test_patterns_are_for_nothing_else(self, field: Field) -> None:
        told = refused(field, Operator.LIKE, "1*")
        assert told == f"{field.name}: like is for strings, and this is a field of type {field.type}"


class TestRefused:
    @pytest.mark.parametrize("operator", COMPARISONS)
    @pytest.mark.parametrize(
        ("field", "operand", "told"),
        [
            (RUN, "seven", NUMBER),
            (RUN, "", NUMBER),
            (RUN, "0x7", NUMBER),
            (RUN, "NaN", NUMBER),
            (RUN, "1_0", NUMBER),
            (RUN, "٣", NUMBER),
            (RUN, "1e99999", NUMBER),
            (RUN, "1" * 401, NUMBER),
            (RUN, 10**400, NUMBER),
            (RUN, True, NUMBER),
            (RUN, None, NUMBER),
            (RUN, [7], NUMBER),
            (RUN, float("inf"), NUMBER),
            (ENERGY, "inf", NUMBER),
            (ENERGY, False, NUMBER),
            (ENERGY, float("nan"), NUMBER),
            (ENERGY, "1e309", "is too large a number"),
            (DAY, "yesterday", DATE),
            (DAY, "2023-02-29", DATE),
            (DAY, "2024-1-1", DATE),
            (DAY, "2024-01-01 25:00:00", DATE),
            (DAY, "2024-01-01T00:00:00Z", DATE),
            (DAY, 20240101, DATE),
            (SITE, True, "takes a text"),
            (SITE, None, "takes a text"),
            (SITE, {"a": 1}, "takes a text"),
            (SITE, "a\0", "has no NUL"),
            (SITE, "\ud800", f"is UTF-8 of {MAX_TEXT_BYTES} bytes at most"),
            (SITE, "ü" * (MAX_TEXT_BYTES // 2 + 1), f"is UTF-8 of {MAX_TEXT_BYTES} bytes at most"),
        ],
        ids=lambda value: ascii(getattr(value, "name", value))[:24],
    )
    def test_values_that_are_none(self, operator: Operator, field: Field, operand: object, told: str) -> None:
        assert refused(field, operator, operand) == f"{field.name}: {told}"

    def test_one_odd_value_of_a_list_is_enough(self) -> None:
        assert refused(RUN, Operator.IN, "1,two") == f"run: {NUMBER}"
        assert refused(SITE, Operator.NOT_IN, ["a", None]) == "site: takes a text"

    @pytest.mark.parametrize("operator", [Operator.IN, Operator.NOT_IN])
    @pytest.mark.parametrize("operand", ["", " , ,", [], ["1"] * (MAX_VALUES + 1)], ids=range(4))
    def test_a_list_has_values_and_not_too_many(self, operator: Operator, operand: object) -> None:
        assert refused(RUN, operator, operand) == f"run: {operator} takes 1 to {MAX_VALUES} values"
        assert len(asked(SITE, operator, ["1"] * MAX_VALUES)[1]) == MAX_VALUES


def test_what_one_value_has_to_satisfy_comes_together() -> None:
    low, high = Condition("run", Operator.GT, (1,)), Condition("run", Operator.LT, (9,))
    site = Condition("site", Operator.EQ, ("CERN",))
    assert by_field([low, site, high]) == {"run": [low, high], "site": [site]}
    assert by_field([]) == {}
