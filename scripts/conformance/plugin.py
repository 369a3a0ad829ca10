"""A pytest plugin that writes down which tests name which clauses. Used with `--collect-only`.

Every test function counts once, whatever its parameters; nothing of it is run.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

OPTION = "--clauses-to"
MARK = "clause"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, type=Path, required=True, help="the file that the clauses are written to")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, name: str, obj: Any) -> object:
    """One item for a function, without its thousands of parameters: making those takes most of the time."""
    if collector.istestfunction(obj, name):
        return [pytest.Function.from_parent(collector, name=name)]
    return None


def pytest_collection_finish(session: pytest.Session) -> None:
    found = [entry for item in session.items for entry in entries(session, item)]
    target: Path = session.config.getoption(OPTION)
    target.write_text(json.dumps(found))


def entries(session: pytest.Session, item: pytest.Item) -> Iterator[dict[str, str]]:
    """`test` is empty where a whole module names the clause."""
    for node, mark in item.iter_markers_with_node(MARK):
        own = node is item
        path = item.path.relative_to(session.config.rootpath).as_posix()
        for clause in mark.args:
            yield {"clause": clause, "path": path, "test": item.name if own else ""}
