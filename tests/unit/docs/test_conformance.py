"""docs/conformance.md says what the tests say: each clause with its tests, or why there are none."""

from pathlib import Path

import pytest

from scripts.conformance.marks import Mark, NotCollected, collect, marked_files
from scripts.conformance.page import FILE, Unsettled, page
from scripts.conformance.table import DIALECTS, Clause, clauses
from scripts.stack.config import REPO

MET = Clause("dcp", "5.3", "Results and ranges")
PART = Clause("dcp", "5.2", "Closing", "Not by mail: nobody writes letters.")
NOT = Clause("dcp", "5.1", "Adding slices", "Not yet.")


def row(text: str, number: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {number} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_is_what_the_tests_say() -> None:
    """A clause without a test and without a reason, and a mark of no clause, are errors of `page`."""
    assert FILE.read_text() == page(clauses(), collect(marked_files())), "run `make conformance`"


def test_every_clause_that_is_met_has_a_test_that_is_there() -> None:
    lines = [line for line in FILE.read_text().splitlines() if "| met |" in line or "| in part |" in line]
    assert len(lines) > 50
    for line in lines:
        held = line.rpartition("|")[0].rpartition("|")[2]
        paths = [piece.partition(")")[0] for piece in held.split("](../")[1:]]
        assert paths, line
        assert all((REPO / path).is_file() for path in paths), line


def test_words_follow_from_tests_and_reasons() -> None:
    found = [Mark("dcp 5.3", "tests/a/test_b.py", ""), Mark("dcp 5.2", "tests/a/test_b.py", "test_c")]
    text = page((MET, PART, NOT), found)
    assert row(text, "5.3") == ["5.3", "Results and ranges", "met", "[a/test_b](../tests/a/test_b.py)"]
    assert row(text, "5.2")[1:3] == ["Closing. Not by mail: nobody writes letters.", "in part"]
    assert row(text, "5.2")[3] == "[a/test_b](../tests/a/test_b.py): `test_c`"
    assert row(text, "5.1") == ["5.1", "Adding slices. Not yet.", "not", ""]


def test_a_file_stands_once_however_many_of_its_tests_name_the_clause() -> None:
    path = "tests/a/test_b.py"
    two = page((MET,), [Mark(MET.name, path, "test_d"), Mark(MET.name, path, "test_c")])
    assert row(two, "5.3")[3] == f"[a/test_b](../{path}): `test_c`, `test_d`"
    whole = page((MET,), [Mark(MET.name, path, ""), Mark(MET.name, path, "test_c")])
    assert row(whole, "5.3")[3] == f"[a/test_b](../{path})"


def test_nothing_is_met_without_a_test_and_no_mark_is_lost() -> None:
    with pytest.raises(Unsettled) as caught:
        page((MET, NOT), [Mark("dcp 5.33", "tests/a/test_b.py", "")])
    assert caught.value.problems == (
        "tests/a/test_b.py: no clause is called 'dcp 5.33'",
        "dcp 5.3 (Results and ranges): no test, and no reason",
    )


def test_what_pytest_collects(tmp_path: Path) -> None:
    """Marks of modules and of functions; functions with parameters once; nothing is run."""
    module = tmp_path / "test_sample.py"
    module.write_text(
        "import pytest\n"
        "pytestmark = pytest.mark.clause('dcp 1')\n"
        "def test_one():\n"
        "    raise SystemExit('run')\n"
        "@pytest.mark.clause('dcp 2', 'ocean 3')\n"
        "@pytest.mark.parametrize('value', range(3))\n"
        "def test_two(value, fixture_of_nobody):\n"
        "    raise SystemExit('run')\n"
    )
    assert collect([module], tmp_path) == (
        Mark("dcp 1", "test_sample.py", ""),
        Mark("dcp 2", "test_sample.py", "test_two"),
        Mark("ocean 3", "test_sample.py", "test_two"),
    )
    module.write_text("import nothing_of_that_name\n")
    with pytest.raises(NotCollected, match="nothing_of_that_name"):
        collect([module], tmp_path)


def test_the_table() -> None:
    found = clauses()
    assert {clause.dialect for clause in found} == set(DIALECTS)
    assert len({clause.name for clause in found}) == len(found)
    text = '[ocean.clauses]\n"1" = "x"\n' + "".join(f"[{name}.clauses]\n" for name in [*DIALECTS][1:])
    assert clauses(text) == (Clause("ocean", "1", "x"),)
    with pytest.raises(ValueError, match=r"ocean: .*'2'"):
        clauses(text + '[ocean.lacking]\n"2" = "y"\n')
