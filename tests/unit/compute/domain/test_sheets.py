"""What jobs are listed by: which values fit a condition, and patterns."""

import pytest

from services.compute.domain.sheets import Column, Comparison, Condition, Sheet, Value, like_parts


def fits(comparison: str, value: Value, *values: int | float | str | bool) -> bool:
    return Condition(Column.NAME, Comparison(comparison), values).fits(value)


@pytest.mark.parametrize(
    ("comparison", "values", "fitting", "others"),
    [
        ("eq", (5,), (5, 5.0), (4, 6, None)),
        ("ne", (5,), (4, 6, None), (5,)),
        ("lt", (5,), (4, -1), (5, 6, None)),
        ("le", (5,), (4, 5), (6, None)),
        ("gt", (5,), (6,), (5, 4, None)),
        ("ge", (5,), (5, 6), (4, None)),
        ("in", ("a", "b"), ("a", "b"), ("c", "A", None)),
        ("in", (), (), ("c", None)),
        ("not_in", ("a", "b"), ("c", "A", None), ("a", "b")),
        ("not_in", (), ("c", None), ()),
        ("like", ("a%",), ("a", "Abc"), ("ba", "", None)),
        ("not_like", ("a%",), ("ba", "", None), ("a", "Abc")),
        ("within", (2, 5), (2, 4.9), (1.9, 5, None)),
        ("outside", (2, 5), (1.9, 5, None), (2, 4.9)),
        ("within", (5, 2), (), (1, 2, 3, 5, 6, None)),
        ("eq", (True,), (True,), (False, None)),
    ],
)
def test_what_a_condition_means(
    comparison: str,
    values: tuple[int | float | str | bool, ...],
    fitting: tuple[Value, ...],
    others: tuple[Value, ...],
) -> None:
    assert [value for value in (*fitting, *others) if fits(comparison, value, *values)] == list(fitting)


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("", ("",), ("a",)),
        ("%", ("", "anything\n"), ()),
        ("_", ("a", "%"), ("", "ab")),
        ("a_c", ("abc", "A-C"), ("ac", "abbc")),
        ("%b%", ("b", "abc"), ("ac",)),
        ("a%b%c", ("abc", "a-bb-c", "abcbc"), ("acb", "ab")),
        ("%aab", ("aaab", "aab"), ("aaba",)),
        (r"100\%", ("100%",), ("1000", "100")),
        (r"a\_b", ("a_b",), ("axb",)),
        (r"a\\b", (r"a\b",), ("ab", r"a\\b")),
        (r"a\b", ("ab",), (r"a\b",)),
        ("a\\", ("a\\",), ("a",)),
        ("straße", ("STRASSE",), ("strase",)),
    ],
)
def test_patterns(pattern: str, fitting: tuple[str, ...], others: tuple[str, ...]) -> None:
    assert [text for text in (*fitting, *others) if fits("like", text, pattern)] == list(fitting)


def test_a_pattern_of_many_stars_costs_little() -> None:
    assert not fits("like", "a" * 2000, "%a" * 200 + "%b")


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("a%_", ["a", "%", "_"]),
        (r"\%\_\\", ["\\%", "\\_", "\\\\"]),
        (r"\a", ["a"]),
        ("\\", ["\\\\"]),
        ("", []),
    ],
)
def test_parts_of_patterns(pattern: str, parts: list[str]) -> None:
    assert like_parts(pattern) == parts


def test_numbers_are_looked_at_as_texts() -> None:
    assert fits("like", 120, "12_")
    assert not fits("like", 12, "12_")


def test_the_next_try_is_counted() -> None:
    sheet = Sheet(owner_name="alice", owner_group="prod", realm="vo", retries=2)
    assert sheet.again() == Sheet(owner_name="alice", owner_group="prod", realm="vo", retries=3)
