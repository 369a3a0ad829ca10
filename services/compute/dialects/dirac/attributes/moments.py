"""Moments as DIRAC writes them, and as callers do: UTC, at a resolution from a year to a second."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_FORM: Final = re.compile(
    r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.\d{1,9})?)?)?)?)?)?"
    r"\s?(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_STEPS: Final = (
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)
LAST_YEAR: Final = 9998


class NoMoment(ValueError):
    """The sentence says what would be one."""

    def __init__(self, text: str) -> None:
        super().__init__(f"`{text[:40]}` is no moment: write YYYY-MM-DD HH:MM:SS, or the beginning of it.")


def written(at: float) -> str:
    """As the legacy paths have it: no zone, no fraction."""
    return datetime.fromtimestamp(int(at), UTC).isoformat(" ")[:19]


def iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat()[:19] + "Z"


def span_of(text: str) -> tuple[float, float]:
    """From when and until before when a text means, in UTC seconds. Raises NoMoment."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise NoMoment(text)
    parts = [int(part) for part in match.groups()[:6] if part is not None]
    if not 1970 <= parts[0] <= LAST_YEAR:
        raise NoMoment(text)
    try:
        first = datetime(*(parts + [1] * (3 - len(parts))), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        raise NoMoment(text) from None
    away = _offset(match[7])
    return (first - away).timestamp(), (_end(first, len(parts)) - away).timestamp()


def _end(first: datetime, known: int) -> datetime:
    if known == 1:
        return first.replace(year=first.year + 1)
    if known == 2:
        return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return first + _STEPS[known - 3]


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z", "UTC"):
        return timedelta()
    assert zone is not None
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)
