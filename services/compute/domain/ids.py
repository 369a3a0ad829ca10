"""Names of jobs and of what runs for them."""

import re
import secrets
from typing import NewType

JobId = NewType("JobId", int)  # counts up; the windows with integer ids show it
JobUid = NewType("JobUid", str)  # 32 lower-case hex digits, a letter among them
Tag = NewType("Tag", str)  # what an engine calls one run: "<uid>.<attempt>.<role>.<index>.<task>"

_UID = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{32}")
_TAG = re.compile(r"tg-([0-9a-f]{32})\.([0-9]{1,7})\.([a-z0-9-]{1,32})\.([0-9]{1,6})\.([0-9]{1,5})")
_GATHERING = re.compile(r"tg-([0-9a-f]{32})\.([0-9]{1,7})")


def new_uid() -> JobUid:
    """Unguessable. It holds a letter: an all-digit id would let a stop's signature read as a token's
    (Ocean contract 3.3).
    """
    while True:
        uid = secrets.token_hex(16)
        if is_uid(uid):
            return JobUid(uid)


def is_uid(text: str) -> bool:
    return _UID.fullmatch(text) is not None


def tag_of(uid: str, attempt: int, role: str, index: int, task: int) -> Tag:
    """A name that engines take: container names, Slurm job names, folders."""
    return Tag(f"tg-{uid}.{attempt}.{role}.{index}.{task}")


def uid_of(tag: str) -> JobUid | None:
    """Whose run a tag names; None for what is none of ours."""
    match = _TAG.fullmatch(tag)
    return JobUid(match[1]) if match else None


def gathering_of(uid: str, attempt: int) -> str:
    """What an engine calls the network of a job's instances."""
    return f"tg-{uid}.{attempt}"


def gathered_attempt(name: str) -> tuple[JobUid, int] | None:
    """Whose gathering a name is, and of which attempt; None for what is none of ours."""
    match = _GATHERING.fullmatch(name)
    return (JobUid(match[1]), int(match[2])) if match else None
