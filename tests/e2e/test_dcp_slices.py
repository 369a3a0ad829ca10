"""Work functions on a whole stack: what they are given, what they return, and their results."""

import threading
import time
from typing import Any

import pytest

from tests.e2e.dcp_line import Owner, owner
from tests.stack import Stack
from tests.waiting import wait_for

DOUBLE = "(x) => x * 2"
HANDLER = """\
import dcp
def handle(x):
    dcp.progress()
    return x * 2
dcp.set_slice_handler(handle)
"""
COROUTINE = """\
class C:
    def no(self, x): return 0
async def f(x):
    progress()
    return x * 2
"""


@pytest.fixture(scope="module")
def ann(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Owner:
    found = owner(stack, tmp_path_factory.mktemp("dcp") / "ann")
    return found.with_key(scopes=["job:read", "job:write", "accounts:read"])


@pytest.mark.clause("dcp 4.1", "dcp 4.2")
@pytest.mark.parametrize(
    ("language", "function"),
    [
        ("js", "(datum) => { return datum * 2; };"),
        ("JavaScript", "function named(datum) { progress(); return datum * 2 }"),
        ("node", "async (datum) => { await null; return datum * 2 } // done"),
        ("", "(datum) => new Promise(done => done(datum * 2))"),
        ("javascriptUseStrict", "function (datum) { return this === undefined ? datum * 2 : 0 }"),
        ("ts", "(datum: number): number => { const two: number = 2; return datum * two; }"),
        ("typescript", "async function f<T extends number>(datum: T): Promise<number> { return datum * 2 }"),
        ("python", "def f(x):\n    return x * 2\n"),
        ("py", "lambda x: x * 2"),
        ("Python3", HANDLER),
        ("python", "def text():\n    'def wrong(x): return 0'\nlambda x: x * 2\n"),
        ("python", COROUTINE),
    ],
    ids=[
        "arrow", "named", "async", "promise", "strict", "typescript", "typescript-generic", "python-def",
        "python-lambda", "python-handler", "python-last-statement", "python-async",
    ],
)  # fmt: skip
def test_every_way_to_write_a_function(ann: Owner, language: str, function: str) -> None:
    assert ann.computed(function, [1, 2, 21], language) == [2, 4, 42]


@pytest.mark.clause("dcp 4.2", "dcp 4.3")
def test_arguments_and_what_the_job_says_of_itself(ann: Owner) -> None:
    public = {"name": "sums", "description": "of two", "link": "https://example.org"}
    function = "(datum, more, name) => [datum + more, name, work.job.public.name]"
    assert ann.computed(function, [1, 2], args=[10, "x"], public=public) == [
        [11, "x", "sums"],
        [12, "x", "sums"],
    ]
    assert ann.computed("lambda x, y: x + y", [1, 2], "python", args=[10]) == [11, 12]
    assert ann.computed("lambda x: x + 1", [1, 2], "python", args=[10]) == [2, 3]


@pytest.mark.clause("dcp 4.4")
def test_values_of_javascript(ann: Owner) -> None:
    function = (
        "(n) => [undefined, NaN, -Infinity, new Float64Array([1, 2]), 12345678901234567890n,"
        " new Map([['a', 1]]), new Set([1, 2]), {a: [null, 'é\\u2028']}][n]"
    )
    found = ann.results(ann.deploy(function, {"start": 0, "end": 7}))["results"]
    values = [row["value"] for row in found]
    assert values == [
        None,
        None,
        None,
        [1, 2],
        12345678901234567890,
        {"a": 1},
        [1, 2],
        {"a": [None, "é\u2028"]},
    ]
    assert [row.get("note") for row in found[1:3]] == ["NaN", "-Infinity"]


@pytest.mark.clause("dcp 4.4", "dcp 5.5")
def test_values_of_python(ann: Owner) -> None:
    source = (
        "import collections, dataclasses, datetime\n"
        "@dataclasses.dataclass\n"
        "class Point:\n    x: int\n    y: int\n"
        "Pair = collections.namedtuple('Pair', 'a b')\n"
        "def f(n):\n"
        "    return [(1, 2), range(3), {3, 1, 2}, b'ab', Point(1, 2), Pair(1, 2), 10 ** 20,\n"
        "            datetime.date(2026, 1, 2), float('nan'), object()][n]\n"
    )
    answer = ann.results(ann.deploy(source, {"start": 0, "end": 9}, "python"))
    values = {row["sliceNumber"] - 1: row["value"] for row in answer["results"]}
    assert [values[number] for number in range(9)] == [
        [1, 2], [0, 1, 2], [1, 2, 3], {"$bytes": "YWI="}, {"x": 1, "y": 2}, {"a": 1, "b": 2}, 10**20,
        "2026-01-02", None,
    ]  # fmt: skip
    (error,) = answer["errors"]
    assert (error["sliceNumber"], error["code"]) == (10, "EUNSERIALIZABLE")


@pytest.mark.clause("dcp 5.5")
@pytest.mark.parametrize(
    ("language", "function", "name"),
    [
        ("js", "(x) => { if (x === 2) { throw new TypeError('not two') } return x }", "TypeError"),
        (
            "python",
            "def f(x):\n    if x == 2:\n        raise TypeError('not two')\n    return x\n",
            "TypeError",
        ),
    ],
    ids=["js", "python"],
)
def test_a_slice_that_throws_harms_no_other(ann: Owner, language: str, function: str, name: str) -> None:
    job = ann.deploy(function, [1, 2, 3], language)
    answer = ann.results(job)
    assert [row["value"] for row in answer["results"]] == [1, 3]
    (error,) = answer["errors"]
    assert (error["sliceNumber"], error["code"], error["name"]) == (2, "EUNCAUGHT", name)
    assert (error["message"], error["attempts"]) == ("not two", 1)
    assert str(ann.stack.config.run_dir) not in error["stack"]  # no path of this machine
    assert (answer["failedSlices"], answer["completedSlices"], answer["status"]) == (1, 2, "completed")
    assert ann.did("GET", f"{job}/result", params={"range": "1"})["errors"] == []


@pytest.mark.clause("dcp 5.5")
def test_work_that_is_rejected_and_too_many_errors(ann: Owner) -> None:
    answer = ann.results(ann.deploy("(x) => work.reject('bad luck', 1)", [1]))
    (error,) = answer["errors"]
    assert (error["code"], error["attempts"]) == ("EWORKREJECT", 2)
    assert "bad luck" in error["message"]
    job = ann.deploy("(x) => { throw new Error('no') }", {"start": 1, "end": 50}, maxErrors=3)
    shown = wait_for(
        lambda: status if (status := ann.did("GET", job))["status"] == "cancelled" else None,
        "too many errors",
    )
    assert shown is not None
    assert shown["reason"] == "ETOOMANYERRORS"


@pytest.mark.clause("dcp 5.3")
def test_ranges(ann: Owner) -> None:
    job = ann.deploy("(x) => x", {"start": 1, "end": 40})
    ann.results(job)

    def numbers(*ranges: str) -> list[int]:
        answer = ann.did("GET", f"{job}/result", params=[("range", each) for each in ranges])
        assert (answer["totalSlices"], answer["completedSlices"]) == (40, 40)
        return [row["sliceNumber"] for row in answer["results"]]

    ten = list(range(1, 11))
    assert numbers() == numbers("") == numbers("1-999999999") == list(range(1, 41))
    assert numbers("1-10", "33-35") == numbers("1-10,33-35") == [*ten, 33, 34, 35]
    assert numbers("1-3", "2-4") == [1, 2, 3, 4]
    assert numbers("10-1") == ten
    assert numbers("5") == [5]
    assert numbers("39-") == [39, 40]
    assert numbers("41-50") == []
    for wrong in ("-3", "0-5", "1-2-3", "a-b"):
        refused = ann.ask("GET", f"{job}/result", params={"range": wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "InvalidRange"), wrong
    first = ann.did("GET", f"{job}/result", params={"limit": "15"})
    rest = ann.did("GET", f"{job}/result", params={"limit": "30", "after": str(first["next"])})
    assert [row["sliceNumber"] for row in first["results"] + rest["results"]] == list(range(1, 41))
    assert rest["next"] is None
    whole = ann.ask("GET", f"{job}/result")
    again = ann.ask("GET", f"{job}/result", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for number, status in (("41", 404), ("0", 400), ("x", 400)):
        assert ann.ask("GET", f"{job}/result/{number}").status_code == status, number


@pytest.mark.clause("dcp 5.3")
def test_waiting_for_results(ann: Owner) -> None:
    job = ann.deploy("lambda x: x", None, "python")
    ann.did("POST", f"{job}/slices", json=[1])
    assert ann.values(job) == [1]
    assert ann.did("GET", f"{job}/result/wait", params={"timeout": "0"})["complete"] is True
    slow = ann.deploy("import time\ndef f(x):\n    time.sleep(x)\n    return x\n", [0, 600], "python")
    begun = time.monotonic()
    answer = ann.did("GET", f"{slow}/result/wait", params={"timeout": "1"})
    assert answer["complete"] is False
    assert time.monotonic() - begun > 0.9
    assert ann.did("GET", f"{slow}/result/wait", params={"range": "1", "timeout": "120"})["complete"] is True
    # Who waits is told when the job is cancelled.
    told: list[Any] = []
    waiter = threading.Thread(
        target=lambda: told.append(ann.ask("GET", f"{slow}/result/wait", params={"timeout": "120"}))
    )
    waiter.start()
    assert ann.ask("DELETE", slow).status_code == 204
    waiter.join(60)
    assert told[0].json()["status"] == "cancelled"


@pytest.mark.clause("dcp 4.2", "dcp 5.5")
def test_the_console(ann: Owner) -> None:
    function = (
        "(x) => { console.log('slice', x, {a: 1}); console.warn('careful'); work.emit('half', x); return x }"
    )
    job = ann.deploy(function, [7, 8])
    ann.results(job)
    answer = ann.did("GET", f"{job}/console")
    told = [(line["sliceNumber"], line["level"]) for line in answer["lines"]]
    assert sorted(told) == sorted([(n, level) for n in (1, 2) for level in ("log", "warn", "log")])
    assert any("slice 7" in line["message"] for line in answer["lines"])
    assert {line["sliceNumber"] for line in answer["lines"] if "half" in line["message"]} == {1, 2}
    after = ann.did("GET", f"{job}/console", params={"after": str(answer["next"])})
    assert after["lines"] == []


@pytest.mark.clause("dcp 4.2", "dcp 9")
@pytest.mark.parametrize(
    ("language", "function"),
    [
        (
            "js",
            "(x) => typeof require === 'function' ? require('fs').readFileSync('/etc/passwd', 'utf8') : fs",
        ),
        ("js", "(x) => process.exit(0)"),
        ("js", "async (x) => (await fetch('http://127.0.0.1:%PORT%/')).status"),
        ("js", "(x) => ((f) => f('return process')())(x.constructor.constructor).env.PATH.length"),
        (
            "python",
            "import urllib.request\nlambda x: urllib.request.urlopen('http://127.0.0.1:%PORT%/').status",
        ),
    ],
    ids=["files", "process", "network", "constructor", "python-network"],
)
def test_what_functions_cannot_do(ann: Owner, language: str, function: str) -> None:
    port = str(ann.stack.config.ports.gateway)
    answer = ann.results(ann.deploy(function.replace("%PORT%", port), [1], language))
    assert answer["results"] == []
    assert [error["sliceNumber"] for error in answer["errors"]] == [1]


@pytest.mark.clause("dcp 5.1")
def test_slices_added_at_the_same_time_never_interleave(ann: Owner) -> None:
    job = ann.deploy("(x) => x")
    spans: list[tuple[int, int, int]] = []

    def add(adder: int) -> None:
        for _ in range(5):
            answer = ann.did("POST", f"{job}/slices", json=[adder] * 20)
            spans.append((answer["firstSliceNumber"], answer["lastSliceNumber"], adder))

    threads = [threading.Thread(target=add, args=(adder,)) for adder in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    values = ann.values(job)
    assert len(values) == 400
    for first, last, adder in spans:
        assert values[first - 1 : last] == [adder] * 20


@pytest.mark.clause("dcp 5.4")
def test_counters_never_run_ahead_of_results(ann: Owner) -> None:
    job = ann.deploy(DOUBLE, {"start": 1, "end": 300})
    while True:
        shown = ann.did("GET", job)
        found = ann.did("GET", f"{job}/result")
        assert len(found["results"]) >= shown["completedSlices"]
        assert shown["activeSlices"] + shown["completedSlices"] + shown["failedSlices"] <= 300
        assert shown["distributed"] >= shown["activeSlices"] + shown["completedSlices"]
        if shown["status"] == "completed":
            break
    assert [row["value"] for row in found["results"]] == [2 * n for n in range(1, 301)]
