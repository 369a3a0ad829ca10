"""Everything that administrators do, as the admin API and the `tidegate-admin` command get it."""

from dataclasses import dataclass

from services.auth.ports.people import AuditLog, People
from services.auth.usecases.client_admin import ClientAdmin
from services.auth.usecases.key_rotation import KeyRotation
from services.auth.usecases.links import Links
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.people import Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    people: People
    passwords: Passwords
    accounts: Accounts
    links: Links
    clients: ClientAdmin
    rotation: KeyRotation
    audit_log: AuditLog
