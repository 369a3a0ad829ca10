"""Commands: one line as it is written, and the words that are run, split by a shell's rules but by none."""

import re
import shlex
from collections.abc import Sequence
from typing import Final

JOB_ID: Final = "${TIDEGATE_JOB_ID}"
WORKFLOW_ID: Final = "${TIDEGATE_WORKFLOW_ID}"
INSTANCE: Final = "${TIDEGATE_INSTANCE}"
"""What the worker puts in when the job exists: its ids, and its number among those of its factory."""

_IDS: Final = {"PROMINENCE_JOB_ID": JOB_ID, "PROMINENCE_WORKFLOW_ID": WORKFLOW_ID}
_REFERENCE = re.compile(
    r"\$\$|\$(?:\{(PROMINENCE_(?:JOB|WORKFLOW)_ID)\}|(PROMINENCE_(?:JOB|WORKFLOW)_ID)(?!\w))"
)


def split(line: str) -> tuple[str, ...] | str:
    """The words, or what is wrong."""
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return "cmd must have balanced quotes and must not end with a backslash"


def command_of(line: str, words: Sequence[str], *, is_mpi: bool, in_workflow: bool) -> tuple[str, ...]:
    """Of a line and its words. What runs under MPI is the one thing that is a shell's."""
    if is_mpi:
        return ("/bin/bash", "-c", with_ids(line, in_workflow=in_workflow))
    return tuple(with_ids(word, in_workflow=in_workflow) for word in words)


def with_ids(text: str, *, in_workflow: bool) -> str:
    """`$PROMINENCE_JOB_ID` and, in a workflow, its id as the names that the worker fills. `$$` stays."""

    def name(match: re.Match[str]) -> str:
        found = match[1] or match[2]
        if found is None or (found == "PROMINENCE_WORKFLOW_ID" and not in_workflow):
            return match[0]
        return _IDS[found]

    return _REFERENCE.sub(name, text) if "$" in text else text
