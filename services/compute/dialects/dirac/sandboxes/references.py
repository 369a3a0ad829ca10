"""How an uploaded archive is referred to: `SB:<SE>|/S3/<bucket>/<vo>/<group>/<user>/sha256:<hex>.<ending>`.

What it holds says what it is called, so the same files are kept once. Whoever refers to one has it among
their own: the path's other parts are for people.
"""

import re
from typing import Final
from urllib.parse import quote

from libs.web.principal import Principal

PREFIX: Final = "SB:"
ELEMENT: Final = "SandboxSE"
BUCKET: Final = "tidegate"
_REFERENCE = re.compile(
    r"SB:[^|\s]{1,128}\|(?:[^\s]{1,1024}/)?sha256:([0-9a-f]{64})\.([a-z0-9]{1,8}(?:\.[a-z0-9]{1,8})?)"
)
_OF_JOB = re.compile(r"SB:[^|\s]{1,128}\|/jobs/([0-9]{1,18})/output")


def sandbox_name(digest: str, ending: str) -> str:
    """What an archive is kept as among its owner's uploads."""
    return f"sha256-{digest}.{ending}"


def reference_of(owner: Principal, digest: str, ending: str) -> str:
    """`digest`: SHA-256 of the archive, in hex."""
    folders = (owner.vo or "none", owner.group or "none", owner.name)
    path = "/".join(quote(folder, safe="") for folder in folders)
    return f"{PREFIX}{ELEMENT}|/S3/{BUCKET}/{path}/sha256:{digest}.{ending}"


def name_of(reference: str) -> str | None:
    """The sandbox that a reference is about; None for what is none of ours."""
    found = _REFERENCE.fullmatch(reference)
    return None if found is None else sandbox_name(found[1], found[2])


def job_reference_of(number: int) -> str:
    """Of a job's output sandbox."""
    return f"{PREFIX}{ELEMENT}|/jobs/{number}/output"


def job_of(reference: str) -> int | None:
    """The job whose output sandbox a reference is about; None for any other."""
    found = _OF_JOB.fullmatch(reference)
    return None if found is None else int(found[1])
