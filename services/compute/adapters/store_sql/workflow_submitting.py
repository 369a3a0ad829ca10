"""Taking workflows, anew or once more; stopping them; what goes with them."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from services.compute.adapters.store_sql.feeding import SqlFeeding, locked_workflow
from services.compute.adapters.store_sql.filters import terms_of
from services.compute.adapters.store_sql.inserting import notice_row
from services.compute.adapters.store_sql.rows import json_text, reason_text
from services.compute.adapters.store_sql.side_tables import notices
from services.compute.adapters.store_sql.submitting import SqlSubmitting, key_row
from services.compute.adapters.store_sql.tables import jobs
from services.compute.adapters.store_sql.work import insert_all, moment, storable
from services.compute.adapters.store_sql.workflow_finding import SqlWorkflowFinding, workflows_in_order
from services.compute.adapters.store_sql.workflow_rows import edges, step_row
from services.compute.adapters.store_sql.workflow_tables import (
    workflow_edges,
    workflow_kept,
    workflow_keys,
    workflow_steps,
    workflow_terms,
    workflows,
)
from services.compute.domain.errors import (
    AlreadyFinished,
    KeyInFlight,
    KeyReused,
    NotFinished,
    WorkflowNotFound,
)
from services.compute.domain.ids import JobUid, new_uid
from services.compute.domain.job import Wish
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.domain.workflow import FINAL_WORKFLOW, NewWorkflow, Workflow, WorkflowState
from services.compute.ports.store import Key
from services.compute.ports.workflows import SubmittedWorkflow

_W, _K = workflows.c, workflow_keys.c
_BY_KEY: Final = select(_K.fingerprint, _K.workflow_id).where(
    _K.owner == bindparam("owner"), _K.dialect == bindparam("dialect"), _K.key_hash == bindparam("key_hash")
)
_NEXT_ID: Final = select(func.nextval(func.pg_get_serial_sequence("jobs", "id")))
_COUNT_ON: Final = text("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'jobs' RETURNING seq")
_COUNT_FIRST: Final = text("INSERT INTO sqlite_sequence (name, seq) VALUES ('jobs', 1) RETURNING seq")
_SET: Final = update(workflows).where(_W.id == bindparam("changed")).values(revision=_W.revision + 1)
_LINGERS: Final = select(_W.lingers).where(_W.id == bindparam("id"))
_OLD: Final = select(workflows).where(_W.uid == bindparam("old_uid"))
_HAS_JOBS: Final = exists().where(jobs.c.workflow_id == _W.id)
_EXPIRED: Final = (
    select(_W.uid)
    .where(text("workflows.expires_at IS NOT NULL"), _W.expires_at <= bindparam("now"), ~_HAS_JOBS)
    .order_by(_W.expires_at, _W.id)
    .limit(bindparam("most"))
)
_PURGE: Final = delete(workflows).where(_W.uid == bindparam("gone_uid"), ~_HAS_JOBS)


class SqlWorkflows(SqlSubmitting, SqlFeeding, SqlWorkflowFinding):
    """The port WorkflowStore."""

    def submit_workflow(
        self, new: NewWorkflow, quotas: Quotas, now: float, key: Key | None = None
    ) -> SubmittedWorkflow:
        uid = new_uid()

        def work(connection: Connection) -> SubmittedWorkflow:
            if (earlier := self._replayed_workflow(connection, key)) is not None:
                return earlier
            number = self._next_id(connection)
            _insert(connection, number, uid, new, now)
            return self._started(connection, number, uid, quotas, now, key)

        with self._at_work(key):
            return self._write(work)

    def replayed_workflow(self, key: Key) -> Workflow | None:
        return self._read(lambda connection: _earlier(connection, key))

    def rerun_workflow(
        self, uid: JobUid, groups: tuple[str, ...], quotas: Quotas, now: float, key: Key | None = None
    ) -> SubmittedWorkflow:
        new = new_uid()

        def work(connection: Connection) -> SubmittedWorkflow:
            if (earlier := self._replayed_workflow(connection, key)) is not None:
                return earlier
            old = connection.execute(_OLD, {"old_uid": uid}).first()
            if old is None:
                raise WorkflowNotFound
            if old.state not in FINAL_WORKFLOW:
                raise NotFinished
            number = self._next_id(connection)
            _insert_again(connection, _fresh(number, new, now), old, groups)
            return self._started(connection, number, new, quotas, now, key)

        with self._at_work(key):
            return self._write(work)

    def cancel_workflow(self, uid: JobUid, by: str, reason: Reason, now: float) -> Workflow:
        def work(connection: Connection) -> bool:
            row = locked_workflow(connection, uid)
            if row.state in FINAL_WORKFLOW:
                return True
            if row.wish == Wish.RUN.value:
                wish = {"wish": Wish.CANCEL.value, "wish_by": by, "wish_reason": reason_text(reason)}
                # If nobody comes to the end of this, whoever feeds it does.
                connection.execute(_SET, {**wish, "due_at": moment(now), "changed": row.id})
            return False

        if not self._write(work):
            self._stop(uid, now)
        return self.find_workflow(uid, None)

    def put_workflow_away(self, uid: JobUid, now: float) -> Workflow:
        def work(connection: Connection) -> Workflow:
            row = locked_workflow(connection, uid)
            if row.state not in FINAL_WORKFLOW:
                raise NotFinished
            if not connection.execute(_LINGERS, {"id": row.id}).scalar_one():
                raise AlreadyFinished
            connection.execute(_SET, {"lingers": 0, "changed": row.id})
            return workflows_in_order(connection, [row.id])[0]

        return self._write(work)

    def expired_workflows(self, now: float, limit: int) -> Sequence[JobUid]:
        values = {"now": moment(now), "most": limit}
        return [JobUid(uid) for uid in self._read(lambda c: c.execute(_EXPIRED, values).scalars().all())]

    def purge_workflow(self, uid: JobUid) -> None:
        self._write(lambda connection: connection.execute(_PURGE, {"gone_uid": uid}))

    def _started(
        self, connection: Connection, number: int, uid: str, quotas: Quotas, now: float, key: Key | None
    ) -> SubmittedWorkflow:
        """With its first jobs and its key."""
        if key is not None:
            row = {**key_row(key), "fingerprint": key.fingerprint, "workflow_id": number}
            insert_all(connection, workflow_keys, [row])
        self._feed(connection, locked_workflow(connection, uid), quotas, now)
        return SubmittedWorkflow(workflows_in_order(connection, [number])[0], replayed=False)

    def _replayed_workflow(self, connection: Connection, key: Key | None) -> SubmittedWorkflow | None:
        if key is None:
            return None
        if not self._try_lock(connection, "workflow key " + " ".join(key_row(key).values())):
            raise KeyInFlight
        earlier = _earlier(connection, key)
        return None if earlier is None else SubmittedWorkflow(earlier, replayed=True)

    def _next_id(self, connection: Connection) -> int:
        """Of the one sequence that jobs and workflows have: an id names one of either."""
        if not self._database.is_sqlite:
            return int(connection.execute(_NEXT_ID).scalar_one())
        number = connection.execute(_COUNT_ON).scalar()
        return int(connection.execute(_COUNT_FIRST).scalar_one() if number is None else number)


def _earlier(connection: Connection, key: Key) -> Workflow | None:
    """Raises KeyReused."""
    row = connection.execute(_BY_KEY, key_row(key)).first()
    if row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise KeyReused
    return workflows_in_order(connection, [row.workflow_id])[0]


def _insert(connection: Connection, number: int, uid: str, new: NewWorkflow, now: float) -> None:
    keep = [step.spec.keep_seconds for step in new.steps if step.spec.keep_seconds is not None]
    row = {
        **_fresh(number, uid, now),
        "owner": new.owner,
        "dialect": new.dialect,
        "name": storable(new.name),
        "groups": json.dumps(new.groups),
        "labels": json_text(new.labels),
        "facts": json_text(new.facts),
        "lingers": int(new.lingers),
        "keep_seconds": max(keep, default=None),
        "total": sum(step.count for step in new.steps),
        "made": 0,
        "succeeded": 0,
    }
    insert_all(connection, workflows, [row])
    steps = [step_row(number, place, step) for place, step in enumerate(new.steps)]
    insert_all(connection, workflow_steps, steps)
    pairs = [{"workflow_id": number, "parent": one, "child": two} for one, two in edges(new.steps)]
    insert_all(connection, workflow_edges, pairs)
    terms = terms_of(new.name, new.labels, new.facts)
    insert_all(connection, workflow_terms, [{"term": term, "workflow_id": number} for term in terms])
    told = [notice_row(notice, workflow_id=number) for notice in new.notices]
    insert_all(connection, notices, told)


def _fresh(number: int, uid: str, now: float) -> dict[str, Any]:
    return {
        "id": number,
        "uid": uid,
        "state": WorkflowState.PENDING.value,
        "wish": Wish.RUN.value,
        "submitted_at": moment(now),
        "failed": 0,
        "revision": 1,
    }


def _insert_again(connection: Connection, fresh: dict[str, Any], old: Any, groups: Sequence[str]) -> None:
    """All of the old one's description; what did well there has done well here."""
    same = ("owner", "dialect", "name", "labels", "facts", "lingers", "keep_seconds", "total")
    row = {**{name: getattr(old, name) for name in same}, **fresh, "groups": json.dumps(groups)}
    row.update(rerun_of=old.uid, made=old.succeeded, succeeded=old.succeeded)
    insert_all(connection, workflows, [row])
    for statement in _copies(row["id"], old.id):
        connection.execute(statement)


