"""Sizes as people write them: `2 GiB`, `500 MB`, `1.5G`, or a number of bytes."""

import re
from decimal import Decimal
from typing import Final

MOST: Final = 1 << 62
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([KkMGT]i?)?B?")
_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY: Final = {"KI": 1 << 10, "MI": 1 << 20, "GI": 1 << 30, "TI": 1 << 40}


def size_of(text: str) -> int | None:
    """Bytes; None for what is no size."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    unit = (match[2] or "").upper()
    found = int(Decimal(match[1]) * (_BINARY.get(unit) or _UNITS[unit]))
    return found if found < MOST else None
