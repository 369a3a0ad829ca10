"""Reading workflows: one, pages of them, their descriptions."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    exists,
    literal_column,
    select,
)

from services.compute.adapters.store_sql.cursors import read_cursor, write_cursor
from services.compute.adapters.store_sql.filters import LARGEST_ID, Conditions, known_ids, terms_of
from services.compute.adapters.store_sql.inserting import notice_of
from services.compute.adapters.store_sql.side_tables import notices
from services.compute.adapters.store_sql.work import SqlPart, batched
from services.compute.adapters.store_sql.workflow_rows import (
    STATE_COLUMNS,
    STEP_COLUMNS,
    WORKFLOW_COLUMNS,
    state_of,
    step_of,
    workflow_of,
)
from services.compute.adapters.store_sql.workflow_tables import (
    LINGERING,
    workflow_steps,
    workflow_terms,
    workflows,
)
from services.compute.domain.errors import WorkflowNotFound
from services.compute.domain.ids import JobUid, is_uid
from services.compute.domain.workflow import NewWorkflow, StepState, Workflow
from services.compute.ports.store import Head
from services.compute.ports.workflows import WorkflowFilter, WorkflowPage

_W, _S, _T = workflows.c, workflow_steps.c, workflow_terms.c
_ID_BY_ID: Final = select(_W.id, _W.owner).where(_W.id == bindparam("ref"))
_ID_BY_UID: Final = select(_W.id, _W.owner).where(_W.uid == bindparam("ref"))
_IN_THESE: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_BY_IDS: Final = select(*WORKFLOW_COLUMNS).where(_W.id.in_(_IN_THESE))
_STATES: Final = (
    select(*STATE_COLUMNS).where(_S.workflow_id.in_(_IN_THESE)).order_by(_S.workflow_id, _S.number)
)
_STEPS: Final = select(*STEP_COLUMNS).where(_S.workflow_id == bindparam("id")).order_by(_S.number)
_WHOLE: Final = select(*WORKFLOW_COLUMNS, _W.groups).where(_W.uid == bindparam("uid"))
_NOTICES: Final = (
    select(notices.c.notice).where(notices.c.workflow_id == bindparam("id")).order_by(notices.c.id)
)
_LINGERS: Final[ColumnElement[bool]] = literal_column(f"workflows.{LINGERING}")


class SqlWorkflowFinding(SqlPart):
    def find_workflow(self, ref: int | str, owners: Collection[str] | None) -> Workflow:
        if not (0 < ref <= LARGEST_ID if isinstance(ref, int) else is_uid(ref)):
            raise WorkflowNotFound
        statement = _ID_BY_ID if isinstance(ref, int) else _ID_BY_UID

        def work(connection: Connection) -> list[Workflow]:
            row = connection.execute(statement, {"ref": ref}).first()
            if row is None or (owners is not None and row.owner not in owners):
                raise WorkflowNotFound
            return workflows_in_order(connection, [row.id])

        found = self._read(work)
        if not found:
            raise WorkflowNotFound
        return found[0]

    def workflow_page(self, wanted: WorkflowFilter, limit: int, cursor: str | None = None) -> WorkflowPage:
        before = None if cursor is None else read_cursor("w", cursor)

        def work(connection: Connection) -> list[Workflow]:
            found = _newest(connection, wanted, limit + 1, before)
            return workflows_in_order(connection, sorted(found, reverse=True)[: limit + 1])

        found = self._read(work)
        following = write_cursor("w", found[limit - 1].id) if len(found) > limit else None
        return WorkflowPage(tuple(found[:limit]), following)

    def workflow_heads(self, wanted: WorkflowFilter, limit: int | None = None) -> Sequence[Head]:
        found = self._read(lambda connection: _newest(connection, wanted, limit, None))
        return [Head(number, found[number]) for number in sorted(found, reverse=True)[:limit]]

    def workflows(self, ids: Sequence[int]) -> Sequence[Workflow]:
        wanted = [number for number in ids if 0 < number <= LARGEST_ID]
        return self._read(lambda connection: workflows_in_order(connection, wanted))

    def described_workflow(self, uid: JobUid) -> NewWorkflow:
        def work(connection: Connection) -> NewWorkflow:
            row = connection.execute(_WHOLE, {"uid": uid}).first()
            if row is None:
                raise WorkflowNotFound
            return NewWorkflow(
                owner=row.owner,
                dialect=row.dialect,
                steps=tuple(map(step_of, connection.execute(_STEPS, {"id": row.id}))),
                name=row.name,
                labels=json.loads(row.labels),
                groups=tuple(json.loads(row.groups)),
                facts=json.loads(row.facts),
                lingers=bool(row.lingers),
                notices=tuple(map(notice_of, connection.execute(_NOTICES, {"id": row.id}).scalars())),
            )

        return self._read(work)


def workflows_in_order(connection: Connection, ids: Sequence[int]) -> list[Workflow]:
    """Those with these ids, in this order; those that are gone are left out."""
    found: dict[int, Workflow] = {}
    for some in batched(ids):
        states = _states(connection, some)
        for row in connection.execute(_BY_IDS, {"ids": some}):
            found[row.id] = workflow_of(row, states.get(row.id, ()))
    return [found[number] for number in ids if number in found]


def _states(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[StepState]]:
    found: dict[int, list[StepState]] = {}
    for row in connection.execute(_STATES, {"ids": ids}):
        found.setdefault(row.workflow_id, []).append(state_of(row))
    return found


def _newest(
    connection: Connection, wanted: WorkflowFilter, limit: int | None, before: int | None
) -> dict[int, int]:
    """Ids with their revisions, among them the newest that are wanted."""
    conditions = [*_narrowed(wanted), *([] if before is None else [_W.id < before])]
    found: dict[int, int] = {}
    for whose in _branches(wanted):
        walk = _walk().where(*whose, *conditions).limit(limit)
        found.update((number, revision) for number, revision in connection.execute(walk))
    return found


def _walk() -> Select[Any]:
    return select(_W.id, _W.revision).order_by(_W.id.desc())


def _branches(wanted: WorkflowFilter) -> Iterator[Conditions]:
    """One for each owner and state, so that each is a walk along an index."""
    owners: list[str | None] = [None] if wanted.owners is None else list(set(wanted.owners))
    states: list[ColumnElement[bool] | None] = [_W.state == state.value for state in set(wanted.states)]
    if wanted.states and wanted.lingering:
        states.append(_LINGERS)
    for owner, state in product(owners, states or [None]):
        yield [
            *([] if owner is None else [_W.owner == owner]),
            *([] if state is None else [state]),
        ]


def _narrowed(wanted: WorkflowFilter) -> Conditions:
    conditions: Conditions = []
    if wanted.dialects:
        conditions.append(_W.dialect.in_(sorted(set(wanted.dialects))))
    if wanted.ids is not None:
        conditions.append(_W.id.in_(known_ids(wanted.ids)))
    for term in terms_of(wanted.name, wanted.labels, {}):
        conditions.append(exists().where(_T.workflow_id == _W.id, _T.term == term))
    return conditions
