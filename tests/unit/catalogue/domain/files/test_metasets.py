"""Metasets: what they may hold, how they hold one another, and what becomes of them in a query."""

import pytest

from services.catalogue.domain.files.conditions import MAX_CONDITIONS, Wanted
from services.catalogue.domain.files.errors import InvalidCondition
from services.catalogue.domain.files.fields import Condition, Field, FieldType, Level, Operator
from services.catalogue.domain.files.metasets import (
    MAX_NESTING,
    Metasets,
    check_contents,
    expand,
    read_contents,
    resolved,
    written,
)

pytestmark = pytest.mark.clause("dirac 3.5")

FIELDS = {
    field.name: field
    for field in (
        Field("run", FieldType.INT, Level.FILE),
        Field("site", FieldType.STRING, Level.DIRECTORY),
        Field("set", FieldType.METASET, Level.FILE),
    )
}
GOOD: Metasets = {
    "recent": {"run": {">": 100, "<": 200}},
    "here": {"site": ["CERN", "DESY"], "set": "recent"},
}


def of(name: str, operator: Operator = Operator.EQ) -> Wanted:
    return Wanted("set", operator, name)


class TestContents:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (7, [(Operator.EQ, 7)]),
            ("CERN", [(Operator.EQ, "CERN")]),
            ("a|b", [(Operator.EQ, "a|b")]),
            (">", [(Operator.EQ, ">")]),
            (">|7", [(Operator.GT, "7")]),
            ("like|a|b", [(Operator.LIKE, "a|b")]),
            ("exists|", [(Operator.EXISTS, "")]),
            ([1, 2], [(Operator.IN, [1, 2])]),
            ({">": 1, "<=": 9}, [(Operator.GT, 1), (Operator.LE, 9)]),
            ({"missing": None}, [(Operator.MISSING, None)]),
            (None, [(Operator.EQ, None)]),
        ],
        ids=str,
    )
    def test_each_way_of_saying_it(self, value: object, expected: list[tuple[Operator, object]]) -> None:
        assert read_contents({"f": value}) == [Wanted("f", *pair) for pair in expected]

    @pytest.mark.parametrize(
        ("contents", "told"),
        [
            ({}, f"contents: a metaset has 1 to {MAX_CONDITIONS} fields"),
            (
                {f"f{number}": 1 for number in range(MAX_CONDITIONS + 1)},
                f"contents: a metaset has 1 to {MAX_CONDITIONS} fields",
            ),
            ({"f": {}}, "f: has no condition"),
            ({"f": {"~": 1}}, "f: no such operator; there are = != < > <= >= in nin like exists missing"),
        ],
        ids=["none", "too many", "empty", "operator"],
    )
    def test_what_says_nothing(self, contents: dict[str, object], told: str) -> None:
        with pytest.raises(InvalidCondition) as caught:
            read_contents(contents)
        assert str(caught.value) == told


class TestExpanding:
    def test_contents_stand_in_place_of_names(self) -> None:
        assert expand([Wanted("run", Operator.NE, 150), of(" here ")], FIELDS, GOOD) == [
            Wanted("run", Operator.NE, 150),
            Wanted("site", Operator.IN, ["CERN", "DESY"]),
            Wanted("run", Operator.GT, 100),
            Wanted("run", Operator.LT, 200),
        ]

    def test_a_set_may_be_named_as_a_list_of_one(self) -> None:
        assert expand([of("recent", Operator.IN)], FIELDS, GOOD) == read_contents(GOOD["recent"])
        assert expand([Wanted("set", Operator.IN, ["recent"])], FIELDS, GOOD) == read_contents(GOOD["recent"])

    def test_unknown_fields_stay_for_whoever_asked(self) -> None:
        wanted = [Wanted("colour", Operator.EQ, "recent")]
        assert expand(wanted, FIELDS, GOOD) == wanted

    @pytest.mark.parametrize(
        ("operator", "operand"),
        [
            (Operator.NE, "recent"),
            (Operator.LIKE, "rec*"),
            (Operator.EXISTS, ""),
            (Operator.NOT_IN, ["recent"]),
            (Operator.IN, ["recent", "here"]),
            (Operator.IN, []),
            (Operator.EQ, ""),
            (Operator.EQ, " "),
            (Operator.EQ, 5),
            (Operator.EQ, None),
        ],
    )
    def test_a_set_is_named_and_nothing_else(self, operator: Operator, operand: object) -> None:
        with pytest.raises(InvalidCondition, match=r"^set: a metaset is named by = and its name$"):
            expand([Wanted("set", operator, operand)], FIELDS, GOOD)

    @pytest.mark.parametrize(
        ("metasets", "told"),
        [
            ({}, "set: there is no metaset a"),
            ({"a": {"set": "b"}}, "set: there is no metaset b"),
            ({"a": {"set": "a"}}, "set: the metaset a holds itself"),
            ({"a": {"set": "b"}, "b": {"set": "a"}}, "set: the metaset a holds itself"),
        ],
        ids=["none", "none inside", "itself", "by another"],
    )
    def test_sets_that_lead_nowhere(self, metasets: Metasets, told: str) -> None:
        with pytest.raises(InvalidCondition) as caught:
            expand([of("a")], FIELDS, metasets)
        assert str(caught.value) == told

    def test_sets_are_only_so_deep(self) -> None:
        chain: dict[str, dict[str, object]] = {f"m{n}": {"set": f"m{n + 1}"} for n in range(MAX_NESTING)}
        chain[f"m{MAX_NESTING}"] = {"run": 1}
        assert expand([of("m1")], FIELDS, chain) == [Wanted("run", Operator.EQ, 1)]
        with pytest.raises(InvalidCondition, match=rf"^set: .*one another {MAX_NESTING} deep at most$"):
            expand([of("m0")], FIELDS, chain)

    def test_sets_of_sets_do_not_grow_without_bound(self) -> None:
        twice: dict[str, dict[str, object]] = {
            f"m{n}": {"set": {"=": f"m{n + 1}", "in": f"m{n + 1}"}} for n in range(MAX_NESTING - 1)
        }
        twice[f"m{MAX_NESTING - 1}"] = {"run": 1}
        with pytest.raises(InvalidCondition, match=rf"^set: {MAX_CONDITIONS} conditions at most$"):
            expand([of("m0")], FIELDS, twice)
        assert len(expand([of("m9")], FIELDS, twice)) == MAX_CONDITIONS


