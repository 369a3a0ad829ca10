"""Workflows and their steps as the domain's values, and as rows."""

import json
from collections.abc import Iterable
from typing import Any, Final

from services.compute.adapters.store_sql.inserting import notice_document, notice_from
from services.compute.adapters.store_sql.rows import json_text, reason_from
from services.compute.adapters.store_sql.work import seconds_of
from services.compute.adapters.store_sql.workflow_tables import workflow_steps, workflows
from services.compute.domain import sweep as sweeps
from services.compute.domain.ids import JobId, JobUid
from services.compute.domain.spec_json import canonical_bytes, decode
from services.compute.domain.workflow import Step, StepState, Workflow, WorkflowState

_W, _S = workflows.c, workflow_steps.c
WORKFLOW_COLUMNS: Final = (
    _W.id, _W.uid, _W.owner, _W.dialect, _W.name, _W.labels, _W.facts, _W.state, _W.reason, _W.lingers,
    _W.submitted_at, _W.started_at, _W.finished_at, _W.expires_at, _W.revision, _W.rerun_of,
)  # fmt: skip
STATE_COLUMNS: Final = (
    _S.workflow_id, _S.number, _S.name, _S.after, _S.instances, _S.sweep.is_not(None).label("is_swept"),
    _S.made, _S.succeeded, _S.failed, _S.kept,
)  # fmt: skip
STEP_COLUMNS: Final = (_S.name, _S.after, _S.spec, _S.sweep, _S.labels, _S.facts, _S.notices)


def workflow_of(row: Any, steps: Iterable[StepState]) -> Workflow:
    """From WORKFLOW_COLUMNS."""
    return Workflow(
        id=JobId(row.id),
        uid=JobUid(row.uid),
        owner=row.owner,
        dialect=row.dialect,
        name=row.name,
        labels=json.loads(row.labels),
        facts=json.loads(row.facts),
        state=WorkflowState(row.state),
        reason=reason_from(row.reason),
        lingers=bool(row.lingers),
        submitted_at=row.submitted_at.timestamp(),
        started_at=seconds_of(row.started_at),
        finished_at=seconds_of(row.finished_at),
        expires_at=seconds_of(row.expires_at),
        revision=row.revision,
        steps=tuple(steps),
        rerun_of=None if row.rerun_of is None else JobUid(row.rerun_of),
    )


def state_of(row: Any) -> StepState:
    """From STATE_COLUMNS."""
    return StepState(
        number=row.number,
        name=row.name,
        after=tuple(json.loads(row.after)),
        count=row.instances,
        is_swept=bool(row.is_swept),
        made=row.made,
        succeeded=row.succeeded,
        failed=row.failed,
        kept=row.kept,
    )


def step_of(row: Any) -> Step:
    """From STEP_COLUMNS; more columns may stand beside them."""
    return Step(
        name=row.name,
        spec=decode(json.loads(row.spec)),
        after=tuple(json.loads(row.after)),
        sweep=None if row.sweep is None else sweeps.decode(json.loads(row.sweep)),
        labels=json.loads(row.labels),
        facts=json.loads(row.facts),
        notices=() if row.notices is None else tuple(map(notice_from, json.loads(row.notices))),
    )


def step_row(workflow_id: int, number: int, step: Step) -> dict[str, Any]:
    return {
        "workflow_id": workflow_id,
        "number": number,
        "name": step.name,
        "after": json.dumps(step.after),
        "instances": step.count,
        "next": 0,
        "made": 0,
        "succeeded": 0,
        "failed": 0,
        "kept": 0,
        "waits_for": len(set(step.after)),
        "spec": canonical_bytes(step.spec).decode(),
        "sweep": None if step.sweep is None else json_text(sweeps.encode(step.sweep)),
        "labels": json_text(step.labels),
        "facts": json_text(step.facts),
        "notices": json.dumps(list(map(notice_document, step.notices))) if step.notices else None,
    }


def edges(steps: Iterable[Step]) -> list[tuple[int, int]]:
    """Numbers of steps: parent and child."""
    known = list(steps)
    numbers = {step.name: number for number, step in enumerate(known)}
    return [(numbers[name], child) for child, step in enumerate(known) for name in sorted(set(step.after))]
