"""Rows as the domain's values, and back."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Select, and_, case, func, literal_column, select

from services.compute.adapters.store_sql.tables import job_documents, job_events, job_files, job_runs, jobs
from services.compute.adapters.store_sql.work import digest, moment_or_none, seconds_of
from services.compute.adapters.store_sql.workflow_tables import workflow_steps, workflows
from services.compute.domain import sweep as sweeps
from services.compute.domain.ids import JobId, JobUid, Tag
from services.compute.domain.job import (
    Event,
    Job,
    Pull,
    Run,
    RunState,
    Stored,
    StoredFile,
    Usage,
    Wish,
    WorkflowPlace,
)
from services.compute.domain.reasons import Reason, reason_of
from services.compute.domain.sheets import Sheet
from services.compute.domain.spec import Spec
from services.compute.domain.spec_json import decode
from services.compute.domain.states import State
from services.compute.domain.sweep import Sweep, Value
from services.compute.domain.templates import fill

_J, _D, _S, _W = jobs.c, job_documents.c, workflow_steps.c, workflows.c
# A workflow's job has no document: its step says what it is to do. It is kept as long as its workflow.
JOB_COLUMNS: Final = (
    _J.id, _J.uid, _J.owner, _J.dialect, _J.name, _J.state, _J.reason, _J.wish, _J.attempt, _J.submitted_at,
    _J.state_since, _J.started_at, _J.finished_at, _J.deleted_at, _J.exit_code, _J.lingers, _J.pulls,
    func.coalesce(_J.expires_at, _W.expires_at), func.coalesce(_D.labels, _S.labels),
    func.coalesce(_D.spec, _S.spec), func.coalesce(_D.facts, _S.facts),
    _J.workflow_id, _W.uid, _W.name, _S.name, _J.instance, _S.sweep,
)  # fmt: skip
# A workflow's job is seen to change once more when its workflow ends: how long it is kept is known then.
REVISION: Final = _J.revision + case(
    (_W.finished_at.is_(None), literal_column("0")), else_=literal_column("1")
)
LONG_SPEC: Final = 16_384  # characters; longer ones are not remembered
_E, _R, _F = job_events.c, job_runs.c, job_files.c
EVENT_COLUMNS: Final = (_E.seq, _E.at, _E.state_from, _E.state_to, _E.by, _E.attempt, _E.reason)
RUN_COLUMNS: Final = (
    _R.tag, _R.attempt, _R.role, _R.instance, _R.task, _R.state, _R.handle, _R.started_at, _R.ended_at,
    _R.exit_code, _R.signal, _R.reason, _R.wall_seconds, _R.cpu_seconds, _R.max_memory_bytes, _R.address,
)  # fmt: skip
FILE_COLUMNS: Final = (_F.kind, _F.path, _F.size, _F.media_type, _F.sha256)


def select_jobs() -> Select[Any]:
    whole = jobs.outerjoin(job_documents, _D.job_id == _J.id).outerjoin(workflows, _W.id == _J.workflow_id)
    whole = whole.outerjoin(workflow_steps, and_(_S.workflow_id == _J.workflow_id, _S.number == _J.step))
    return select(*JOB_COLUMNS).select_from(whole)


def job_of(row: Any) -> Job:
    """From JOB_COLUMNS, as SQLAlchemy or a driver's cursor gives them."""
    (
        number, uid, owner, dialect, name, state, reason, wish, attempt, submitted_at,
        state_since, started_at, finished_at, deleted_at, exit_code, lingers, pulls,
        expires_at, labels, spec, facts,
        workflow_id, workflow_uid, workflow_name, step, instance, sweep,
    ) = row  # fmt: skip
    described, parameters = _described(spec, sweep, instance)
    place = None
    if workflow_id is not None:
        place = WorkflowPlace(
            id=JobId(workflow_id),
            uid=JobUid(workflow_uid),
            name=workflow_name,
            step=step,
            instance=None if sweep is None else instance,
            parameters=parameters,
        )
    return Job(
        id=JobId(number),
        uid=JobUid(uid),
        owner=owner,
        dialect=dialect,
        name=name,
        labels=json.loads(labels),
        spec=described,
        facts=json.loads(facts),
        state=State(state),
        reason=reason_from(reason),
        wish=Wish(wish),
        attempt=attempt,
        submitted_at=_seconds(submitted_at) or 0.0,
        state_since=_seconds(state_since) or 0.0,
        started_at=_seconds(started_at),
        finished_at=_seconds(finished_at),
        deleted_at=_seconds(deleted_at),
        expires_at=_seconds(expires_at),
        exit_code=exit_code,
        lingers=bool(lingers),
        workflow=place,
        pulls=() if pulls is None else tuple(Pull(*each) for each in json.loads(pulls)),
    )


