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
