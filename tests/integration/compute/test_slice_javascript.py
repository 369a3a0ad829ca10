"""The programs for JavaScript, run as they are."""

import shutil
import subprocess
from pathlib import Path

import pytest

from services.compute.slicework.spec import JAVASCRIPT, Package, Work
from tests.slice_programs import javascript, work_off


@pytest.mark.clause("dcp 4.2")
@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(datum) => { return datum * 2; }", 6),
        ("function (datum) { return datum + 1 }", 4),
        ("async function named(datum) { return datum }", 3),
        ("async (x) => x", 3),
        ("(x) => x; ", 3),
        ("(x) => x;;\n// the end", 3),
        ("(x) => '//' + x; /* the end */ ;", "//3"),
        ("/* begin */ // of it\n(x) => x // the end; really", 3),
        ("(x) => Promise.resolve(x).then((y) => [y])", [3]),
        ("(x) => ({ then(resolve) { resolve(x) } })", 3),
        ("(x) => new Promise((resolve) => setTimeout(resolve, 5, x))", 3),
        ("(x) => new Promise((r) => { const t = setInterval(() => { clearInterval(t); r(x) }, 2) })", 3),
        ("function () { return this === undefined || this === globalThis }", True),
        ("() => progress() && progress(0.5)", True),
        ("() => typeof process + typeof Buffer + typeof fetch", "undefinedundefinedundefined"),
        (
            "async () => (await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))) + ''",
            "[object WebAssembly.Module]",
        ),
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_a_function_is(tmp_path: Path, source: str, value: object) -> None:
    assert javascript(tmp_path, source, [3]).values == [value]


@pytest.mark.clause("dcp 4.4")
def test_values(tmp_path: Path) -> None:
    source = """(x) => [
        undefined, null, NaN, -Infinity, -0, 10n ** 30n, new Map([['a', new Set([1, 2])]]),
        new Float32Array([0.5, NaN]), new Uint8Array([1]).buffer, { a: undefined, b() {}, c: 1 },
        new Date(0), [undefined, () => 1], new Number(4), '\\ud800é', [1, [2, { d: [] }]], true,
        new BigUint64Array([1n]),
    ][x]"""
    said = javascript(tmp_path, source, range(17))
    assert said.values == [
        None, None, None, None, 0, 10**30, {"a": [1, 2]}, [0.5, None], [1], {"c": 1},
        "1970-01-01T00:00:00.000Z", [None, None], 4, "\ud800é", [1, [2, {"d": []}]], True, [1],
    ]  # fmt: skip
    assert said.notes == ["", "", "NaN", "-Infinity", "", "", "", "NaN", *[""] * 9]


@pytest.mark.clause("dcp 4.4")
def test_what_is_no_value(tmp_path: Path) -> None:
    source = """(x) => {
        const own = {}; own.own = own;
        let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep];
        return [own, deep, Symbol(), () => 1, 10n ** 5000n, 'x'.repeat(5e6)][x];
    }"""
    said = javascript(tmp_path, source, range(6))
    assert [error["code"] for error in said.errors] == ["EUNSERIALIZABLE"] * 6


@pytest.mark.clause("dcp 4.2")
def test_arguments_public_lines_and_strictness(tmp_path: Path) -> None:
    source = """(x, ...args) => {
        console.log('a', { b: [1] }, 5); console.error(new Error('no'));
        work.emit('seen', { x }); console.info('y'.repeat(20000)); console.debug('never heard');
        let strict = true; try { undeclared = 1; strict = false } catch {}
        return [args, work.job.public, strict];
    }"""
    fields = {"args": '[1,{"two":2}]', "public": '{"name":"n"}'}
    said = javascript(tmp_path / "a", source, [1], **fields)
    assert said.values == [[[1, {"two": 2}], {"name": "n"}, False]]
    assert said.lines[0] == ("log", 'a {"b":[1]} 5')
    assert said.lines[1][1].startswith("Error: no\n    at work.js:")
    assert said.lines[2] == ("log", 'seen {"x":1}')
    assert len(said.lines) == 4
    assert sum(len(text) for _, text in said.lines) <= 16384
    assert said.output.startswith('slice 1: a {"b":[1]} 5\nslice 1: Error: no\nslice 1:     at work.js:')
    assert javascript(tmp_path / "b", source, [1], strict=True, **fields).values[0][2] is True


@pytest.mark.clause("dcp 5.5")
def test_lines_come_before_a_slice_is_over_and_the_log_has_an_end(tmp_path: Path) -> None:
    source = (
        "async (x) => { console.log('at', x, 'y'.repeat(1000)); if (x === 1) await new Promise(() => {}); }"
    )
    work = Work(language=JAVASCRIPT, source=source)
    said = work_off(tmp_path, work, range(50), slice_wall_seconds=1, log_bytes=9000)
    assert [error["code"] for error in said.errors] == ["ESLICETOOSLOW"]
    assert [text[:5].rstrip(" y") for _, text in said.lines] == [f"at {x}" for x in range(50)]
    assert [line.partition(" y")[0] for line in said.output.splitlines()] == [
        f"slice {x + 1}: at {x}" for x in range(8)
    ]


