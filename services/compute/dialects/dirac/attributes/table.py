"""The attributes of a job by both their names (contract 2.3, 2.11), and where each comes from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.compute.dialects.dirac.attributes.statuses import status_of
from services.compute.domain.job import Job
from services.compute.domain.sheets import Column, Sheet, Situation, Value
from services.compute.domain.states import FINAL, State

UNKNOWN: Final = "Unknown"


class Kind(StrEnum):
    WHOLE = "whole number"
    TEXT = "text"
    MOMENT = "moment"
    FLAG = "boolean"


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name` is DIRAC's, `key` RESTDIRAC's, in `part` of a job's object (flags, times) or in it itself. It
    comes from a column, from where the job stands, or is the same for all jobs.
    """

    name: str
    key: str
    kind: Kind
    part: str = ""
    column: Column | None = None
    stands: Callable[[Situation], Value] | None = None
    constant: Value = None

    def value(self, of: Callable[[Column], Value], situation: Situation) -> Value:
        if self.stands is not None:
            return self.stands(situation)
        if self.column is None:
            return self.constant
        found = of(self.column)
        if self.name == "RescheduleTime" and not of(Column.RETRIES):
            return None
        return UNKNOWN if self.name == "JobName" and not found else found


def _text(name: str, key: str, column: Column | None = None, **more: object) -> Attribute:
    return Attribute(name, key, Kind.TEXT, column=column, **more)  # type: ignore[arg-type]


def _whole(name: str, key: str, column: Column) -> Attribute:
    return Attribute(name, key, Kind.WHOLE, column=column)


def _moment(name: str, key: str, column: Column | None) -> Attribute:
    return Attribute(name, key, Kind.MOMENT, "times", column)


def _flag(name: str, key: str, **more: object) -> Attribute:
    return Attribute(name, key, Kind.FLAG, "flags", **more)  # type: ignore[arg-type]


_KEPT: Final = frozenset({State.SUCCEEDED, State.FAILED})
ATTRIBUTES: Final = (
    _whole("JobID", "jid", Column.ID),
    _text("Status", "status", stands=lambda situation: status_of(situation)[0]),
    _text("MinorStatus", "minorStatus", stands=lambda situation: status_of(situation)[1]),
    _text("ApplicationStatus", "appStatus", constant=UNKNOWN),
    _whole("RescheduleCounter", "reschedules", Column.RETRIES),
    _whole("CPUTime", "cpuTime", Column.CPU_SECONDS),
    _text("JobGroup", "jobGroup", Column.BATCH),
    _text("Site", "site", Column.SITE),
    _text("DIRACSetup", "setup", Column.SETUP),
    _whole("UserPriority", "priority", Column.PRIORITY),
    _text("OwnerDN", "ownerDN", constant=""),  # certificates are auth's; a job does not keep its owner's
    _text("OwnerGroup", "ownerGroup", Column.OWNER_GROUP),
    _text("Owner", "owner", Column.OWNER_NAME),
    _text("JobName", "name", Column.NAME),
    _text("JobType", "jobType", Column.KIND),
    _text("VO", "vo", Column.REALM),
    _flag("VerifiedFlag", "verified", constant=True),
    _flag("RetrievedFlag", "retrieved", constant=False),
    _flag("AccountedFlag", "accounted", stands=lambda situation: situation.state in FINAL),
    _flag("OSandboxReadyFlag", "outputSandboxReady", stands=lambda situation: situation.state in _KEPT),
    _flag("ISandboxReadyFlag", "inputSandboxReady", column=Column.HAS_INPUT),
    _flag("DeletedFlag", "deleted", stands=lambda situation: situation.is_deleted),
    _flag("KilledFlag", "killed", stands=lambda each: each.is_stopping or each.state is State.CANCELLED),
    _moment("SubmissionTime", "submission", Column.SUBMITTED),
    _moment("LastUpdateTime", "lastUpdate", Column.CHANGED),
    _moment("StartExecTime", "startExecution", Column.STARTED),
    _moment("EndExecTime", "endExecution", Column.FINISHED),
    _moment("HeartBeatTime", "heartBeat", None),
    _moment("RescheduleTime", "reschedule", Column.SUBMITTED),
    _moment("LastSignOfLife", "lastSOL", Column.CHANGED),
)
BY_NAME: Final[Mapping[str, Attribute]] = {attribute.name: attribute for attribute in ATTRIBUTES}
# Whatever the case, by either name.
BY_ANY_NAME: Final[Mapping[str, Attribute]] = {
    name.lower(): attribute for attribute in ATTRIBUTES for name in (attribute.name, attribute.key)
} | {"owner_group": BY_NAME["OwnerGroup"]}
# What the newer generation knows (contract 2.11), in its order.
DIRACX: Final = tuple(
    BY_NAME[name]
    for name in (
        "JobID", "JobType", "JobGroup", "Site", "JobName", "Owner", "OwnerGroup", "VO", "SubmissionTime",
        "RescheduleTime", "LastUpdateTime", "StartExecTime", "HeartBeatTime", "EndExecTime", "Status",
        "MinorStatus", "ApplicationStatus", "UserPriority", "RescheduleCounter", "VerifiedFlag",
        "AccountedFlag",
    )
)  # fmt: skip


def columns_of(job: Job, sheet: Sheet) -> Callable[[Column], Value]:
    """All at once: a list asks for most of them."""
    found: Mapping[Column, Value] = {
        Column.ID: job.id,
        Column.NAME: job.name,
        Column.OWNER_NAME: sheet.owner_name,
        Column.OWNER_GROUP: sheet.owner_group,
        Column.REALM: sheet.realm,
        Column.SITE: sheet.site,
        Column.SETUP: sheet.setup,
        Column.BATCH: sheet.batch,
        Column.KIND: sheet.kind,
        Column.PRIORITY: sheet.priority,
        Column.CPU_SECONDS: sheet.cpu_seconds,
        Column.HAS_INPUT: sheet.has_input,
        Column.RETRIES: sheet.retries,
        Column.SUBMITTED: job.submitted_at,
        Column.CHANGED: max(job.state_since, job.deleted_at or 0.0),
        Column.STARTED: job.started_at,
        Column.FINISHED: job.finished_at,
    }
    return found.__getitem__
