r"""Names of certificates as administrators write them: `/DC=org/DC=x/CN=Name` (DIRAC contract 1.7).

The escapes are those of certificates.slash_form: `\/`, `\+`, `\\` and `\xNN` for bytes that do not print.
"""

import re
from typing import Final

from services.auth.domain.certificates import MAX_NAME_CHARS
from services.auth.domain.people import BadField

_LABELS: Final = {
    label.lower(): label
    for label in (
        "CN", "C", "DC", "emailAddress", "GN", "L", "O", "OU", "serialNumber", "ST", "street", "SN", "title",
        "UID",
    )
} | {"e": "emailAddress", "email": "emailAddress"}  # fmt: skip
_OID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,9})){1,20}")
_PART: Final = re.compile(r"([/+])([A-Za-z0-9.]{1,128})=((?:[^/+\\]|\\[/+\\]|\\x[0-9A-F]{2})+)")


def parse_dn(text: str, field: str = "subject") -> str:
    """The name in the one spelling that is stored and compared. Raises BadField."""
    if len(text) > MAX_NAME_CHARS:
        raise BadField(field, f"A name has at most {MAX_NAME_CHARS} characters.")
    parts, end = [], 0
    while end < len(text):
        found = _PART.match(text, end)
        if found is None or (end == 0 and found[1] != "/"):
            raise BadField(field, "The name must look like /DC=org/CN=Name.")
        parts.append(found[1] + _label(found[2], field) + "=" + _value(found[3], field))
        end = found.end()
    if not parts:
        raise BadField(field, "The name must look like /DC=org/CN=Name.")
    return "".join(parts)


def _label(label: str, field: str) -> str:
    known = _LABELS.get(label.lower())
    if known is None and _OID.fullmatch(label) is None:
        raise BadField(field, f"{label[:32]} is not an attribute that we know; write its number.")
    return known or label


def _value(value: str, field: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise BadField(field, "A value neither begins nor ends with a blank, and holds printable characters.")
    return value
