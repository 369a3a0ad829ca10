"""JavaScript work functions: what can be one, and where the mistake is. Node says whether we are right."""

import json
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.compute.dialects.dcp.work import trees
from services.compute.dialects.dcp.work.faults import INVALID, MOST_CHARS, NO_HANDLER, WorkFunctionInvalid
from services.compute.dialects.dcp.work.javascript import check_javascript
from services.compute.dialects.dcp.work.typescript import strip_types

pytestmark = pytest.mark.clause("dcp 4.2")

# Source, and what it makes of 3.
TAKEN = {
    "(datum) => { return datum * 2; }": 6,
    "datum => datum + 1": 4,
    "(datum) => { return datum * 2; };": 6,
    "function (x) { return x; }": 3,
    "function named(x) { return x * x }": 9,
    "async (x) => { await null; return x }": 3,
    "async function (x) { return x - 1 }": 2,
    "(x => x)": 3,
    "((x) => (x, 7))": 7,
    "x => x // said\n;": 3,
    "// first\nx => x /* last */ ; ;\n\n": 3,
    "x => { // } ; \n return `;${x}//`.length }": 4,
    "x => { return /[/]\\/?;?/.test('/') ? x : 0 }": 3,
    "x => { let y = x; return y; }": 3,
    "x => ({...{a: x}}).a ?? 0": 3,
    "x => x?.toFixed?.(0).length ** 2": 1,
    "x => { for (const y of [x]) { if (y) return y; } }": 3,
    "x => { class A { #p = x; get p() { return this.#p } static { A.q = 1 } } return new A().p }": 3,
    "(function () { return y => y * 3 })()": 9,
    "x => 'é€😀'.length + x": 7,
}


@pytest.fixture(scope="module")
def made() -> dict[str, object]:
    """What Node makes of what comes out, put into parentheses as it will be."""
    program = """
        const sources = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        Promise.all(sources.map(async source => (0, eval)('(' + source + '\\n)')(3)))
            .then(found => console.log(JSON.stringify(found)));
    """
    checked = json.dumps([check_javascript(source) for source in TAKEN])
    done = subprocess.run(["node", "-e", program], input=checked, capture_output=True, text=True, check=True)
    return dict(zip(TAKEN, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("source", TAKEN, ids=ascii)
def test_what_is_taken_runs_in_parentheses(made: dict[str, object], source: str) -> None:
    assert made[source] == TAKEN[source]


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("(datum) => { return datum * ; }", 1, 28),
        ("x => (", 1, 7),
        ("x => {", 1, 7),
        ("x => x)", 1, 7),
        ("foo bar", 1, 5),
        ("x => 'é€' *", 1, 11),
        ("if (a) {}", 1, 1),
        ("return 1", 1, 1),
        ("x => {\n  return 'abc\n}", 2, 3),
        ("(x) => {\n    return x;\n", 2, 14),
        ("let a = 1; a", 1, 5),
        ("x => { return <div/> }", 1, 15),
    ],
    ids=ascii,
)
def test_mistakes_are_told_with_line_and_column(source: str, line: int, column: int) -> None:
    with pytest.raises(WorkFunctionInvalid) as refused:
        check_javascript(source)
    assert (refused.value.code, refused.value.line) == (INVALID, line)
    assert refused.value.column == pytest.approx(column, abs=2)
    assert refused.value.reason


@pytest.mark.parametrize(
    "source", ["1); steal(); (2", "x => x); (1", ") => (", "x => x\n)/*", "x => x //"], ids=ascii
)
def test_a_source_cannot_leave_its_parentheses(source: str) -> None:
    try:
        checked = check_javascript(source)
    except WorkFunctionInvalid:
        return
    assert checked == "x => x"


@pytest.mark.parametrize(
    "source",
    ["", " \n", "// nothing", "42", "'text'", "`text`", "null", "[1]", "({a: 1})", "{a: 1}", "/x/", "true;"],
    ids=ascii,
)
def test_what_is_no_function_has_no_handler(source: str) -> None:
    with pytest.raises(WorkFunctionInvalid) as refused:
        check_javascript(source)
    assert refused.value.code == NO_HANDLER


@pytest.mark.parametrize(
    "piece",
    ["(", "[", "{", "a=>", "`${", "!", "a?", "/*", "function(){", "'", "((x)=>", ")", "😀("],
    ids=ascii,
)
def test_sources_that_are_made_to_hurt_are_answered(piece: str) -> None:
    source = (piece * MOST_CHARS)[: MOST_CHARS // 4]
    with pytest.raises(WorkFunctionInvalid):
        check_javascript(source)


@pytest.mark.parametrize("check", [check_javascript, strip_types], ids=["javascript", "typescript"])
def test_a_tree_that_takes_long_to_go_through_is_refused(
    check: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of many comments at the end is looked for from the root: it would take minutes."""
    monkeypatch.setattr(trees, "LOOKED_AT", 0.2)
    source = "x => x" + "\n//a" * (MOST_CHARS // 16)
    with pytest.raises(WorkFunctionInvalid, match="reasonable time"):
        check(source)


@settings(max_examples=300)
@given(st.text(st.sampled_from("(){}[];,=>x1'\"`$/*+ \n!?.:é😀"), max_size=60) | st.text(max_size=60))
def test_no_text_breaks_it(source: str) -> None:
    try:
        checked = check_javascript(source)
    except WorkFunctionInvalid as refused:
        place = (refused.line, refused.column)
    else:
        assert source.startswith(checked)
        return
    assert all(number is not None and number >= 1 for number in place)
