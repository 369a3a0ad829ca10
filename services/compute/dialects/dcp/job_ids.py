"""Job ids as dcp-rest's users know them: an address of 40 hex digits (contract G7).

The first 32 are the job's uid, the other 8 are derived from it: whoever mistypes one gets no job.
"""

import re
from hashlib import sha256
from typing import Final

from libs.signing.keys import checksum
from services.compute.domain.errors import JobNotFound
from services.compute.domain.ids import JobUid, is_uid

_ID: Final = re.compile(r"(?:0[xX])?([0-9a-fA-F]{32})([0-9a-fA-F]{8})")


class BadJobId(Exception):
    """What stands in the path cannot be one."""


def job_id(uid: str) -> str:
    """EIP-55, with `0x`."""
    return checksum("0x" + uid + _tail(uid))


def uid_of(text: str) -> JobUid:
    """With or without `0x`, in any case. Raises BadJobId, JobNotFound for one that we never gave."""
    match = _ID.fullmatch(text)
    if match is None:
        raise BadJobId
    uid, tail = match[1].lower(), match[2].lower()
    if not is_uid(uid) or tail != _tail(uid):
        raise JobNotFound(text[:64])
    return JobUid(uid)


def _tail(uid: str) -> str:
    return sha256(uid.encode()).hexdigest()[:8]
