"""Lists of assets and publishers that a community shuns (upstream's purgatory): what they say, and of whom.

A list that cannot be had, or says nothing, is no pardon: whoever reads these keeps the last good one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.catalogue.domain.errors import CatalogueError

MAX_ENTRIES = 100_000
MAX_REASON = 500


class BadList(CatalogueError):
    """Not a list of entries that can be used; `reason` quotes nothing of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Purgatory:
    """Reasons by DID and by lower-case address of the publisher."""

    assets: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)

    def reason(self, did: str, publisher: str) -> str | None:
        """None for those who are not listed."""
        found = self.assets.get(did)
        return self.accounts.get(publisher.lower()) if found is None else found

    def as_json(self) -> dict[str, Any]:
        return {"assets": dict(self.assets), "accounts": dict(self.accounts)}

    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()


def purgatory_of(value: Any) -> Purgatory:
    """What `as_json` gave; None is an empty one."""
    return Purgatory() if value is None else Purgatory(**value)


def parse_list(body: bytes, member: str) -> dict[str, str]:
    """`[{member: key, "reason": text}, ...]` by lower-case key; entries without a key are left out.

    Raises BadList for everything else, an empty list included.
    """
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError):
        raise BadList("it is not JSON") from None
    if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise BadList("it is not a list, or too long")
    found = {
        str(entry[member]).lower(): _text(entry.get("reason"))
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get(member), str)
    }
    if not found:
        raise BadList("it has no entries")
    return found


def _text(reason: Any) -> str:
    text = reason if isinstance(reason, str) else ""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:MAX_REASON]