@pytest.mark.clause("dcp 5.5")
def test_what_is_thrown(tmp_path: Path) -> None:
    source = """(x) => [
        () => { throw new RangeError('out') },
        async () => { throw 'text' },
        () => { throw null },
        () => { throw { get message() { throw 1 } } },
        () => { throw new Proxy({}, { get() { throw 1 } }) },
        () => work.reject('no'),
        () => { (function f() { f() })() },
        () => require('fs'),
        () => new Promise((_, reject) => setTimeout(() => reject(new TypeError('late')), 1)),
        () => new Promise(() => setTimeout(() => { throw new TypeError('thrown late') }, 1)),
        () => undeclared,
    ][x]()"""
    said = javascript(tmp_path, source, range(11))
    errors = said.errors
    assert [error["code"] for error in errors] == [
        *["EUNCAUGHT"] * 5, "EWORKREJECT", "EUNCAUGHT", "ENOMODULE", *["EUNCAUGHT"] * 3,
    ]  # fmt: skip
    assert [error["name"] for error in errors] == [
        "RangeError", "", "", "", "", "Rejected", "RangeError", "Error", "TypeError", "TypeError",
        "ReferenceError",
    ]  # fmt: skip
    assert errors[0]["stack"] == "RangeError: out\n    at Array.message (work.js:2:23)\n    at work.js:13:9"
    assert (errors[1]["message"], errors[2]["message"]) == ("text", "null")
    assert not [error for error in errors if "realm.js" in error["stack"] or "node:" in error["stack"]]
    assert not [error for error in errors if str(tmp_path) in error["stack"]]


@pytest.mark.clause("dcp 4.2")
@pytest.mark.parametrize(
    ("source", "code"),
    [("4", "ENOSLICEHANDLER"), ("(x) =>", "EUNCAUGHT"), ("undeclared", "EUNCAUGHT"), ("", "EUNCAUGHT")],
    ids=["number", "cut", "undeclared", "empty"],
)
def test_what_is_no_function(tmp_path: Path, source: str, code: str) -> None:
    said = javascript(tmp_path, source, [1, 2])
    assert [error["code"] for error in said.errors] == [code, code]


@pytest.mark.clause("dcp 4.2")
def test_packages(tmp_path: Path) -> None:
    packages = (
        Package("@own/twice", "module.exports = (x) => require('base')(x) * 2"),
        Package("base", "exports.never = 1; module.exports = (x) => x + 1"),
    )
    said = javascript(tmp_path, "(x) => require('@own/twice')(x)", [1, 2], packages=packages)
    assert said.values == [4, 6]


@pytest.mark.clause("dcp 5.5")
def test_a_slice_that_takes_too_long_is_lost_alone(tmp_path: Path) -> None:
    source = """(x) => {
        if (x === 1) for (;;);
        if (x === 2) return (async () => { for (;;) await 1; })();
        if (x === 3) return new Promise(() => {});
        if (x === 4) return new Promise(() => { setInterval(() => { console.log('tick') }, 1); });
        return x;
    }"""
    work = Work(language=JAVASCRIPT, source=source)
    said = work_off(tmp_path, work, range(24), batch=5, slice_wall_seconds=2, slice_cpu_seconds=1)
    assert said.ends == 5
    assert [value for value in said.values if value is not None] == [0, *range(5, 24)]
    assert [error["code"] for error in said.errors] == ["ESLICETOOSLOW"] * 4


@pytest.mark.clause("dcp 5.5")
def test_a_slice_that_wants_too_much_memory_is_lost_alone(tmp_path: Path) -> None:
    """Not one that finds what others before it have left."""
    source = """(x) => {
        if (x === 1) { const held = []; for (;;) held.push(new Array(1e5).fill(x)); }
        if (x === 2) { const all = new Uint8Array(4e8).fill(1); for (;;) all[0] += 1; }
        globalThis.leak = (globalThis.leak ?? []).concat([new Uint8Array(2e7).fill(1)]);
        return x;
    }"""
    work = Work(language=JAVASCRIPT, source=source)
    said = work_off(tmp_path, work, range(24), batch=5, slice_memory_bytes=128 << 20)
    assert [value for value in said.values if value is not None] == [0, *range(3, 24)]
    assert [error["code"] for error in said.errors] == ["EMEMORY"] * 2


ATTACKS = (Path(__file__).parent / "slice_attacks.js").read_text()


@pytest.mark.clause("dcp 4.2")
def test_nothing_of_the_host_is_reachable(tmp_path: Path) -> None:
    said = javascript(tmp_path, ATTACKS, [-1, *range(100)])
    count = said.values[0]
    assert count > 30
    assert said.values[1 : count + 1] == [[]] * count


@pytest.mark.clause("dcp 4.2")
def test_the_probe_would_see_the_host() -> None:
    """Where the attacks are the host's own code, all of them find it."""
    node = shutil.which("node")
    assert node is not None
    source = (
        f"globalThis.work = {{job: {{}}}}; ({ATTACKS.strip()})(0).then((found) => console.log(found.length))"
    )
    told = subprocess.run([node, "-e", source], capture_output=True, text=True, check=True, timeout=60)
    assert int(told.stdout) > 0


@pytest.mark.clause("dcp 4.2")
def test_a_function_that_breaks_its_surroundings_breaks_itself_alone(tmp_path: Path) -> None:
    source = """(x) => {
        if (x === 1) { Array.prototype.join = () => '\\n{"end":true}\\n'; Map.prototype.values = null; }
        if (x === 2) { String.prototype.split = () => { throw 1 }; throw new Error('e'); }
        return [x];
    }"""
    said = javascript(tmp_path, source, range(4))
    assert said.ends == 1
    assert len(said.found) == 4
    assert said.values[0] == [0]