def sheet_of(row: Any) -> Sheet:
    """From a row of job_sheets."""
    values = {name: getattr(row, name) for name in Sheet.__slots__}
    return Sheet(**{**values, "has_input": bool(row.has_input)})


def pulls_text(pulls: Iterable[Pull]) -> str:
    return json.dumps([[pull.image, pull.seconds, pull.digest] for pull in pulls], separators=(",", ":"))


def _described(spec: str, sweep: str | None, instance: int) -> tuple[Spec, Mapping[str, Value]]:
    """What a job is to do, and its parameters' values."""
    is_long = len(spec) > LONG_SPEC
    if sweep is not None:
        return (_filled if is_long else _filled_once)(spec, sweep, instance)
    return decode(json.loads(spec)) if is_long else _spec_of(spec), {}


def _filled(spec: str, sweep: str, instance: int) -> tuple[Spec, Mapping[str, Value]]:
    values = _sweep_of(sweep).values(instance)
    template = decode(json.loads(spec)) if len(spec) > LONG_SPEC else _spec_of(spec)
    return fill(template, values), values


_filled_once = lru_cache(maxsize=512)(_filled)


@lru_cache(maxsize=64)
def _sweep_of(text: str) -> Sweep:
    return sweeps.decode(json.loads(text))


@lru_cache(maxsize=256)
def _spec_of(text: str) -> Spec:
    """Jobs are read far more often than written, and many have the same spec."""
    return decode(json.loads(text))


def _seconds(value: Any) -> float | None:
    """SQLite's driver gives the text that the column type wrote."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp()
    return seconds_of(value)


def event_of(row: Any) -> Event:
    seq, at, state_from, state_to, by, attempt, reason = row
    return Event(
        seq=seq,
        at=at.timestamp(),
        state_from=None if state_from is None else State(state_from),
        state_to=State(state_to),
        by=by,
        attempt=attempt,
        reason=reason_from(reason),
    )


def run_of(row: Any) -> Run:
    """From RUN_COLUMNS, as SQLAlchemy or a driver's cursor gives them; more columns may follow."""
    (
        tag, attempt, role, instance, task, state, handle, started_at, ended_at,
        exit_code, signal, reason, wall_seconds, cpu_seconds, max_memory_bytes, address,
    ) = row[: len(RUN_COLUMNS)]  # fmt: skip
    return Run(
        tag=Tag(tag),
        attempt=attempt,
        role=role,
        index=instance,
        task=task,
        state=RunState(state),
        handle=handle,
        started_at=_seconds(started_at),
        ended_at=_seconds(ended_at),
        exit_code=exit_code,
        signal=signal,
        reason=reason_from(reason),
        usage=Usage(wall_seconds=wall_seconds, cpu_seconds=cpu_seconds, max_memory_bytes=max_memory_bytes),
        address=address,
    )


def run_row(job_id: int, run: Run) -> dict[str, Any]:
    return {
        "tag": run.tag,
        "job_id": job_id,
        "attempt": run.attempt,
        "role": run.role,
        "instance": run.index,
        "task": run.task,
        "state": run.state.value,
        "handle": run.handle,
        "started_at": moment_or_none(run.started_at),
        "ended_at": moment_or_none(run.ended_at),
        "exit_code": run.exit_code,
        "signal": run.signal,
        "reason": reason_text(run.reason),
        "wall_seconds": run.usage.wall_seconds,
        "cpu_seconds": run.usage.cpu_seconds,
        "max_memory_bytes": run.usage.max_memory_bytes,
        "address": run.address,
    }


def file_of(row: Any) -> StoredFile:
    kind, path, size, media_type, sha256 = row
    return StoredFile(kind=Stored(kind), path=path, size=size, media_type=media_type, sha256=sha256)


def file_row(job_id: int, file: StoredFile) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "kind": file.kind.value,
        "path_hash": digest(file.path),
        "path": file.path,
        "size": file.size,
        "media_type": file.media_type,
        "sha256": file.sha256,
    }


def reason_columns(reason: Reason | None) -> dict[str, Any]:
    """Of a job's row."""
    return {"reason": reason_text(reason), "code": None if reason is None else reason.code}


def reason_text(reason: Reason | None) -> str | None:
    return None if reason is None else json_text(reason.as_json())


def reason_from(text: str | None) -> Reason | None:
    return None if text is None else reason_of(json.loads(text))


def json_text(document: Mapping[str, Any]) -> str:
    """ASCII, so that no character in it can be one that a database refuses."""
    return json.dumps(document, separators=(",", ":"))
