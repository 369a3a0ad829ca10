"""Rows as the domain's values, and back."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Select, select

from services.compute.adapters.store_sql.tables import job_documents, job_events, job_files, job_runs, jobs
from services.compute.adapters.store_sql.work import digest, moment_or_none, seconds_of
from services.compute.domain.ids import JobId, JobUid, Tag
from services.compute.domain.job import Event, Job, Run, RunState, Stored, StoredFile, Usage, Wish
from services.compute.domain.reasons import Reason, reason_of
from services.compute.domain.spec import Spec
from services.compute.domain.spec_json import decode
from services.compute.domain.states import State

_J, _D = jobs.c, job_documents.c
JOB_COLUMNS: Final = (
    _J.id, _J.uid, _J.owner, _J.dialect, _J.name, _J.state, _J.reason, _J.wish, _J.attempt, _J.submitted_at,
    _J.state_since, _J.started_at, _J.finished_at, _J.deleted_at, _J.expires_at, _J.exit_code,
    _D.labels, _D.spec, _D.facts,
)  # fmt: skip
LONG_SPEC: Final = 16_384  # characters; longer ones are not remembered
_E, _R, _F = job_events.c, job_runs.c, job_files.c
EVENT_COLUMNS: Final = (_E.seq, _E.at, _E.state_from, _E.state_to, _E.by, _E.attempt, _E.reason)
RUN_COLUMNS: Final = (
    _R.tag, _R.attempt, _R.role, _R.instance, _R.task, _R.state, _R.handle, _R.started_at, _R.ended_at,
    _R.exit_code, _R.signal, _R.reason, _R.wall_seconds, _R.cpu_seconds, _R.max_memory_bytes,
)  # fmt: skip
FILE_COLUMNS: Final = (_F.kind, _F.path, _F.size, _F.media_type, _F.sha256)


def select_jobs() -> Select[Any]:
    return select(*JOB_COLUMNS).join(job_documents, _D.job_id == _J.id)


def job_of(row: Any) -> Job:
    """From JOB_COLUMNS, as SQLAlchemy or a driver's cursor gives them."""
    (
        number, uid, owner, dialect, name, state, reason, wish, attempt, submitted_at,
        state_since, started_at, finished_at, deleted_at, expires_at, exit_code,
        labels, spec, facts,
    ) = row  # fmt: skip
    return Job(
        id=JobId(number),
        uid=JobUid(uid),
        owner=owner,
        dialect=dialect,
        name=name,
        labels=json.loads(labels),
        spec=_spec_of(spec) if len(spec) <= LONG_SPEC else decode(json.loads(spec)),
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
    )


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
        exit_code, signal, reason, wall_seconds, cpu_seconds, max_memory_bytes,
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


def reason_text(reason: Reason | None) -> str | None:
    return None if reason is None else json_text(reason.as_json())


def reason_from(text: str | None) -> Reason | None:
    return None if text is None else reason_of(json.loads(text))


def json_text(document: Mapping[str, Any]) -> str:
    """ASCII, so that no character in it can be one that a database refuses."""
    return json.dumps(document, separators=(",", ":"))
