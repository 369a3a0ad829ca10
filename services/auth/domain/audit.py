"""What is worth remembering of who did what: the audit log's events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """`event` is a dotted name: `login.password`, `token.revoke`, `person.create`, `key.rotate`, ...

    `details` holds small plain values and never a secret, a token or a whole header.
    """

    event: str
    outcome: str = "ok"  # ok, refused, locked
    actor: str = ""  # subject of who did it, as far as known
    subject: str = ""  # subject that it was done to
    client_id: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """`id` rises with time."""

    id: int
    at: float  # UTC seconds
    peer: str
    request_id: str
    event: AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """The newest `most` events below the id `before`; what is None does not choose."""

    most: int
    before: int | None = None
    subject: str | None = None
    actor: str | None = None
    event: str | None = None
