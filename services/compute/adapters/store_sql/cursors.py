"""Where a page ended, as an opaque text."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from services.compute.adapters.store_sql.filters import LARGEST_ID

_CURSOR: Final = re.compile(r"[jw](0|[1-9][0-9]{0,18})")


def write_cursor(kind: str, last: int) -> str:
    """`kind` is one letter: j for jobs, w for workflows."""
    return urlsafe_b64encode(f"{kind}{last}".encode()).decode().rstrip("=")


def read_cursor(kind: str, cursor: str) -> int:
    """Raises ValueError unless it is one that write_cursor made."""
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError as error:
        raise ValueError("no cursor of a page") from error
    match = _CURSOR.fullmatch(text)
    if match is None or int(match[1]) > LARGEST_ID or write_cursor(kind, int(match[1])) != cursor:
        raise ValueError("no cursor of a page")
    return int(match[1])
