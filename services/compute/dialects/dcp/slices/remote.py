"""Slices whose data lies at addresses: `remoteDataSet` and `pattern` (contract 3.1).

Only https, and no address that names a place of ours: whoever fetches it looks where the name leads, too.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from libs.web.strict_json import Json, NumberText
from services.compute.dialects.dcp.slices.faults import InvalidSlices

MOST_CHARS: Final = 2048
PLACE: Final = "{slice}"


def is_remote(given: Mapping[str, Json]) -> bool:
    return "remoteDataSet" in given or "pattern" in given


def addresses(given: Mapping[str, Json], path: str, most: int) -> tuple[int, Iterator[str]]:
    """How many, and each. Raises InvalidSlices; `most` stands for more than may be."""
    if "remoteDataSet" in given:
        listed = given["remoteDataSet"]
        if not isinstance(listed, list):
            raise InvalidSlices(f"{path}.remoteDataSet", "must be a list of https addresses")
        found = [_checked(each, f"{path}.remoteDataSet[{number}]") for number, each in enumerate(listed)]
        return len(found), iter(found)
    pattern, count = _checked(given["pattern"], f"{path}.pattern"), given.get("sliceCount")
    if PLACE not in pattern:
        raise InvalidSlices(f"{path}.pattern", f"must hold {PLACE}, which each slice's number takes")
    if not (isinstance(count, NumberText) and count.isdecimal() and len(count) <= 15):
        raise InvalidSlices(f"{path}.sliceCount", "must be a whole number")
    whole = int(count)
    return whole, (pattern.replace(PLACE, str(number)) for number in range(1, min(whole, most + 1) + 1))


def _checked(value: Json, path: str) -> str:
    refused = InvalidSlices(path, "must be an https address")
    if type(value) is not str or len(value) > MOST_CHARS or not value.isascii() or not value.isprintable():
        raise refused
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        raise refused from None
    if parts.scheme != "https" or not host or "@" in parts.netloc or " " in value or PLACE in parts.netloc:
        raise refused
    return value
