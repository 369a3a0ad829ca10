"""How much one request may bring."""

from dataclasses import dataclass
from typing import Final

MIB: Final = 1 << 20
MAX_MANIFEST: Final = 1 * MIB
"""Characters of one manifest, and of what one instance of a parametric one becomes."""

MAX_MANIFESTS: Final = 32 * MIB
"""Characters of all jobs of one request together, as they are kept."""

MAX_BODY: Final = 8 * MIB
"""Of a request's body, besides files."""

MAX_JDL_BODY: Final = 2 * MIB
"""Of a body of JDL, which costs several times what JSON does."""

MAX_BRACKETS: Final = 100_000
"""In one text of JSON: each costs more than a character."""

MAX_DEPTH: Final = 16
"""Of lists and objects in a manifest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`sandbox_bytes`: of the files that come with one request; `jobs`: that it brings. `reschedules`: how
    often a job is submitted again.
    """

    sandbox_bytes: int = 100 * MIB
    jobs: int = 1000
    reschedules: int = 3


class TooMuch(Exception):
    """More than there is room for; the sentence says what."""


class Room:
    """What is left of a request's room for jobs, while its manifests are read."""

    def __init__(self, limits: Limits) -> None:
        self.jobs = limits.jobs
        self._most_jobs = limits.jobs
        self._characters = MAX_MANIFESTS

    def take(self, text: str) -> None:
        """Room for one job that is described so. Raises TooMuch."""
        if len(text) > MAX_MANIFEST:
            raise TooMuch(f"With the values of its parameters it has more than {MAX_MANIFEST} characters.")
        self._characters -= len(text)
        if self._characters < 0:
            raise TooMuch(f"The jobs of one request are described in {MAX_MANIFESTS} characters at most.")
        if self.jobs == 0:
            raise TooMuch(self.full())
        self.jobs -= 1

    def full(self) -> str:
        left = "" if self.jobs == self._most_jobs else f"; {self.jobs} are left for this one"
        return f"One request brings {self._most_jobs} jobs at most{left}."
