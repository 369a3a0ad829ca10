"""A caller's workflows: what is refused before anything is written, and whose they are."""

from typing import Any

import pytest

from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.errors import (
    BadSpec,
    EnvironmentRefuses,
    NotFinished,
    QuotaExceeded,
    WorkflowNotFound,
)
from services.compute.domain.objects import Address, Holder, Scope, StoredObject
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Clocks, Folder, Image, Input, Source
from services.compute.domain.states import State
from services.compute.domain.workflow import NewWorkflow, WorkflowState
from services.compute.ports.engines import Abilities
from services.compute.ports.store import Filter, Key
from services.compute.ports.workflows import WorkflowFilter
from services.compute.usecases.submit import Submit
from services.compute.usecases.viewers import Viewer
from services.compute.usecases.workflow_fitting import WorkflowFitting
from services.compute.usecases.workflows import STOPPED, Workflows
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_flows import end_next, new_workflow, run_through, step, swept
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, sized, spec
from tests.fakes.compute_side import MemoryObjectBook
from tests.fakes.compute_store import MemoryJobStore

MINE = Viewer(frozenset({ALICE}))
THEIRS = Viewer(frozenset({BOB}))
ADMIN = Viewer(None)
SHARED = Address(Scope(Holder.GROUP, "physics"), "data.csv")


class World:
    def __init__(self, quotas: Quotas) -> None:
        self.clock = PlannedClock()
        self.store = MemoryJobStore()
        self.objects = MemoryObjectBook()
        book = EnvironmentBook(
            [
                Environment(id=SPACE, engine="process", image="python:3.12", storage_seconds=50),
                Environment(id="dear", engine="process", image="python:3.12", price_per_minute=1),  # type: ignore[arg-type]
            ]
        )
        engines = {"process": Abilities(pins_images=False)}
        submit = Submit(self.store, book, engines, quotas, self.clock, self.objects)
        fitting = WorkflowFitting(submit, quotas)
        self.workflows = Workflows(self.store, self.store, fitting, quotas, self.clock)

    def nothing_was_written(self) -> bool:
        return self.store.count(Filter(owners=None)) == 0 and not self.store.workflow_heads(
            WorkflowFilter(owners=None)
        )


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    return World(getattr(request, "param", Quotas(principal=Quota(jobs=100, cpus=4.0))))


def of_group(name: str = "data.csv", group: str = "physics") -> Any:
    """A spec with an object of a group for its input."""
    given = Input(source=Source.OBJECT, path="/work/in", value=str(Address(Scope(Holder.GROUP, group), name)))
    return spec(folders=(Folder(path="/work"),), inputs=(given,))


def keep(world: World) -> None:
    stored = StoredObject(address=SHARED, blob="b" * 32, size=1, sha256="a" * 64, modified_at=NOW)
    world.objects.put(stored, ALICE)


def key(fingerprint: str = "a") -> Key:
    return Key(owner=ALICE, dialect="prominence", key="k", fingerprint=fingerprint * 64)


def test_what_is_taken_fits_its_environment(world: World) -> None:
    workflow = world.workflows.submit(new_workflow(step("a"), swept("s", 3, "a"))).workflow
    (a, s) = world.workflows.steps(workflow.id, MINE)
    for each in (a, s):
        assert each.spec.roles[0].tasks[0].image == Image(name="python:3.12")
        assert each.spec.keep_seconds == 50.0
        assert each.spec.clocks.run == 3600.0
    assert s.spec.roles[0].tasks[0].command == ("echo", "$x")
    assert workflow.submitted_at == world.clock.now()


