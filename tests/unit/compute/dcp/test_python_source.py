"""Python work functions: which of three styles is there, and mistakes by line. Nothing of them is run."""

import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.compute.dialects.dcp.work.faults import INVALID, MOST_CHARS, NO_HANDLER, WorkFunctionInvalid
from services.compute.dialects.dcp.work.python_source import check_python

pytestmark = pytest.mark.clause("dcp 4.3")


@pytest.mark.parametrize(
    "source",
    [
        "lambda x: x*5",
        "def f(x):\n    return x**2\n",
        "async def f(x):\n    return x\n",
        "import math\ndef f(x):\n    return math.sqrt(x)\nprint('ready')",
        "import dcp\ndef g(): pass\ndcp.set_slice_handler(g)",
        "import dcp\ndcp.set_slice_handler(print)",
        "from dcp import set_slice_handler as s\ns(print)",
        "make()",
        "f = lambda x: x\nf",
        "match = {'a': 1}\nmatch.get",
    ],
    ids=ascii,
)
def test_each_style_is_taken_as_it_was_sent(source: str) -> None:
    assert check_python(source) == source


@pytest.mark.parametrize(
    "source",
    [
        *("", " \n", "# nothing", "x = 1", "'text'", "42", "[1]", "f = lambda x: x"),
        *("s = '''\ndef f(x): pass\n'''", "class A:\n    def f(self, x): pass", "if 1:\n    def f(x): pass"),
    ],
    ids=ascii,
)
def test_a_def_inside_of_something_is_no_handler(source: str) -> None:
    with pytest.raises(WorkFunctionInvalid) as refused:
        check_python(source)
    assert refused.value.code == NO_HANDLER


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("def f(x)\n    pass", 1, 9),
        ("def f(x):\n    return x +\n", 2, 15),
        ("def f(x):\nreturn x", 2, 1),
        ("def f(x):\n\treturn 1\n        return 2", 3, None),
        ("return 1", 1, 1),
        ("def f(x):\n    nonlocal y", 2, 5),
        ("lambda x: (", 1, 11),
    ],
    ids=ascii,
)
def test_mistakes_are_told_with_line_and_column(source: str, line: int, column: int | None) -> None:
    with pytest.raises(WorkFunctionInvalid) as refused:
        check_python(source)
    assert (refused.value.code, refused.value.line) == (INVALID, line)
    assert column is None or refused.value.column == column


def test_nothing_of_it_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    source = f"open({str(mark)!r}, 'w')\ndef f(x, y=open({str(mark)!r}, 'w')):\n    return x"
    check_python(source)
    assert not mark.exists()


def test_what_the_compiler_warns_of_is_the_owners_own() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        check_python("def f(x):\n    return '\\d' is x\n")
    assert seen == []


HOSTILE = {
    "minus": "-",
    "not": "not ",
    "lambda": "lambda:",
    "ternary": "1 if 1 else ",
    "power": "1**",
    "await": "await ",
    "bracket": "(",
    "list": "[",
    "dict": "{1:",
    "chain": "a.",
    "call": "f(",
    "f-string": "f'{",
    "star": "*",
    "with": "with a as (",
    "elif": "if 1:\n pass\nelif 1:\n pass\nel",
    "assign": "x=",
    "compare": "a<",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_sources_that_are_made_to_hurt_are_answered(name: str) -> None:
    """Deeper than any stack, and the process lives."""
    with pytest.raises(WorkFunctionInvalid):
        check_python((HOSTILE[name] * MOST_CHARS)[: MOST_CHARS // 2])


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_no_text_breaks_it(source: str) -> None:
    try:
        assert check_python(source) == source
    except WorkFunctionInvalid:
        return
