"""Where the files of a job are: on the machine that runs it, and in the object store. The one place for it.

    <work>/<uid>/<attempt>/folders/<n>/   one per folder of the spec, in its order; mounted at the folder's
    path <work>/<uid>/<attempt>/logs/<stream>  what is written while it runs, readable by the service
    meanwhile jobs/<uid>/outputs/<path>             in the object store
    jobs/<uid>/logs/<attempt>/<stream>
    jobs/<uid>/errands/<errand uid>
    jobs/<uid>/archives/<name>
    sandboxes/<owner hash>/<name>
    objects/<blob>

A stream is `staging` or `publishing` (the service's own lines), or
`<role>.<index>.<task>.<output|stdout|stderr>`.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

STAGING: Final = "staging"
PUBLISHING: Final = "publishing"
OUTPUT, STDOUT, STDERR = "output", "stdout", "stderr"
_STREAM = re.compile(r"staging|publishing|[a-z0-9-]{1,32}\.[0-9]{1,6}\.[0-9]{1,4}\.(?:output|stdout|stderr)")
_SANDBOX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_PART = re.compile(r"[^\x00-\x1f\x7f/]{1,255}")


def is_stream(text: str) -> bool:
    return _STREAM.fullmatch(text) is not None


def stream(role: str, index: int, task: int, kind: str) -> str:
    return f"{role}.{index}.{task}.{kind}"


def stream_rank(name: str) -> tuple[int, str, int, int, str]:
    """Sorts streams: staging, then each run's, by role, index and task, then publishing."""
    if name in (STAGING, PUBLISHING):
        return (0 if name == STAGING else 2, "", 0, 0, "")
    if not is_stream(name):
        return (3, name, 0, 0, "")
    role, index, task, kind = name.split(".")
    return (1, role, int(index), int(task), kind)


def attempt_folder(uid: str, attempt: int) -> str:
    """Relative to the work folder."""
    return f"{uid}/{attempt}"


def live_log(uid: str, attempt: int, name: str) -> str:
    return f"{attempt_folder(uid, attempt)}/logs/{name}"


def job_folder(uid: str, attempt: int, number: int) -> str:
    """Of the spec's folder `number`."""
    return f"{attempt_folder(uid, attempt)}/folders/{number}"


def stored_job(uid: str) -> str:
    return f"jobs/{uid}"


def stored_output(uid: str, path: str) -> str:
    return f"jobs/{uid}/outputs/{path}"


def stored_log(uid: str, attempt: int, name: str) -> str:
    return f"jobs/{uid}/logs/{attempt}/{name}"


def stored_logs(uid: str, attempt: int) -> str:
    """The folder of an attempt's kept logs."""
    return f"jobs/{uid}/logs/{attempt}"


def stored_archive(uid: str, name: str) -> str:
    """What was made of a job's files for whoever wanted them in one."""
    return f"jobs/{uid}/archives/{name}"


def stored_errand(uid: str, errand: str) -> str:
    """What an errand brought."""
    return f"jobs/{uid}/errands/{errand}"


def stored_object(blob: str) -> str:
    return f"objects/{blob}"


SANDBOXES: Final = "sandboxes"
"""The folder of everybody's uploads."""


def sandboxes(owner: str) -> str:
    """The folder of one owner's uploads; it tells nothing of the owner."""
    return f"{SANDBOXES}/{hashlib.sha256(owner.encode()).hexdigest()}"


def stored_sandbox(owner: str, name: str) -> str:
    return f"{sandboxes(owner)}/{name}"


def is_sandbox_name(text: str) -> bool:
    return _SANDBOX.fullmatch(text) is not None


def is_plain_path(text: str) -> bool:
    """A relative path that stays where it starts: no empty part, no dot parts, no control characters."""
    return len(text) <= 4096 and all(
        _PART.fullmatch(part) is not None and part not in (".", "..") for part in text.split("/")
    )


def holder(path: str, folders: Sequence[str]) -> int | None:
    """Which of the (absolute) `folders` an absolute path lies in: the deepest, or None."""
    found = [
        number
        for number, folder in enumerate(folders)
        if path != folder and path.startswith(f"{folder.rstrip('/')}/")
    ]
    return max(found, key=lambda number: len(folders[number]), default=None)
