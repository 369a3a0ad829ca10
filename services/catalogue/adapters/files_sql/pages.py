"""Where a page of a directory ended, as an opaque text: the last name of its kind."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from services.catalogue.domain.files.errors import InvalidValue
from services.catalogue.domain.files.lfn import MAX_NAME_BYTES


@dataclass(frozen=True, slots=True)
class Place:
    """After the subdirectory or file of this name; before everything when it is empty."""

    name: str = ""
    is_file: bool = False


def write_place(place: Place) -> str:
    kind = "f" if place.is_file else "d"
    return urlsafe_b64encode(f"{kind}{place.name}".encode()).decode().rstrip("=")


def read_place(text: str) -> Place:
    """Raises InvalidValue unless it is one that write_place made."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
    except ValueError as error:
        raise InvalidValue("start", "no place in a listing") from error
    place = Place(raw[1:], raw[:1] == "f")
    is_odd = raw[:1] not in ("d", "f") or "\0" in raw or "/" in raw
    if is_odd or len(raw.encode()) > MAX_NAME_BYTES + 1 or write_place(place) != text:
        raise InvalidValue("start", "no place in a listing")
    return place
