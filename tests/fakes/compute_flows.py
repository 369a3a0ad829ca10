"""Workflows for tests, and how their jobs come to an end."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

from services.compute.domain.job import Job
from services.compute.domain.quotas import Quotas
from services.compute.domain.spec import Role, Spec, Task
from services.compute.domain.states import State
from services.compute.domain.sweep import Grid, Parameter, Sweep, Way
from services.compute.domain.workflow import NewWorkflow, Step, Workflow
from services.compute.ports.store import Change, JobStore
from services.compute.ports.workflows import WorkflowStore
from tests.fakes.compute_jobs import ALICE, NOW, SPACE, spec

FREE = Quotas()
WAY = (State.STAGING, State.PULLING, State.RUNNING, State.PUBLISHING)


class Flows(JobStore, WorkflowStore, Protocol):
    """The store as both ports see it."""

    outbox: Any
    usage: Any


def step(name: str, *after: str, **changes: Any) -> Step:
    return Step(name=name, after=after, **{"spec": spec(), **changes})


def new_workflow(*steps: Step, owner: str = ALICE, **changes: Any) -> NewWorkflow:
    return NewWorkflow(owner=owner, steps=steps, **{"dialect": "prominence", "name": "wf", **changes})


def grid(count: int, name: str = "x") -> Sweep:
    """Whole numbers from 0."""
    values = Grid(start=Decimal(0), step=Decimal(1), count=count)
    return Sweep(way=Way.ZIP, parameters=(Parameter(name, values),))


def echo(*words: str) -> Spec:
    return spec(roles=(Role(tasks=(Task(command=("echo", *words)),)),))


def swept(name: str, count: int, *after: str, **changes: Any) -> Step:
    return step(name, *after, **{"spec": echo("$x"), "sweep": grid(count), **changes})


def feed_all(store: Flows, quotas: Quotas = FREE, now: float = NOW) -> int:
    """What a worker does in each pass: how many jobs were made."""
    return sum(store.feed(uid, quotas, now).made for uid in store.due_workflows(now, 100))


def end_next(
    store: Flows,
    outcome: Callable[[Job], State] = lambda job: State.SUCCEEDED,
    now: float = NOW,
    limit: int = 50,
) -> list[Job]:
    """Jobs that can be had go their way to their end."""
    ended = []
    for claimed in store.claim("w", {SPACE: 10_000}, now, 1e6, limit):
        for state in WAY:
            store.change(claimed.lease, Change(to=state, attempt_begins=state is State.STAGING), now)
        last = outcome(claimed.job)
        ended.append(store.change(claimed.lease, Change(to=last, release=True), now))
    return ended


def run_through(
    store: Flows,
    workflow: Workflow,
    outcome: Callable[[Job], State] = lambda job: State.SUCCEEDED,
    now: float = NOW,
) -> Workflow:
    """Until nothing more happens; the workflow then."""
    while end_next(store, outcome, now) or feed_all(store, now=now):
        pass
    return store.find_workflow(workflow.uid, None)
