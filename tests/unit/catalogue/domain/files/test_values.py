"""Values of metadata: what a field of each type takes, what a parameter takes, and how they are named."""

import pytest

from services.catalogue.domain.files.errors import InvalidValue
from services.catalogue.domain.files.fields import Field, FieldType, Level
from services.catalogue.domain.files.values import (
    MAX_AT_ONCE,
    MAX_NAME_BYTES,
    MAX_PARAMETER_BYTES,
    MAX_TEXT_BYTES,
    MAX_WHOLE,
    MIN_WHOLE,
    check_name,
    check_names,
    fitting,
    free,
)

pytestmark = pytest.mark.clause("dirac 3.5", "dirac 3.7")

SHAPE = f"a name has 1 to {MAX_NAME_BYTES} bytes, no | and no blanks around it"
WHOLE = "takes a whole number of 64 bits"
DATE = "takes a date, YYYY-MM-DD or YYYY-MM-DD HH:MM:SS in UTC"


def field(kind: str) -> Field:
    return Field("f", FieldType(kind), Level.FILE)


def shown(value: object) -> str:
    return ascii(value)[:24]


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("int", 7, 7),
        ("int", "7", 7),
        ("int", " -7.00 ", -7),
        ("int", 7.0, 7),
        ("int", "1e3", 1000),
        ("int", "0e9999", 0),
        ("int", MAX_WHOLE, MAX_WHOLE),
        ("int", MIN_WHOLE, MIN_WHOLE),
        ("float", 7, 7.0),
        ("float", "7", 7.0),
        ("float", "1.", 1.0),
        ("float", 1e308, 1e308),
        ("float", -0.0, 0.0),
        ("float", "1e-9999", 0.0),
        ("string", "", ""),
        ("string", " ü ", " ü "),
        ("string", "x" * MAX_TEXT_BYTES, "x" * MAX_TEXT_BYTES),
        ("string", 7, "7"),
        ("string", 7.5, "7.5"),
        ("date", "2024-02-29", "2024-02-29 00:00:00"),
        ("date", "2024-02-29 01:02:03", "2024-02-29 01:02:03"),
        ("date", "0001-01-01T00:00:00", "0001-01-01 00:00:00"),
    ],
    ids=shown,
)
def test_what_a_field_takes(kind: str, raw: object, value: object) -> None:
    found = fitting(field(kind), raw)
    assert found == value
    assert type(found) is type(value)
    assert not str(found).startswith("-0")


@pytest.mark.parametrize(
    ("kind", "raw", "told"),
    [
        ("int", True, "takes a value of type int"),
        ("int", None, "takes a value of type int"),
        ("int", 7.5, WHOLE),
        ("int", "7.5", WHOLE),
        ("int", MAX_WHOLE + 1, WHOLE),
        ("int", MIN_WHOLE - 1, WHOLE),
        ("int", "1e9999", WHOLE),
        ("int", 10**400, "takes a number"),
        ("int", "", "takes a number"),
        ("int", "7 7", "takes a number"),
        ("int", "7\n7", "takes a number"),
        ("float", False, "takes a value of type float"),
        ("float", [1.5], "takes a value of type float"),
        ("float", "one", "takes a number"),
        ("float", ".", "takes a number"),
        ("float", "e5", "takes a number"),
        ("float", "1e309", "is too large a number"),
        ("float", float("nan"), "takes a number"),
        ("float", float("-inf"), "takes a number"),
        ("string", {"a": 1}, "takes a value of type string"),
        ("string", "a\0b", "has no NUL"),
        ("string", "x" * (MAX_TEXT_BYTES + 1), f"is UTF-8 of {MAX_TEXT_BYTES} bytes at most"),
        ("string", "\udfff", f"is UTF-8 of {MAX_TEXT_BYTES} bytes at most"),
        ("string", MAX_WHOLE + 1, WHOLE),
        ("string", float("inf"), "takes a number"),
        ("date", True, "takes a value of type date"),
        ("date", 20240229, DATE),
        ("date", "", DATE),
        ("date", "2024-13-01", DATE),
        ("date", "2023-02-29", DATE),
        ("date", "0000-01-01", DATE),
        ("date", "2024-02-29 12:00", DATE),
        ("date", "2024-02-29 24:00:01", DATE),
        ("date", "2024-02-29T00:00:00+01:00", DATE),
        ("metaset", "a", "names a metaset in conditions and has no values"),
    ],
    ids=shown,
)
def test_what_a_field_does_not_take(kind: str, raw: object, told: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        fitting(field(kind), raw)
    assert (str(caught.value), caught.value.name) == (f"f: {told}", "f")


@pytest.mark.parametrize(
    "value", ["", "ü" * 8, "x" * MAX_PARAMETER_BYTES, 7, MIN_WHOLE, 7.0, -1.5], ids=shown
)
def test_a_parameter_stays_what_it_is(value: object) -> None:
    found = free("p", value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (True, "takes a text or a number"),
        (None, "takes a text or a number"),
        ([], "takes a text or a number"),
        (MAX_WHOLE + 1, WHOLE),
        (float("nan"), "takes a number"),
        ("a\0", "has no NUL"),
        ("x" * (MAX_PARAMETER_BYTES + 1), f"is UTF-8 of {MAX_PARAMETER_BYTES} bytes at most"),
        ("\ud800", f"is UTF-8 of {MAX_PARAMETER_BYTES} bytes at most"),
    ],
    ids=shown,
)
def test_what_is_no_parameter(raw: object, told: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        free("p", raw)
    assert str(caught.value) == f"p: {told}"


@pytest.mark.parametrize(
    "name", ["a", "a b", "ü" * (MAX_NAME_BYTES // 2), "=", "x" * MAX_NAME_BYTES], ids=shown
)
def test_names(name: str) -> None:
    assert check_name(name) == name
    check_names({name: 1})


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", f": {SHAPE}"),
        (" a", f" a: {SHAPE}"),
        ("a\n", f"a\n: {SHAPE}"),
        ("a|b", f"a|b: {SHAPE}"),
        ("x" * (MAX_NAME_BYTES + 1), f"{'x' * MAX_NAME_BYTES}: {SHAPE}"),
        ("\ud800", f"\\ud800: {SHAPE}"),
        ("a\0b", "a\0b: a name has no control characters"),
        ("a\x7fb", "a\x7fb: a name has no control characters"),
    ],
    ids=shown,
)
def test_what_is_no_name(name: str, told: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_name(name)
    assert str(caught.value) == told
    assert caught.value.name.isascii()
    with pytest.raises(InvalidValue):
        check_names({"good": 1, name: 1})


def test_only_so_many_names_at_once() -> None:
    names: dict[str, object] = {f"n{number}": 1 for number in range(MAX_AT_ONCE)}
    check_names(names)
    with pytest.raises(InvalidValue, match=rf"^metadata: {MAX_AT_ONCE} names at most at once$"):
        check_names({**names, "more": 1})
