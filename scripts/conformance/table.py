"""The table of clauses: number, title and what of it is lacking, dialect by dialect."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("clauses.toml")
# In the order of the page; the names are those of marks.
DIALECTS: Final = {
    "ocean": "Ocean Provider",
    "prominence": "PROMINENCE",
    "dirac": "DIRAC",
    "openpai": "OpenPAI",
    "dcp": "DCP",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """`lacking` is what of it is not served, and why; empty when all of it is."""

    dialect: str
    number: str
    title: str
    lacking: str = ""

    @property
    def name(self) -> str:
        """As marks have it, `openpai 4.1`."""
        return f"{self.dialect} {self.number}"


def clauses(text: str | None = None) -> tuple[Clause, ...]:
    """Those of clauses.toml, in its order. Raises ValueError for a reason without its clause."""
    content = tomllib.loads(FILE.read_text() if text is None else text)
    found: list[Clause] = []
    for dialect in DIALECTS:
        titles: dict[str, str] = content[dialect]["clauses"]
        lacking: dict[str, str] = content[dialect].get("lacking", {})
        if unknown := sorted(set(lacking) - set(titles)):
            raise ValueError(f"{dialect}: reasons for clauses that are not in the table: {unknown}")
        found += [Clause(dialect, number, title, lacking.get(number, "")) for number, title in titles.items()]
    return tuple(found)
