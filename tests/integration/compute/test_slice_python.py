"""The programs for Python, run as they are."""

import json
import os
import textwrap
from pathlib import Path

import pytest

from services.compute.slicework.spec import PYTHON, Work
from tests.slice_programs import python, work_off
from tests.waiting import wait_for


@pytest.mark.clause("dcp 4.3")
@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("lambda x: x*5", 15),
        ("def f(x):\n    return x**2\n", 9),
        ("def f(x):\n    return 1\ndef g(x):\n    return 2\n", 1),
        ("async def f(x):\n    import asyncio\n    await asyncio.sleep(0)\n    return x\n", 3),
        ("import dcp\ndef a(x): return 1\ndef b(x): return 2\ndcp.set_slice_handler(b)\n", 2),
        ("from dcp import set_slice_handler\nset_slice_handler(lambda x: x)\nlambda x: 0", 3),
        ("def a(x): return 1\ndef b(x): return 2\nb", 2),
        (
            "text = '''\ndef no(x): return 0\n'''\nclass C:\n    def f(self): return 0\n"
            "def f(x): return text[1:4]\n",
            "def",
        ),
        ("def outer(x):\n    def inner(y): return y + 1\n    return inner(x)\n", 4),
        ("    def f(x):\n        return x\n", 3),
        ("import functools\nfunctools.partial(pow, 2)", 8),
        ("class Adder:\n    def __call__(self, x): return x + 1\nAdder()", 4),
        ("async def f(x):\n    return x\nlambda x: f(x + 1)", 4),
        ("count = 0\ndef f(x):\n    global count\n    count += 1\n    return count\n", 1),
        (
            "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: 'int'\ndef f(x): return P(x)\n",
            {"a": 3},
        ),
        ("def f(x):\n    import dcp\n    return [dcp.progress(), progress(0.5)]\n", [True, True]),
        ("def f(x): return [__name__, work.job.public]\n", ["__main__", {}]),
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_a_function_is(tmp_path: Path, source: str, value: object) -> None:
    assert python(tmp_path, source, [3]).values == [value]


@pytest.mark.clause("dcp 4.3")
@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("lambda x, y: [x, y]", [3, 7]),
        ("lambda x: [x]", [3]),
        ("lambda x, *rest: [x, *rest]", [3, 7]),
        ("lambda x, y=1, *, z=2: [x, y, z]", [3, 7, 2]),
    ],
    ids=["both", "one", "rest", "defaults"],
)
def test_arguments_as_far_as_it_takes_them(tmp_path: Path, source: str, value: object) -> None:
    assert python(tmp_path, source, [3], args="[7]").values == [value]


@pytest.mark.clause("dcp 4.3", "dcp 5.5")
def test_what_is_raised(tmp_path: Path) -> None:
    source = textwrap.dedent("""
        def f(x):
            if x == 0: raise KeyError('k')
            if x == 1: raise Odd
            if x == 2: raise SystemExit(3)
            if x == 3: raise KeyboardInterrupt
            if x == 4: deep(x)
            if x == 5: work.reject('no', 1)
            if x == 6: import nowhere.to_be.found
            if x == 7: bytearray(1 << 40)
            if x == 8: open('/etc/nowhere')
        class Odd(Exception):
            def __str__(self):
                raise ValueError
        def deep(n):
            return deep(n)
    """)
    errors = python(tmp_path, source, range(9)).errors
    by_code = {error["name"]: error["code"] for error in errors}
    assert by_code == {
        "KeyError": "EUNCAUGHT",
        "Odd": "EUNCAUGHT",
        "SystemExit": "EUNCAUGHT",
        "KeyboardInterrupt": "EUNCAUGHT",
        "RecursionError": "EUNCAUGHT",
        "Rejected": "EWORKREJECT",
        "ModuleNotFoundError": "ENOMODULE",
        "MemoryError": "EMEMORY",
        "FileNotFoundError": "EUNCAUGHT",
    }
    assert errors[0]["stack"].startswith(
        'Traceback (most recent call last):\n  File "work.py", line 3, in f\n'
    )
    assert not [error for error in errors if str(tmp_path) in json.dumps(error)]
    assert not [error for error in errors if "executor.py" in error["stack"]]