@pytest.mark.parametrize(
    ("new", "kind", "places"),
    [
        (new_workflow(step("a", "b")), BadSpec, ["/steps/0/after/0"]),
        (
            new_workflow(step("a"), step("b", spec=spec("nowhere")), step("c", spec=spec("dear"))),
            EnvironmentRefuses,
            ["/steps/1/spec/environment", "/steps/2/spec/environment"],
        ),
        (
            new_workflow(swept("s", 9, spec=spec(clocks=Clocks(run=1e6)))),
            EnvironmentRefuses,
            ["/steps/0/spec/clocks/run"],
        ),
        (
            new_workflow(step("x"), swept("s", 9, spec=of_group())),
            BadSpec,
            ["/steps/1/spec/inputs/0/value"],
        ),
    ],
)
def test_what_is_refused_leaves_no_trace(
    world: World, new: NewWorkflow, kind: type[BadSpec | EnvironmentRefuses], places: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        world.workflows.submit(new, key())
    assert [place for place, _ in caught.value.problems] == places  # type: ignore[attr-defined]
    assert world.nothing_was_written()
    assert not world.workflows.submit(new_workflow(step("a")), key("b")).replayed


@pytest.mark.parametrize(
    "world",
    [
        Quotas(principal=Quota(cpus=0.75)),
        Quotas(principal=Quota(), groups={"g": Quota(memory_bytes=1 << 20)}),
        Quotas(owners={ALICE: Quota(jobs=0)}),
    ],
    indirect=True,
)
def test_a_job_that_no_waiting_would_let_in_is_refused(world: World) -> None:
    steps = [step("a", spec=sized(0.5, 1 << 20)), step("b", spec=sized(0.5, 2 << 20)), step("c")]
    with pytest.raises(QuotaExceeded):
        world.workflows.submit(new_workflow(*steps, groups=("g",)))
    assert world.nothing_was_written()


def test_somebody_elses_is_not_there(world: World) -> None:
    workflow = world.workflows.submit(new_workflow(step("a"))).workflow
    ref = workflow.uid
    for work in (
        lambda: world.workflows.find(ref, THEIRS),
        lambda: world.workflows.steps(workflow.id, THEIRS),
        lambda: world.workflows.job(ref, THEIRS, "a", None),
        lambda: world.workflows.cancel(ref, THEIRS, BOB),
        lambda: world.workflows.rerun(ref, THEIRS, ()),
        lambda: world.workflows.clone(ref, THEIRS, ()),
        lambda: world.workflows.put_away(ref, THEIRS),
        lambda: world.workflows.find("0" * 19, MINE),
        lambda: world.workflows.find("\u0663", MINE),
        lambda: world.workflows.find("", MINE),
        lambda: world.workflows.find("f" * 32, ADMIN),
    ):
        with pytest.raises(WorkflowNotFound):
            work()
    for wanted in (WorkflowFilter(owners=None), WorkflowFilter(owners=[ALICE])):
        assert world.workflows.heads(THEIRS, wanted) == []
        assert world.workflows.page(THEIRS, wanted, 9).workflows == ()
        assert len(world.workflows.heads(MINE, wanted)) == len(world.workflows.heads(ADMIN, wanted)) == 1
    assert world.workflows.find(str(workflow.id), MINE) == world.workflows.find(ref, ADMIN)
    assert world.store.find_workflow(ref, None).state is WorkflowState.PENDING


def test_a_job_is_found_by_its_place(world: World) -> None:
    workflow = world.workflows.submit(new_workflow(step("a/1"), swept("s", 2), step("end", "s"))).workflow
    found = world.workflows.job(workflow.id, MINE, "s", 1)
    assert found is not None
    assert (found.name, found.workflow and found.workflow.instance) == ("wf/s/1", 1)
    assert world.workflows.job(workflow.id, MINE, "a/1", None) is not None
    for name, instance in (("end", None), ("s", 2), ("s", None), ("x", None)):
        assert world.workflows.job(workflow.id, MINE, name, instance) is None


def test_a_cancelled_one_says_by_whom_and_why(world: World) -> None:
    workflow = world.workflows.submit(new_workflow(swept("s", 3))).workflow
    ended = world.workflows.cancel(workflow.id, MINE, ALICE)
    assert ended.state is WorkflowState.CANCELLED
    assert ended.reason is not None
    assert ended.reason.sentence == STOPPED
    assert world.workflows.cancel(workflow.id, MINE, ALICE, "again") == ended


def test_a_replay_is_known_before_anything_is_looked_at(world: World) -> None:
    keep(world)
    new = new_workflow(step("a", spec=of_group()), groups=("physics",))
    first = world.workflows.submit(new, key())
    world.objects.remove(SHARED)
    again = world.workflows.submit(new, key())
    assert (again.replayed, again.workflow) == (True, first.workflow)
    assert world.workflows.replayed(key()) == again
    assert world.workflows.replayed(None) is None


def test_a_rerun_is_for_the_groups_of_today(world: World) -> None:
    keep(world)
    new = new_workflow(step("a", spec=of_group()), step("b", "a"), groups=("physics",))
    workflow = world.workflows.submit(new).workflow
    with pytest.raises(NotFinished):
        world.workflows.rerun(workflow.id, MINE, ("physics",))
    run_through(world.store, workflow, lambda job: State.FAILED, now=world.clock.now())
    for groups in ((), ("physic",), ("physics2",)):
        with pytest.raises(BadSpec) as caught:
            world.workflows.rerun(workflow.id, MINE, groups)
        assert caught.value.problems[0][0] == "/steps/0/spec/inputs/0/value"
    again = world.workflows.rerun(workflow.id, MINE, ("physics",), key())
    assert again.workflow.rerun_of == workflow.uid
    assert world.workflows.rerun(workflow.id, MINE, (), key()).replayed


def test_a_clone_is_the_same_once_more_in_any_state(world: World) -> None:
    new = new_workflow(step("a"), swept("s", 3, "a"), facts={"f": [1]}, labels={"l": "1"}, groups=("old",))
    first = world.workflows.submit(new).workflow
    end_next(world.store, now=world.clock.now())
    for _ in range(2):
        copied = world.workflows.clone(first.id, ADMIN, ("new",)).workflow
        assert copied.id != first.id
        assert (copied.owner, copied.facts, copied.labels) == (ALICE, {"f": [1]}, {"l": "1"})
        assert copied.progress.done == 0
        assert copied.rerun_of is None
        assert world.store.described_workflow(copied.uid).groups == ("new",)
        world.workflows.cancel(first.id, MINE, ALICE)
    assert world.workflows.clone(first.id, MINE, (), key()).workflow != copied
    assert world.workflows.clone(first.id, MINE, (), key()).replayed
