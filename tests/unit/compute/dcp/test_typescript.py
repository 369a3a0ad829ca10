"""Types taken out of TypeScript: what is left is JavaScript at the same places, and does what it did."""

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.compute.dialects.dcp.work.faults import WorkFunctionInvalid
from services.compute.dialects.dcp.work.typescript import strip_types

pytestmark = pytest.mark.clause("dcp 4.1")

# Source, and what it makes of 3.
STRIPPED = {
    "(x: number): number => x * 2;": 6,
    "async <T,>(x: T, y?: string): Promise<T> => x": 3,
    "function f<T extends number>(this: void, x: T = 1 as T): x is T { return x as any }": 3,
    "(x: number) => { interface A { b: number } type B = A | null; declare const z: A; return x }": 3,
    "(x) => { function o(a: string): void; function o(a: any) { return a } return o(x as never) }": 3,
    "(x) => { let q!: number; q = x!; const {a, b}: {a: number, b: string} = {a: q, b: ''}; return a }": 3,
    "(x) => { const f = <const T>(y: T) => y; return f<number>(x) satisfies number }": 3,
    "(x) => { const m = new Map<string, Array<number>>(); m.set('a', [x]); return m.get('a')![0] }": 3,
    "(x) => { class A<T> { private readonly v: T; static n?: number; w!: string; constructor(v: T) "
    "{ this.v = v } public get<U>(this: A<T>): T { return this.v } [k: string]: any; foo?(): void } "
    "return new A<number>(x).get() }": 3,
    "(x) => { abstract class A { abstract m(): number; n() { return this.m() } } "
    "class B extends A implements Iterable<number> { override m(): number { return x } } "
    "return new B().n() }": 3,
    "(x) => { for (const v of [x] as any[]) { try { throw v } catch (e: unknown) { return <number>e } } }": 3,
    "(x) => {\n  let a = x as any\n  ;(1)\n  let b: number\n  [b] = [a]\n  return b\n}": 3,
    "(x) => { type T = `a${string}`; let t = 'é😀' as string; return t.length }": 3,
    "(x) => { let y = x < 4 && 2 > 1; return y ? x : 0 }": 3,
    "(x) => {\n  let a = x\n  !a\n  return a\n}": 3,
    "(x) => x as any as number": 3,
    "(x => x) as (x: number) => number": 3,
    "x => x": 3,
}


@pytest.fixture(scope="module")
def made() -> dict[str, object]:
    program = """
        const sources = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        Promise.all(sources.map(async source => (0, eval)('(' + source + '\\n)')(3)))
            .then(found => console.log(JSON.stringify(found)));
    """
    stripped = json.dumps([strip_types(source) for source in STRIPPED])
    done = subprocess.run(["node", "-e", program], input=stripped, capture_output=True, text=True, check=True)
    return dict(zip(STRIPPED, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("source", STRIPPED, ids=lambda source: ascii(source)[:50])
def test_what_is_left_does_the_same(made: dict[str, object], source: str) -> None:
    assert made[source] == STRIPPED[source]


@pytest.mark.parametrize("source", STRIPPED, ids=lambda source: ascii(source)[:50])
def test_lines_and_columns_stay(source: str) -> None:
    """What is left stands where it stood, in bytes; what went are blanks, and semicolons."""
    left, was = strip_types(source).encode(), source.encode()
    assert len(left) <= len(was)
    for here, before in zip(left, was, strict=False):
        assert here == before or here in b" ;"
        assert (here == 10) == (before == 10)


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("x => { enum E { A } return E.A }", "enum"),
        ("x => { const enum E { A } return x }", "enum"),
        ("x => { namespace N { export const a = 1 } return N.a }", "namespace"),
        ("x => { @dec class A {} return x }", "decorator"),
        ("x => { class A { constructor(private y: number) {} } return x }", "parameter property"),
        ("x => { class A { constructor(readonly y: number) {} } return x }", "parameter property"),
        ("x => { import a = require('a'); return x }", "import"),
        ("(x)\n  : number => x", "one line"),
        ("(x) => {\n  const a = x as number\n  [1].map(y => y)\n  return a\n}", "semicolon"),
    ],
    ids=["enum", "const enum", "namespace", "decorator", "private", "readonly", "import", "arrow", "type["],
)
def test_what_is_more_than_types_is_refused_by_name(source: str, word: str) -> None:
    with pytest.raises(WorkFunctionInvalid) as refused:
        strip_types(source)
    assert word in refused.value.reason
    assert refused.value.line is not None


def test_mistakes_are_told_with_line_and_column() -> None:
    with pytest.raises(WorkFunctionInvalid) as refused:
        strip_types("(x: number) => {\n  return x as\n}")
    assert refused.value.line in (2, 3)


@settings(max_examples=200)
@given(st.text(st.sampled_from("(){}[];,=>x1:<T>?!'`as number\nlet@é😀"), max_size=60))
def test_no_text_breaks_it(source: str) -> None:
    try:
        left = strip_types(source)
    except WorkFunctionInvalid as refused:
        place = refused.line
    else:
        assert left.count("\n") <= source.count("\n")
        return
    assert place is None or place >= 1
