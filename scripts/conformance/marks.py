"""What pytest collects: which tests name which clauses."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.conformance import plugin
from scripts.stack.config import REPO


class NotCollected(Exception):
    """pytest could not read the tests; the text is what it said."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A test that names a clause. `test` is empty for all of a module."""

    clause: str
    path: str
    test: str


def marked_files() -> list[Path]:
    """The test modules in which the mark stands at all: no others need to be imported."""
    word = f"mark.{plugin.MARK}("
    files = (REPO / "tests").rglob("test_*.py")
    own = (path for path in files if "node_modules" not in path.parts)
    return sorted(path for path in own if word in path.read_text())


def collect(files: Iterable[Path], root: Path = REPO) -> tuple[Mark, ...]:
    """In a process of its own, since pytest cannot run in pytest. Raises NotCollected."""
    with tempfile.TemporaryDirectory(prefix="tidegate-clauses-") as folder:
        target = Path(folder) / "clauses.json"
        # Asserts are left as they are: nothing is run, and rewriting them takes longer than the rest.
        argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--assert=plain"]
        argv += ["-p", plugin.__name__, plugin.OPTION, str(target), "--rootdir", str(root), "-c"]
        argv += [str(REPO / "pyproject.toml"), *map(str, files)]
        done = subprocess.run(argv, cwd=REPO, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotCollected(done.stdout[-3000:] + done.stderr[-3000:])
        return tuple(sorted({Mark(**entry) for entry in json.loads(target.read_text())}))
