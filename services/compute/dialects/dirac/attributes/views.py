"""How jobs are shown: RESTDIRAC's objects, DiracX's rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from services.compute.dialects.dirac.attributes.moments import iso, written
from services.compute.dialects.dirac.attributes.statuses import DELETED, status_of
from services.compute.dialects.dirac.attributes.table import ATTRIBUTES, UNKNOWN, Attribute, Kind, columns_of
from services.compute.domain.job import Event, Job, Run
from services.compute.domain.sheets import Sheet, Situation, Value
from services.compute.domain.states import State

Document = dict[str, Any]
_MIB: Final = 1 << 20


def job_view(job: Job, sheet: Sheet, only: Collection[Attribute] = ATTRIBUTES) -> Document:
    """Contract 2.3. Times that are not set are left out."""
    of, situation = columns_of(job, sheet), job.situation
    parts: dict[str, Document] = {"": {}}
    for attribute in only:
        value = attribute.value(of, situation)
        if attribute.kind is Kind.MOMENT:
            if value is None:
                continue
            value = written(float(value))
        parts.setdefault(attribute.part, {})[attribute.key] = value
    shown = parts.pop("")
    return {**shown, **parts}


def row_view(job: Job, sheet: Sheet, only: Sequence[Attribute]) -> Document:
    of, situation = columns_of(job, sheet), job.situation
    return {attribute.name: told(attribute, attribute.value(of, situation)) for attribute in only}


def told(attribute: Attribute, value: Value) -> Value:
    """Moments in ISO 8601."""
    return iso(float(value)) if attribute.kind is Kind.MOMENT and value is not None else value


def parameters_of(job: Job, runs: Sequence[Run]) -> Document:
    """What is known of a job beside its attributes, by DIRAC's names where it has one."""
    last = [run for run in runs if run.attempt == job.attempt]
    shown: Document = {"JobStatus": status_of(job.situation)[0], "Environment": job.spec.environment}
    cpu = [run.usage.cpu_seconds for run in last if run.usage.cpu_seconds is not None]
    wall = [run.usage.wall_seconds for run in last if run.usage.wall_seconds is not None]
    memory = [run.usage.max_memory_bytes for run in last if run.usage.max_memory_bytes is not None]
    shown |= {"TotalCPUTime(s)": round(sum(cpu), 3)} if cpu else {}
    shown |= {"WallClockTime(s)": round(sum(wall), 3)} if wall else {}
    shown |= {"Memory(MB)": round(max(memory) / _MIB, 1)} if memory else {}
    shown |= {"ExitCode": job.exit_code} if job.exit_code is not None else {}
    if job.reason is not None:
        shown |= {"Reason": job.reason.sentence, "Advice": job.reason.advice}
    return shown


def log_of(job: Job, events: Sequence[Event]) -> list[tuple[float, str, str, str]]:
    """(when, status, minor status, whose doing), newest last."""
    steps = []
    for event in events:
        code = None if event.reason is None else event.reason.code
        status, minor = status_of(Situation(event.state_to, code, is_deleted=False))
        steps.append((event.at, status, minor, _source(job, event)))
    if job.deleted_at is not None:
        steps.append((job.deleted_at, *DELETED, "User"))
    return sorted(steps, key=lambda step: step[0])


def logging_info(job: Job, events: Sequence[Event]) -> list[Mapping[str, str]]:
    return [
        {
            "Status": status,
            "MinorStatus": minor,
            "ApplicationStatus": UNKNOWN,
            "StatusTime": iso(at),
            "Source": source,
        }
        for at, status, minor, source in log_of(job, events)
    ]


def _source(job: Job, event: Event) -> str:
    """Never a subject: those are nobody's names."""
    if event.by == "worker":
        return "Worker"
    is_own = event.by == job.owner or event.state_to is State.QUEUED
    return "User" if is_own else "Manager"