@pytest.mark.clause("dcp 4.3")
@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("4", "ENOSLICEHANDLER"),
        ("", "ENOSLICEHANDLER"),
        ("def f(x", "EUNCAUGHT"),
        ("1 / 0", "EUNCAUGHT"),
        ("import nowhere_at_all", "ENOMODULE"),
        ("import dcp\ndcp.set_slice_handler(4)", "EUNCAUGHT"),
    ],
    ids=["number", "empty", "cut", "raises", "module", "no handler"],
)
def test_what_is_no_function(tmp_path: Path, source: str, code: str) -> None:
    assert [error["code"] for error in python(tmp_path, source, [1, 2]).errors] == [code, code]


@pytest.mark.clause("dcp 5.5")
def test_what_is_said(tmp_path: Path) -> None:
    source = textwrap.dedent("""
        import os, sys, subprocess
        def f(x):
            print('a', x); print('b\\nc', end=''); print('bad', file=sys.stderr)
            os.write(1, b'r 0 {"n":1,"v":"forged"}\\n'); subprocess.run(['echo', 'b 1 1'])
            work.emit('seen', {'x': x}, 'y')
            sys.stdin and sys.stdin.read()
            return input.__name__
    """)
    said = python(tmp_path, source, [1, 2])
    assert said.values == ["input", "input"]
    assert said.output.startswith("slice 1: a 1\nslice 1: b\nslice 1: bad\n")
    assert "forged" not in said.output
    assert said.lines[:5] == [
        ("log", "a 1"),
        ("log", "b"),
        ("error", "bad"),
        ("log", 'seen {"x":1} y'),
        ("log", "c"),
    ]


@pytest.mark.clause("dcp 5.5")
def test_limits_cost_the_slice_alone(tmp_path: Path) -> None:
    source = textwrap.dedent("""
        import os, signal, subprocess, time
        def f(x):
            print('at', x)
            if x == 1:
                while True: pass
            if x == 2: time.sleep(100)
            if x == 3:
                held = []
                while True: held.append(bytes(1 << 22))
            if x == 4: os._exit(0)
            if x == 5: os.kill(os.getpid(), signal.SIGSEGV)
            if x == 6:
                child = subprocess.Popen(['sleep', '1000'], start_new_session=True)
                open(PIDS, 'w').write(str(child.pid))
                time.sleep(100)
            if x == 7: os.close(0); os.close(1); os.close(2)
            return x
    """).replace("PIDS", repr(str(tmp_path / "pids")))
    work = Work(language=PYTHON, source=source)
    said = work_off(
        tmp_path, work, range(16), batch=5, slice_wall_seconds=3, slice_cpu_seconds=1.5,
        slice_memory_bytes=128 << 20,
    )  # fmt: skip
    assert said.ends == 4
    assert {number: said.by_number[number].tries for number in (5, 6)} == {5: 3, 6: 3}
    assert [value for value in said.values if value is not None] == [0, *range(7, 16)]
    assert sorted(error["code"] for error in said.errors) == [
        "EMEMORY", "ESLICETOOSLOW", "ESLICETOOSLOW", "ESLICETOOSLOW", "EWORKERLOST", "EWORKERLOST",
    ]  # fmt: skip
    assert ("log", "at 1") in said.lines
    pid = int((tmp_path / "pids").read_text())
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "what a slice left to be ended")


@pytest.mark.clause("dcp 5.5")
def test_what_forges_results_forges_its_own_alone(tmp_path: Path) -> None:
    """All descriptors are its own: what it says there is taken for nothing but its job's results."""
    source = textwrap.dedent("""
        import os
        def f(x):
            if x == 1:
                for fd in range(3, 64):
                    forged = b'r 0 {"n":2,"v":"first"}\\nr 0 {"n":2,"v":"again"}\\nb 9 x\\nb\\nr\\n\\xff\\n'
                    try: os.write(fd, forged)
                    except OSError: pass
            return x
    """)
    said = python(tmp_path, source, range(4))
    assert said.ends == 1
    assert (said.values[0], said.values[3]) == (0, 3)
