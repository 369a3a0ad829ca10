"""Values of metadata by their field's type, from JSON and from text; names of fields and parameters."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from services.catalogue.domain.files.errors import InvalidValue
from services.catalogue.domain.files.fields import Field, FieldType, Value

MAX_WHOLE: Final = 2**63 - 1
MIN_WHOLE: Final = -(2**63)
MAX_TEXT_BYTES: Final = 2048  # of a value that is searched: it has to go into an index entry
MAX_PARAMETER_BYTES: Final = 16 * 1024
MAX_NAME_BYTES: Final = 128
MAX_AT_ONCE: Final = 1000  # names in one request
_MAX_NUMBER_LENGTH: Final = 400
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}:[0-9]{2})?")
_FIRST_PRINTABLE: Final = 32
_DELETE: Final = 127


def check_name(name: str) -> str:
    """The name of a field, a parameter or a metaset. Raises InvalidValue."""
    if not name or name != name.strip() or "|" in name or _size(name) > MAX_NAME_BYTES:
        text = f"a name has 1 to {MAX_NAME_BYTES} bytes, no | and no blanks around it"
        raise InvalidValue(_shown(name), text)
    if any(ord(letter) < _FIRST_PRINTABLE or ord(letter) == _DELETE for letter in name):
        raise InvalidValue(_shown(name), "a name has no control characters")
    return name


def check_names(values: Mapping[str, object]) -> None:
    """Raises InvalidValue."""
    if len(values) > MAX_AT_ONCE:
        raise InvalidValue("metadata", f"{MAX_AT_ONCE} names at most at once")
    for name in values:
        check_name(name)


def fitting(field: Field, raw: object) -> Value:
    """`raw` (from JSON) as a value of `field`. Raises InvalidValue."""
    if field.type is FieldType.METASET:
        raise InvalidValue(field.name, "names a metaset in conditions and has no values")
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise InvalidValue(field.name, f"takes a value of type {field.type}")
    if field.type is FieldType.STRING:
        text = raw if isinstance(raw, str) else str(free(field.name, raw))
        return _text(field.name, text, MAX_TEXT_BYTES)
    if field.type is FieldType.DATE:
        return date_of(field.name, raw)
    number = number_of(field.name, raw)
    return _whole(field.name, number) if field.type is FieldType.INT else float_of(field.name, number)


def free(name: str, raw: object) -> Value:
    """`raw` (from JSON) as a parameter's value. Raises InvalidValue."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise InvalidValue(name, "takes a text or a number")
    if isinstance(raw, str):
        return _text(name, raw, MAX_PARAMETER_BYTES)
    number = number_of(name, raw)
    return _whole(name, number) if isinstance(raw, int) else float_of(name, number)


def number_of(name: str, raw: object) -> Decimal:
    """Exactly what it says. Raises InvalidValue."""
    if isinstance(raw, int) and not isinstance(raw, bool) and raw.bit_length() < _MAX_NUMBER_LENGTH:
        return Decimal(raw)
    if isinstance(raw, float) and math.isfinite(raw):
        return Decimal(repr(raw))
    text = raw.strip() if isinstance(raw, str) else ""
    if len(text) <= _MAX_NUMBER_LENGTH and _NUMBER.fullmatch(text):
        return Decimal(text)
    raise InvalidValue(name, "takes a number")


def float_of(name: str, number: Decimal) -> float:
    """Raises InvalidValue (too large for 64 bits)."""
    value = float(number) + 0.0  # never -0.0
    if math.isinf(value):
        raise InvalidValue(name, "is too large a number")
    return value


def date_of(name: str, raw: object) -> str:
    """`YYYY-MM-DD[ HH:MM:SS]` with the time. Raises InvalidValue."""
    text = raw.strip() if isinstance(raw, str) else ""
    if _DATE.fullmatch(text):
        try:
            return datetime.fromisoformat(text).isoformat(" ", "seconds")
        except ValueError:
            pass
    raise InvalidValue(name, "takes a date, YYYY-MM-DD or YYYY-MM-DD HH:MM:SS in UTC")


def checked_text(name: str, text: str) -> str:
    """A text that may be compared with values. Raises InvalidValue."""
    return _text(name, text, MAX_TEXT_BYTES)


def _whole(name: str, number: Decimal) -> int:
    if not MIN_WHOLE <= number <= MAX_WHOLE or number != number.to_integral_value():
        raise InvalidValue(name, "takes a whole number of 64 bits")
    return int(number)


def _text(name: str, text: str, limit: int) -> str:
    if "\0" in text:
        raise InvalidValue(name, "has no NUL")
    if _size(text) > limit:
        raise InvalidValue(name, f"is UTF-8 of {limit} bytes at most")
    return text


def _size(text: str) -> int:
    """More than any limit when it is no UTF-8 (half of a surrogate pair)."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return MAX_PARAMETER_BYTES + 1


def _shown(name: str) -> str:
    return name[:MAX_NAME_BYTES].encode("ascii", "backslashreplace").decode()
