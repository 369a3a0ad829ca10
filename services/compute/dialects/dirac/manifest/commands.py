"""Executable and Arguments as the words of a command.

DIRAC gives the line to a shell, so `$DIRACSITE` and redirections work in Arguments. A line that a shell would
only divide into words needs none: images without a shell run such jobs too.
"""

import re
import shlex
from typing import Final

from services.compute.dialects.dirac.manifest.asked import Asked
from services.compute.domain.numbering import JOB_ID

SHELL: Final = "/bin/sh"
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./'\" \t-]*")
_ALSO_HERE: Final = 'PATH="$PWD:$PATH"\n'


def command_of(asked: Asked) -> tuple[str, ...]:
    """A local file may lack the `#!` that would tell who runs it: a shell knows what to do."""
    program, line = asked.executable, asked.arguments
    files = asked.files
    if not files.is_local and not files.may_be_local and _PLAIN.fullmatch(line.replace(JOB_ID, "0")):
        words = _words(line)
        if words is not None:
            return (program, *words)
    if files.is_local and not program.startswith("./"):
        program = f"./{program}"
    before = _ALSO_HERE if files.may_be_local and "/" not in program else ""
    return (SHELL, "-c", f"{before}{shlex.quote(program)} {line}".rstrip(" "))


def _words(line: str) -> list[str] | None:
    try:
        return shlex.split(line)
    except ValueError:
        return None  # an open quote: the shell says so in the job's own log