def _copies(number: int, old: int) -> list[Any]:
    s, e, t, n, k, j = (
        table.c for table in (workflow_steps, workflow_edges, workflow_terms, notices, workflow_kept, jobs)
    )
    of_new = literal(number, BigInteger)
    parents = workflow_steps.alias()
    undone = (
        select(func.count())
        .select_from(workflow_edges.join(parents, parents.c.number == e.parent))
        .where(e.workflow_id == old, parents.c.workflow_id == old, e.child == s.number)
        .where(parents.c.succeeded < parents.c.instances)
        .scalar_subquery()
    )
    new = {
        "workflow_id": of_new,
        "next": case((s.succeeded == s.instances, s.instances), else_=literal(0)),
        "made": s.succeeded,
        "failed": literal(0),
        "kept": s.succeeded,
        "waits_for": undone,
    }
    names = [column.name for column in s]
    steps = select(*(new.get(name, s[name]) for name in names)).where(s.workflow_id == old)
    is_partial = exists().where(s.workflow_id == old, s.number == j.step, s.succeeded < s.instances)
    done = select(of_new, j.step, j.instance).where(
        j.workflow_id == old, j.state == State.SUCCEEDED.value, is_partial
    )
    was_partial = exists().where(s.workflow_id == old, s.number == k.step, s.succeeded < s.instances)
    before = select(of_new, k.step, k.instance).where(k.workflow_id == old, was_partial)
    pairs = select(of_new, e.parent, e.child).where(e.workflow_id == old)
    terms = select(t.term, of_new).where(t.workflow_id == old)
    told = select(of_new, n.notice, literal(0)).where(n.workflow_id == old)
    return [
        insert(workflow_steps).from_select(names, steps),
        insert(workflow_edges).from_select(["workflow_id", "parent", "child"], pairs),
        insert(workflow_terms).from_select(["term", "workflow_id"], terms),
        insert(workflow_kept).from_select(["workflow_id", "step", "instance"], done.union_all(before)),
        insert(notices).from_select(["workflow_id", "notice", "tries"], told),
    ]
