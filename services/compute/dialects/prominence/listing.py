"""Which jobs or workflows a listing is about (contract 1.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from libs.web.params import BadParams
from services.compute.dialects.prominence.queries import Query
from services.compute.dialects.prominence.statuses import (
    ENDED,
    ENDED_WORKFLOWS,
    LISTED,
    LISTED_WORKFLOWS,
    UNFINISHED,
    UNFINISHED_WORKFLOWS,
)
from services.compute.domain.states import State
from services.compute.ports.store import Filter
from services.compute.ports.workflows import WorkflowFilter

_SEPARATORS: Final = "=:"


@dataclass(frozen=True, slots=True)
class Listing:
    """`filters` have their owners yet to be set; each is looked for, newest first. `limit` None: all."""

    filters: tuple[Filter, ...]
    limit: int | None
    is_detailed: bool


@dataclass(frozen=True, slots=True)
class WorkflowListing:
    wanted: WorkflowFilter
    limit: int | None


@dataclass(frozen=True, slots=True)
class _Which:
    """By how far jobs have come: `status` is one of the words; nothing given means what is active."""

    status: str | None
    is_all: bool
    is_completed: bool

    @property
    def is_given(self) -> bool:
        return self.status is not None or self.is_all or self.is_completed


def read_listing(query: Query) -> Listing:
    """Raises BadParams."""
    which, ids, is_workflow = _which(query, LISTED), query.ids(), query.flag("workflow")
    labels = _labels(query)
    limit = _limit(query, which, bool(ids))
    if is_workflow and not ids:
        raise BadParams("id", "the id of a workflow must be provided")
    if labels is None:
        return Listing((), limit, query.flag("detail"))
    everything = which.is_all or (bool(ids) and not which.is_given)
    common = Filter(
        owners=None,
        states=() if everything else _states(which),
        name=query.text("name"),
        labels=labels,
        ids=ids if ids and not is_workflow else None,
        lingering=not which.is_given and not ids,
    )
    filters = tuple(_of_workflow(common, number) for number in ids) if is_workflow else (common,)
    return Listing(filters, limit, query.flag("detail"))


def read_workflow_listing(query: Query) -> WorkflowListing | None:
    """None when nothing can be meant. Raises BadParams."""
    which, ids, labels = _which(query, LISTED_WORKFLOWS), query.ids(), _labels(query)
    if labels is None:
        return None
    everything = which.is_all or (bool(ids) and not which.is_given)
    if which.status is not None:
        states = LISTED_WORKFLOWS[which.status]
    else:
        states = ENDED_WORKFLOWS if which.is_completed else UNFINISHED_WORKFLOWS
    wanted = WorkflowFilter(
        owners=None,
        states=() if everything else states,
        ids=ids or None,
        name=query.text("name"),
        labels=labels,
        lingering=not which.is_given and not ids,
    )
    return WorkflowListing(wanted, _limit(query, which, bool(ids)))


def _which(query: Query, known: Mapping[str, object]) -> _Which:
    status = query.text("status")
    if status is not None and status not in known:
        raise BadParams("status", f"status must be one of: {', '.join(known)}")
    return _Which(status, query.flag("all"), query.flag("completed"))


def _states(which: _Which) -> frozenset[State]:
    if which.status is not None:
        return LISTED[which.status]
    return ENDED if which.is_completed else UNFINISHED


def _limit(query: Query, which: _Which, has_ids: bool) -> int | None:
    """The newest ones of those that ended; of others always all, whatever `num` says."""
    if not which.is_completed or which.is_all or which.status is not None:
        return None
    number = query.number("num", -1 if has_ids else 1)
    return None if number < 0 else number


def _labels(query: Query) -> dict[str, str] | None:
    """All of them must be there; None when no job can have them all. Raises BadParams."""
    labels: dict[str, str] = {}
    for text in query.texts("constraint"):
        at = min((text.find(mark) for mark in _SEPARATORS if mark in text), default=0)
        name, value = text[:at], text[at + 1 :]
        if not name or not value:
            raise BadParams("constraint", "Invalid constraint")
        if labels.setdefault(name, value) != value:
            return None
    return labels


def _of_workflow(common: Filter, number: int) -> Filter:
    return replace(common, workflow=number)
