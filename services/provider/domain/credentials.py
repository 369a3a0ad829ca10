"""Who may use an asset by its address lists; knows nothing of chains or requests.

Source: contract 7.3 (address credentials) and 7.2 (`credentials` may itself be JSON text).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ADDRESS_TYPE = "address"


class MalformedCredentials(ValueError):
    """The lists cannot be read; whoever reads them must refuse, never guess that everyone may pass."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Lower-cased addresses of every `address` entry. An empty list restricts nobody."""

    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()


EVERYONE = Credentials()


def parse_credentials(value: object) -> Credentials:
    """The DDO's `credentials`: absent, an object, or the JSON text of one. Raises MalformedCredentials."""
    if value is None or value == "":
        return EVERYONE
    if isinstance(value, str):
        value = _from_json_text(value)
        if value is None:
            return EVERYONE
    if not isinstance(value, Mapping):
        raise MalformedCredentials("credentials is not an object")
    return Credentials(allow=_addresses(value, "allow"), deny=_addresses(value, "deny"))


def _from_json_text(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedCredentials("credentials is not JSON") from error


def _addresses(credentials: Mapping[str, Any], kind: str) -> frozenset[str]:
    entries = credentials.get(kind)
    if entries is None:
        return frozenset()
    if not isinstance(entries, list):
        raise MalformedCredentials(f"credentials.{kind} is not a list")
    found: set[str] = set()
    for entry in entries:
        found.update(_entry_addresses(entry, kind))
    return frozenset(found)


def _entry_addresses(entry: object, kind: str) -> list[str]:
    """Upstream reads only the first address entry of a list; every one of them counts here."""
    if not isinstance(entry, Mapping):
        raise MalformedCredentials(f"credentials.{kind} holds an entry that is not an object")
    if str(entry.get("type")).lower() != ADDRESS_TYPE:
        return []
    values = entry.get("values")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise MalformedCredentials(f"credentials.{kind} holds an address entry without a list of addresses")
    return [value.lower() for value in values]
