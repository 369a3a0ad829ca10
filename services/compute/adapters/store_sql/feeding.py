"""Making the jobs of a workflow as there is room for them. One transaction under the workflow's row lock: who
comes second finds nothing left to do.

What a feed costs does not grow with the workflow: sums stand in its row, steps that may start in an index,
the next instance in its step.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, select, text, update

from libs.sql.types import UtcDateTime
from services.compute.adapters.store_sql.changing import SqlChanging
from services.compute.adapters.store_sql.ends import FEEDING
from services.compute.adapters.store_sql.holding import Allowance
from services.compute.adapters.store_sql.inserting import Place, Taken, insert_jobs
from services.compute.adapters.store_sql.tables import UNFINISHED, jobs
from services.compute.adapters.store_sql.work import moment, moment_or_none
from services.compute.adapters.store_sql.workflow_rows import STEP_COLUMNS, step_of
from services.compute.adapters.store_sql.workflow_tables import (
    READY,
    workflow_kept,
    workflow_steps,
    workflows,
)
from services.compute.domain.errors import JobNotFound, QuotaExceeded, WorkflowNotFound
from services.compute.domain.ids import JobUid, new_uid
from services.compute.domain.job import NewJob, Wish
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.workflow import (
    FINAL_WORKFLOW,
    HELD_UP_SECONDS,
    STOPPED_WITH_IT,
    WINDOW,
    Step,
    job_name,
)
from services.compute.ports.workflows import Fed

_W, _S, _K, _J = workflows.c, workflow_steps.c, workflow_kept.c, jobs.c
_LOCKED: Final = select(*FEEDING).where(_W.uid == bindparam("fed_uid")).with_for_update()
_READY: Final = (
    select(*STEP_COLUMNS, _S.number, _S.next, _S.instances, _S.made, _S.kept)
    .where(_S.workflow_id == bindparam("id"), text(READY))
    .order_by(_S.number)
    .limit(bindparam("most"))
)
_KEPT: Final = select(_K.instance).where(
    _K.workflow_id == bindparam("id"),
    _K.step == bindparam("number"),
    _K.instance >= bindparam("first"),
    _K.instance < bindparam("end"),
)
_STEP_FED: Final = (
    update(workflow_steps)
    .where(_S.workflow_id == bindparam("fed_id"), _S.number == bindparam("fed_number"))
    .values(next=bindparam("following"), made=_S.made + bindparam("added"))
)
_FED: Final = (
    update(workflows)
    .where(_W.id == bindparam("fed_id"))
    .values(made=_W.made + bindparam("added"), due_at=bindparam("again_at"), revision=_W.revision + 1)
    .returning(*FEEDING)
)
_CALM: Final = update(workflows).where(_W.id == bindparam("fed_id")).values(due_at=bindparam("again_at"))
_TO_STOP: Final = select(_J.uid).where(
    _J.workflow_id == bindparam("id"), text(UNFINISHED), _J.wish == Wish.RUN.value
)
_ANY_DUE: Final = select(
    exists().where(text("due_at IS NOT NULL"), _W.due_at <= bindparam("now", type_=UtcDateTime))
)
_DUE: Final = (
    select(_W.uid)
    .where(text("due_at IS NOT NULL"), _W.due_at <= bindparam("now"))
    .order_by(_W.due_at, _W.id)
    .limit(bindparam("most"))
)
_SLICE: Final = 1000  # instances that are looked at together


class SqlFeeding(SqlChanging):
    def due_workflows(self, now: float, limit: int) -> Sequence[JobUid]:
        values = {"now": moment(now), "most": limit}
        if not self._read_hot(_ANY_DUE, {"now": values["now"]})[0]:  # most of the time
            return []
        return [JobUid(uid) for uid in self._read(lambda c: c.execute(_DUE, values).scalars().all())]

    def feed(self, uid: JobUid, quotas: Quotas, now: float) -> Fed:
        def work(connection: Connection) -> Fed | None:
            row = locked_workflow(connection, uid)
            if row.state not in FINAL_WORKFLOW and row.wish == Wish.CANCEL.value:
                return None
            return self._feed(connection, row, quotas, now)

        fed = self._write(work)
        return self._stop(uid, now) if fed is None else fed

    def _feed(self, connection: Connection, row: Any, quotas: Quotas, now: float) -> Fed:
        """`row`: of FEEDING, locked."""
        if row.state in FINAL_WORKFLOW:
            return Fed(0, is_final=True)
        making = _Making(self, connection, row, quotas, now)
        made = making.all()
        again_at = now + HELD_UP_SECONDS if making.is_held_up else None
        values = {"fed_id": row.id, "added": len(made), "again_at": moment_or_none(again_at)}
        row = connection.execute(_FED, values).one()
        insert_jobs(connection, made, now)
        return Fed(len(made), self._end_if_over(connection, row, now), making.is_held_up)

    def _stop(self, uid: JobUid, now: float) -> Fed:
        """Of a workflow that is not wanted any more. Each job in a transaction of its own: whoever ends one
        holds its row before the workflow's.
        """

        def left(connection: Connection) -> tuple[str, Sequence[str]]:
            row = locked_workflow(connection, uid)
            return row.wish_by, connection.execute(_TO_STOP, {"id": row.id}).scalars().all()

        def end(connection: Connection) -> bool:
            row = locked_workflow(connection, uid)
            connection.execute(_CALM, {"fed_id": row.id, "again_at": None})
            return self._end_if_over(connection, row, now)

        by, uids = self._write(left)
        reason = Reason("cancelled", STOPPED_WITH_IT)
        for job in uids:
            try:
                self.wish(JobUid(job), Wish.CANCEL, by, reason, now)
            except JobNotFound:  # it is purged: it had ended
                continue
        return Fed(0, is_final=self._write(end))


class _Making:
    """The jobs that may be made now; the steps' rows know of them afterwards."""

    def __init__(
        self, store: SqlFeeding, connection: Connection, row: Any, quotas: Quotas, now: float
    ) -> None:
        self._store = store
        self._connection = connection
        self._row = row
        self._quotas = quotas
        self._groups: tuple[str, ...] = tuple(json.loads(row.groups))
        self.is_held_up = False

    def all(self) -> list[Taken]:
        room = WINDOW - (self._row.made - self._row.succeeded - self._row.failed)
        values = {"id": self._row.id, "most": room}
        ready = self._connection.execute(_READY, values).all() if room > 0 else []
        if not ready:
            return []
        limits = self._quotas.of_groups(self._groups)
        owner = self._row.owner
        self._store._lock(self._connection, f"owner {owner}", *(f"group {group}" for group in limits))
        allowance = Allowance(self._connection, owner, self._groups, self._quotas)
        made: list[Taken] = []
        for step in ready:
            if room > len(made) and not self.is_held_up:
                made += self._of_step(step, room - len(made), allowance)
        return made

    def _of_step(self, row: Any, room: int, allowance: Allowance) -> list[Taken]:
        step = step_of(row)
        made: list[Taken] = []
        following = row.next
        for instance in self._instances(row):
            if len(made) == room:
                break
            try:
                allowance.take(step.spec)
            except QuotaExceeded:
                self.is_held_up = True
                break
            made.append(self._taken(row.number, step, instance))
            following = instance + 1
        else:
            following = row.instances  # what is left was kept
        values = {"fed_id": self._row.id, "fed_number": row.number, "following": following}
        self._connection.execute(_STEP_FED, {**values, "added": len(made)})
        return made

    def _instances(self, row: Any) -> Iterator[int]:
        """From the next on, without those that were kept."""
        if not row.kept:
            yield from range(row.next, row.instances)
            return
        for start in range(row.next, row.instances, _SLICE):
            end = min(start + _SLICE, row.instances)
            values = {"id": self._row.id, "number": row.number, "first": start, "end": end}
            kept = set(self._connection.execute(_KEPT, values).scalars())
            yield from (instance for instance in range(start, end) if instance not in kept)

    def _taken(self, number: int, step: Step, instance: int) -> Taken:
        shown = None if step.sweep is None else instance
        new = NewJob(
            owner=self._row.owner,
            dialect=self._row.dialect,
            spec=step.spec,
            name=job_name(self._row.name, step.name, shown),
            labels=step.labels,
            groups=self._groups,
            facts=step.facts,
            notices=step.notices,
        )
        return Taken(new, new_uid(), None, self._row.owner, Place(self._row.id, number, instance))


def locked_workflow(connection: Connection, uid: str) -> Any:
    """Of FEEDING. Raises WorkflowNotFound."""
    row = connection.execute(_LOCKED, {"fed_uid": uid}).first()
    if row is None:
        raise WorkflowNotFound
    return row
