"""A grant: one job may read one file of one asset, for a while. It is opened by a handle that nobody can
guess and that tells nothing; only the handle's hash is kept.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass

from services.provider.domain.errors import ProviderError

_HANDLE = re.compile(r"[A-Za-z0-9_-]{43}")
_JOB = re.compile(r"[0-9a-f]{32}")


class GrantRefused(ProviderError):
    """No such grant, another job's, ended, run out, or its asset is closed by now. Callers learn no more."""


class GrantsUnavailable(ProviderError):
    """Grants cannot be read or written now; the answer is never yes."""


class InputChanged(ProviderError):
    """The file is no longer the one that was trusted when the grant was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`sha256` (hex) when the file must be the very one that a data owner trusts. Times in UTC seconds."""

    job: str
    consumer: str  # checksummed; their access is looked at again on use
    did: str
    service_id: str
    file_index: int
    tx_id: str  # the order's transaction as the consumer named it
    userdata: object
    sha256: str | None
    issued_at: float
    expires_at: float


def is_job(text: str) -> bool:
    """32 lower-case hex digits, as compute names its jobs."""
    return _JOB.fullmatch(text) is not None


def new_handle() -> str:
    return secrets.token_urlsafe(32)


def hash_of(handle: str) -> str | None:
    """What a handle is kept as; None for a text that is none."""
    if _HANDLE.fullmatch(handle) is None:
        return None
    return hashlib.sha256(handle.encode()).hexdigest()


def opens(grant: Grant | None, job: str, now: float) -> Grant:
    """The grant, if `job` may use it now. Raises GrantRefused."""
    if grant is None or grant.job != job or now >= grant.expires_at:
        raise GrantRefused
    return grant
