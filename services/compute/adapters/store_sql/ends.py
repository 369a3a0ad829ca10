"""What follows when a job starts or ends, in the same transaction: its use is counted, who wanted to know is
told, its workflow goes on or ends.

Locks are taken in one order everywhere: a job, its workflow, the workflow's steps, the account that pays,
sums of use.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Executable, Select, bindparam, exists, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from services.compute.adapters.store_sql.finding import jobs_in_order
from services.compute.adapters.store_sql.rows import RUN_COLUMNS, reason_from, reason_text, run_of
from services.compute.adapters.store_sql.side_tables import notices, usage
from services.compute.adapters.store_sql.slice_steps import end_slices
from services.compute.adapters.store_sql.tables import job_groups, job_runs
from services.compute.adapters.store_sql.work import SqlPart, moment
from services.compute.adapters.store_sql.workflow_tables import (
    READY,
    workflow_edges,
    workflow_steps,
    workflows,
)
from services.compute.domain.job import Job, Run, Wish
from services.compute.domain.states import State
from services.compute.domain.workflow import FINAL_WORKFLOW, Progress, WorkflowState, outcome

_W, _S, _E, _N = workflows.c, workflow_steps.c, workflow_edges.c, notices.c
FEEDING: Final = (
    _W.id, _W.uid, _W.owner, _W.dialect, _W.name, _W.groups, _W.state, _W.wish, _W.wish_by, _W.wish_reason,
    _W.total, _W.made, _W.succeeded, _W.failed, _W.keep_seconds,
)  # fmt: skip
_STARTED: Final = (
    update(workflows)
    .where(_W.id == bindparam("started_id"), _W.state == WorkflowState.PENDING.value)
    .values(state=WorkflowState.RUNNING.value, started_at=bindparam("now"), revision=_W.revision + 1)
)
_COUNTED: Final = (
    update(workflows)
    .where(_W.id == bindparam("counted_id"))
    .values(
        succeeded=_W.succeeded + bindparam("well"),
        failed=_W.failed + bindparam("badly"),
        revision=_W.revision + 1,
    )
    .returning(*FEEDING)
)
_STEP_COUNTED: Final = (
    update(workflow_steps)
    .where(_S.workflow_id == bindparam("counted_id"), _S.number == bindparam("step"))
    .values(succeeded=_S.succeeded + bindparam("well"), failed=_S.failed + bindparam("badly"))
    .returning(_S.succeeded, _S.instances)
)
_FREED: Final = (
    update(workflow_steps)
    .where(
        _S.workflow_id == bindparam("freed_id"),
        _S.number.in_(
            select(_E.child).where(_E.workflow_id == bindparam("freed_id"), _E.parent == bindparam("done"))
        ),
    )
    .values(waits_for=_S.waits_for - 1)
)
_IS_READY: Final = select(exists().where(_S.workflow_id == bindparam("ready_id"), text(READY)))
_DUE: Final = (
    update(workflows)
    .where(_W.id == bindparam("due_id"))
    .where(_W.due_at.is_(None) | (_W.due_at > bindparam("now")))
    .values(due_at=bindparam("now"))
)
_ENDED: Final = update(workflows).where(_W.id == bindparam("ended_id")).values(revision=_W.revision + 1)
_TELL: Final = update(notices).where(_N.settled_at.is_(None)).values(due_at=bindparam("now"))
_TELL_OF_JOB: Final = _TELL.where(_N.job_id == bindparam("whose"))
_TELL_OF_WORKFLOW: Final = _TELL.where(_N.workflow_id == bindparam("whose"))
_GROUPS: Final = select(job_groups.c.name).where(job_groups.c.job_id == bindparam("id"))
_ALL_RUNS: Final[Select[Any]] = select(*RUN_COLUMNS).where(job_runs.c.job_id == bindparam("id"))


def _added(is_sqlite: bool) -> Executable:
    statement = sqlite.insert(usage) if is_sqlite else postgresql.insert(usage)
    sums = {
        name: usage.c[name] + statement.excluded[name] for name in ("jobs", "cpu_seconds", "core_seconds")
    }
    keys = ["day", "owner", "holder_group"]
    return statement.on_conflict_do_update(index_elements=keys, set_=sums)


_ADDED: Final = {is_sqlite: _added(is_sqlite) for is_sqlite in (True, False)}


class SqlEnds(SqlPart):
    def _note_start(self, connection: Connection, row: Any, now: float) -> None:
        """Of a job that got a place."""
        if row.workflow_id is not None:
            connection.execute(_STARTED, {"started_id": row.workflow_id, "now": moment(now)})

    def _ended(self, row: Any, to: State, now: float, expires_at: float | None) -> dict[str, Any]:
        """What the row of a job that ends says of it."""
        values = {"state": to.value, "finished_at": moment(now)}
        if row.workflow_id is None:  # otherwise it is kept as long as its workflow
            keep = self._keep_seconds if row.keep_seconds is None else row.keep_seconds
            values["expires_at"] = moment(now + keep if expires_at is None else expires_at)
        return values

    def _note_end(self, connection: Connection, row: Any, state: State, now: float) -> Job:
        """Of a job whose row has its last state by now; `row` is from before. The job as it ended."""
        connection.execute(_TELL_OF_JOB, {"whose": row.id, "now": moment(now)})
        if row.workflow_id is not None:
            self._count(connection, row, state is State.SUCCEEDED, now)
        (job,) = jobs_in_order(connection, [row.id])
        if job.spec.slices is not None:
            end_slices(connection, job, now)
        runs = [run_of(run) for run in connection.execute(_ALL_RUNS, {"id": row.id})]
        groups = connection.execute(_GROUPS, {"id": row.id}).scalars().all()
        connection.execute(_ADDED[self._database.is_sqlite], _usage_rows(job, runs, groups, now))
        return job

    def _count(self, connection: Connection, row: Any, is_well: bool, now: float) -> None:
        values = {"counted_id": row.workflow_id, "well": int(is_well), "badly": int(not is_well)}
        workflow = connection.execute(_COUNTED, values).one()
        step = connection.execute(_STEP_COUNTED, {**values, "step": row.step}).one()
        if is_well and step.succeeded == step.instances:
            connection.execute(_FREED, {"freed_id": row.workflow_id, "done": row.step})
        if not self._end_if_over(connection, workflow, now) and workflow.made < workflow.total:
            connection.execute(_DUE, {"due_id": row.workflow_id, "now": moment(now)})

    def _end_if_over(self, connection: Connection, workflow: Any, now: float) -> bool:
        """Whether the workflow (of FEEDING, locked) has ended: nothing is under way, nothing can start."""
        if workflow.state in FINAL_WORKFLOW:
            return True
        if workflow.made > workflow.succeeded + workflow.failed:
            return False
        is_wanted = workflow.wish == Wish.RUN.value
        if is_wanted and connection.execute(_IS_READY, {"ready_id": workflow.id}).scalar_one():
            return False
        state, reason = outcome(_progress(workflow), reason_from(workflow.wish_reason), is_wanted)
        keep = self._keep_seconds if workflow.keep_seconds is None else workflow.keep_seconds
        values = {
            "state": state.value,
            "reason": reason_text(reason),
            "finished_at": moment(now),
            "expires_at": moment(now + keep),
            "due_at": None,
        }
        connection.execute(_ENDED, {**values, "ended_id": workflow.id})
        connection.execute(_TELL_OF_WORKFLOW, {"whose": workflow.id, "now": moment(now)})
        return True


def _usage_rows(job: Job, runs: Iterable[Run], groups: Iterable[str], now: float) -> list[dict[str, Any]]:
    """One for the owner alone, and one for each group."""
    cpus = {role.name: role.resources.cpus * role.resources.nodes for role in job.spec.roles}
    sums = {"cpu_seconds": 0.0, "core_seconds": 0.0}
    for run in runs:
        sums["cpu_seconds"] += run.usage.cpu_seconds or 0.0
        sums["core_seconds"] += (run.usage.wall_seconds or 0.0) * cpus.get(run.role, 0.0)
    row = {"day": moment(now).date(), "owner": job.owner, "jobs": 1, **sums}
    return [{**row, "holder_group": group} for group in ("", *sorted(set(groups) - {""}))]


def _progress(workflow: Any) -> Progress:
    return Progress(
        total=workflow.total,
        done=workflow.succeeded,
        failed=workflow.failed,
        queued=workflow.made - workflow.succeeded - workflow.failed,
        waiting=workflow.total - workflow.made,
    )
