"""How many jobs have the same values of some attributes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from services.compute.dialects.dirac.attributes.table import Attribute
from services.compute.dialects.dirac.attributes.views import told
from services.compute.dialects.dirac.errors import InvalidRequest
from services.compute.domain.sheets import Column, Search, Value
from services.compute.ports.sheets import JobSheets

MOST: Final = 10_000


def grouped(sheets: JobSheets, wanted: Search, by: Sequence[Attribute]) -> Mapping[tuple[Value, ...], int]:
    """In order of the values. Raises InvalidRequest."""
    used = {attribute.column for attribute in by if attribute.column is not None}
    if any(attribute.name == "RescheduleTime" for attribute in by):
        used.add(Column.RETRIES)
    columns = sorted(used)
    tallies = sheets.tally(wanted, columns, MOST)
    if len(tallies) > MOST:
        raise InvalidRequest(
            f"These attributes make more than {MOST} groups: choose fewer, or restrict the jobs."
        )
    counts: Counter[tuple[Value, ...]] = Counter()
    for tally in tallies:
        of = dict(zip(columns, tally.values, strict=True)).__getitem__
        values = (told(attribute, attribute.value(of, tally.situation)) for attribute in by)
        counts[tuple(values)] += tally.count
    return {values: counts[values] for values in sorted(counts, key=lambda found: [*map(_rank, found)])}


def _rank(value: Value) -> tuple[bool, float, str]:
    is_number = isinstance(value, int | float)
    return (value is not None, float(value) if is_number else 0.0, "" if is_number else str(value))  # type: ignore[arg-type]
