"""Which job a name means, and what a caller may do with it."""

from typing import Final

from libs.web.principal import Principal
from services.compute.dialects.openpai.errors import Forbidden, NoJob
from services.compute.dialects.openpai.facts import DIALECT, OTHER_NAME, Known, known_of
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.domain.errors import JobNotFound
from services.compute.domain.job import Handle, Job
from services.compute.usecases.viewers import Viewer, viewer_of

MARK: Final = "~"  # between a namespace and a name
MOST: Final = 400
EVERYBODY: Final = Viewer(None)


def found(parts: OpenPaiParts, scope: str, name: str, principal: Principal | None) -> Job:
    """`scope` is the namespace that the path names, empty for the one that all share, where `user~job` means
    the job of a namespace. Raises NoJob for what the caller may not even see.
    """
    job = _named(parts, scope, name)
    if job is None and principal is not None and scope in ("", principal.name):
        job = _other(parts, name, principal)
    if job is None or not _may_see(parts, job, principal):
        raise NoJob(name)
    return job


def mine(parts: OpenPaiParts, scope: str, name: str, principal: Principal, act: str) -> Job:
    """To act on it. Raises NoJob, Forbidden."""
    job = found(parts, scope, name, principal)
    if not may_act(job, principal):
        raise Forbidden(principal.name, f"{act} job {name}", is_delete=act == "remove")
    return job


def may_act(job: Job, principal: Principal) -> bool:
    return is_administrator(principal) or job.owner in (viewer_of(principal).owners or ())


def is_administrator(principal: Principal) -> bool:
    return principal.is_admin and principal.may("admin")


def handle_of(scope: str, name: str) -> Handle:
    if not scope and MARK in name:
        scope, _, name = name.partition(MARK)
    return Handle(DIALECT, scope, name)


def known(job: Job, principal: Principal | None) -> Known:
    return known_of(job, "" if principal is None else principal.name)


def _named(parts: OpenPaiParts, scope: str, name: str) -> Job | None:
    if not name or len(name) > MOST or len(scope) > MOST:
        return None
    try:
        return parts.named.find(handle_of(scope, name))
    except JobNotFound:
        return None


def _other(parts: OpenPaiParts, name: str, principal: Principal) -> Job | None:
    """Of another window of the caller's."""
    match = OTHER_NAME.fullmatch(name)
    if match is None:
        return None
    try:
        job = parts.jobs.find(int(match[2]), viewer_of(principal))
    except JobNotFound:
        return None
    return job if job.dialect == match[1] and job.deleted_at is None else None


def _may_see(parts: OpenPaiParts, job: Job, principal: Principal | None) -> bool:
    if parts.is_open and job.dialect == DIALECT:
        return True
    return principal is not None and may_act(job, principal)
