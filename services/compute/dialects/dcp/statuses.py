"""Where a job stands, in dcp-rest's words (contract 5.4)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from services.compute.dialects.dcp.documents import NAME
from services.compute.dialects.dcp.job_ids import job_id
from services.compute.domain.job import Job, Wish
from services.compute.domain.slices import SliceCounts
from services.compute.domain.states import State

ACCOUNT: Final = "account"  # in the job's facts


class Status(StrEnum):
    """`paused` and `estimation` belong to the words, and no job of ours is ever either."""

    NEW = "new"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    CORRUPTED = "corrupted"


TOO_MANY: Final = "too_many_errors"


def status_of(job: Job, counts: SliceCounts) -> Status:
    """The first that is true, in the contract's order."""
    if is_cancelled(job):
        return Status.CANCELLED
    if job.state is State.FAILED and (job.spec.slices is not None or not counts.are_all_over):
        return Status.CORRUPTED
    if (counts.is_closed and counts.are_all_over) or job.is_final:
        return Status.FINISHED
    if counts.total == 0:
        return Status.NEW
    return Status.COMPLETED if counts.are_all_over else Status.RUNNING


def is_cancelled(job: Job) -> bool:
    """By its owner, or because too many slices failed. One that ended before it could be stopped is too."""
    if job.wish is Wish.CANCEL or job.state is State.CANCELLED:
        return True
    return job.state is State.FAILED and job.reason is not None and job.reason.code == TOO_MANY


def is_open(job: Job, counts: SliceCounts) -> bool:
    return not (job.is_final or counts.is_closed or is_cancelled(job))


def counters(job: Job, counts: SliceCounts) -> dict[str, Any]:
    """What result answers carry of a status; of the whole job, whatever the range."""
    return {
        "jobId": job_id(job.uid),
        "status": status_of(job, counts).value,
        "totalSlices": counts.total,
        "completedSlices": counts.done,
        "activeSlices": counts.active,
        "failedSlices": counts.failed,
    }


def status_view(job: Job, counts: SliceCounts) -> Mapping[str, Any]:
    status = status_of(job, counts)
    scheduler = Status.RUNNING if status is Status.COMPLETED else status
    view = {
        **counters(job, counts),
        "totalCPUTime": round(counts.cpu_seconds, 6),
        "totalGPUTime": 0,
        "open": is_open(job, counts),
        "runStatus": scheduler.value,
        "total": counts.total,
        "distributed": counts.distributed,
        "computed": counts.done,
        "name": job.name or NAME,
        "account": job.facts.get(ACCOUNT) if job.dialect == "dcp" else None,
        "createdTime": milliseconds(job.submitted_at),
        "finishedTime": None if job.finished_at is None else milliseconds(job.finished_at),
    }
    if status is Status.CANCELLED and job.reason is not None:
        view["reason"] = "ETOOMANYERRORS" if job.reason.code == TOO_MANY else job.reason.sentence
    return view


def milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