class TestKeeping:
    @pytest.mark.parametrize(
        "contents", [{"run": 1}, {"set": "here"}, {"site": "like|C*", "run": {"exists": True}}], ids=str
    )
    def test_good_contents(self, contents: dict[str, object]) -> None:
        check_contents("new", contents, FIELDS, GOOD)

    @pytest.mark.parametrize(
        ("contents", "told"),
        [
            ({"colour": 1}, "colour: there is no such field"),
            ({"run": "x"}, "run: takes a number"),
            ({"run": True}, "run: takes a number"),
            ({"run": "like|1*"}, "run: like is for strings, and this is a field of type int"),
            ({"set": "new"}, "set: the metaset new holds itself"),
            ({"set": "nothing"}, "set: there is no metaset nothing"),
        ],
        ids=str,
    )
    def test_bad_contents(self, contents: dict[str, object], told: str) -> None:
        with pytest.raises(InvalidCondition) as caught:
            check_contents("new", contents, FIELDS, GOOD)
        assert str(caught.value) == told

    def test_a_set_that_is_there_may_not_come_to_hold_itself(self) -> None:
        with pytest.raises(InvalidCondition, match="the metaset recent holds itself"):
            check_contents("recent", {"set": "here"}, FIELDS, GOOD)


class TestResolving:
    def test_the_same_condition_counts_once(self) -> None:
        wanted = [Wanted("run", Operator.GT, "100"), of("recent")]
        assert resolved(wanted, FIELDS, GOOD, lenient=False) == [
            Condition("run", Operator.GT, (100,)),
            Condition("run", Operator.LT, (200,)),
        ]

    def test_unknown_fields_are_refused_or_left_out(self) -> None:
        wanted = [Wanted("colour", Operator.EQ, "red"), Wanted("site", Operator.EQ, "CERN")]
        assert resolved(wanted, FIELDS, GOOD, lenient=True) == [Condition("site", Operator.EQ, ("CERN",))]
        with pytest.raises(InvalidCondition, match=r"^colour: there is no such field here$"):
            resolved(wanted, FIELDS, GOOD, lenient=False)


@pytest.mark.parametrize(
    ("operands", "shown"), [([1], 1), ([1, 2], [1, 2]), ([1, 2, 3], [1, 2, 3]), ([[1, 2]], [1, 2])], ids=str
)
def test_conditions_of_one_operator_are_shown_side_by_side(operands: list[object], shown: object) -> None:
    wanted = [Wanted("run", Operator.GT, operand) for operand in operands]
    assert written([*wanted, Wanted("run", Operator.LT, 9), Wanted("site", Operator.EQ, "a")]) == {
        "run": {">": shown, "<": 9},
        "site": {"=": "a"},
    }


def test_contents_that_are_shown_say_what_the_sets_said() -> None:
    shown = written(expand([of("here")], FIELDS, GOOD))
    assert shown == {"site": {"in": ["CERN", "DESY"]}, "run": {">": 100, "<": 200}}
    assert read_contents(shown) == expand([of("here")], FIELDS, GOOD)
