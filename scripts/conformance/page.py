"""docs/conformance.md as text: a table for each dialect, clause by clause, with the tests that hold it."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from scripts.conformance.marks import Mark
from scripts.conformance.table import DIALECTS, Clause
from scripts.stack.config import REPO

FILE = REPO / "docs" / "conformance.md"
HEAD = """\
# What is met of each dialect

Written by `make conformance` from the tests: each names the clauses that it is about. **Met** means that
tests name the clause and that nothing is known to be missing, **in part** that something is, and **not** that
no test names it. How much of a clause its tests reach is not measured: most marks are of a whole module, so
read the tests before you rely on a sentence of a contract. Numbers are those of the contracts that tests
quote; in Ocean's table those with a C are of the second part (computations, metadata cache, chain).
"""


class Unsettled(Exception):
    """The tests and the table do not fit together; one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def page(clauses: Sequence[Clause], marks: Iterable[Mark]) -> str:
    """Raises Unsettled: for a mark of no clause, and a clause with neither a test nor a reason."""
    by_clause: dict[str, list[Mark]] = {clause.name: [] for clause in clauses}
    problems = []
    for mark in sorted(marks):
        if mark.clause in by_clause:
            by_clause[mark.clause].append(mark)
        else:
            problems.append(f"{mark.path}: no clause is called {mark.clause!r}")
    for clause in clauses:
        if not (by_clause[clause.name] or clause.lacking):
            problems.append(f"{clause.name} ({clause.title}): no test, and no reason")
    if problems:
        raise Unsettled(problems)
    parts = [HEAD]
    for dialect, title in DIALECTS.items():
        own = [clause for clause in clauses if clause.dialect == dialect]
        parts.append(section(title, own, by_clause))
    return "\n".join(parts)


def section(title: str, clauses: Sequence[Clause], marks: dict[str, list[Mark]]) -> str:
    lines = [f"## {title}", "", "| clause | about | | held by |", "|---|---|---|---|"]
    for clause in clauses:
        found = marks[clause.name]
        about = f"{clause.title}. {clause.lacking}" if clause.lacking else clause.title
        lines.append(f"| {clause.number} | {about} | {word(clause, found)} | {cell(found)} |")
    return "\n".join(lines) + "\n"


def word(clause: Clause, marks: Sequence[Mark]) -> str:
    if not clause.lacking:
        return "met"
    return "in part" if marks else "not"


def cell(marks: Sequence[Mark]) -> str:
    """Each file once, with a link; tests by name where not the whole file is meant."""
    return "<br>".join(one_file(path, list(own)) for path, own in groupby(marks, key=lambda mark: mark.path))


def one_file(path: str, marks: Sequence[Mark]) -> str:
    link = f"[{path.removeprefix('tests/').removesuffix('.py')}](../{path})"
    named = [f"`{mark.test}`" for mark in marks if mark.test]
    whole = any(not mark.test for mark in marks)
    return link if whole or not named else f"{link}: {', '.join(named)}"
