"""Workflows in the worker's loop: their jobs come, whatever becomes of one of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.compute.domain.errors import StoreUnavailable, WorkflowNotFound
from services.compute.domain.ids import JobUid
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Output
from services.compute.domain.states import State
from services.compute.domain.sweep import Parameter, Sweep, Way
from services.compute.domain.workflow import HELD_UP_SECONDS
from services.compute.ports.store import Filter
from services.compute.ports.workflows import Fed
from services.compute.worker.feeder import FAULT_SECONDS, Feeder
from services.compute.worker.upkeep import Upkeep
from tests.fakes.compute_flows import FREE, end_next, new_workflow, step, swept
from tests.fakes.compute_site import SPEC, Site


class Broken:
    """The store, but feeding one workflow is beyond it."""

    def __init__(self, store: Any, uid: str) -> None:
        self._store = store
        self.uid = uid
        self.tried = 0

    def due_workflows(self, now: float, limit: int) -> Sequence[JobUid]:
        return [JobUid(self.uid), *self._store.due_workflows(now, limit)]

    def feed(self, uid: str, quotas: Quotas, now: float) -> Fed:
        if uid == self.uid:
            self.tried += 1
            raise RuntimeError("nobody foresaw this")
        fed: Fed = self._store.feed(uid, quotas, now)
        return fed


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_what_is_due_is_fed(site: Site) -> None:
    now = site.clock.now()
    site.store.submit_workflow(new_workflow(step("a"), swept("s", 3, "a")), FREE, now)
    feeder = Feeder(site.tools())
    assert feeder.look() == 0
    end_next(site.store, now=now)
    assert feeder.look() == 3
    assert feeder.look() == 0


def test_the_quotas_of_the_file_count(site: Site) -> None:
    now = site.clock.now()
    quotas = Quotas(principal=Quota(jobs=2))
    site.store.submit_workflow(new_workflow(swept("s", 5)), quotas, now)
    feeder = Feeder(replace(site.tools(), quotas=quotas))
    site.clock.move(HELD_UP_SECONDS)
    assert feeder.look() == 0
    end_next(site.store, now=site.clock.now())
    assert feeder.look() == 2


def test_one_that_cannot_be_fed_keeps_no_other_from_it(site: Site) -> None:
    now = site.clock.now()
    site.store.submit_workflow(new_workflow(step("a"), step("b", "a")), FREE, now)
    broken = Broken(site.store, "f" * 32)
    feeder = Feeder(site.tools(lambda name, port: broken if name == "workflows" else port))
    end_next(site.store, now=now)
    assert feeder.look() == 1
    assert feeder.look() == 0
    assert broken.tried == 1
    site.clock.move(FAULT_SECONDS)
    feeder.look()
    assert broken.tried == 2


def test_one_that_is_gone_is_nobodys_trouble(site: Site) -> None:
    class Gone(Broken):
        def feed(self, uid: str, quotas: Quotas, now: float) -> Fed:
            fed: Fed = self._store.feed(uid, quotas, now)
            return fed

    gone = Gone(site.store, "f" * 32)
    assert Feeder(site.tools(lambda name, port: gone if name == "workflows" else port)).look() == 0


def test_a_lost_store_is_the_passes_trouble(site: Site) -> None:
    feeder = Feeder(site.tools())
    site.store.away = True
    with pytest.raises(StoreUnavailable):
        feeder.look()


def test_a_job_whose_values_make_it_unsound_is_not_run(site: Site) -> None:
    """What its parameters make of its description is looked at before anything is made of it."""
    sweep = Sweep(way=Way.PRODUCT, parameters=(Parameter("x", ("fine", "../../etc")),))
    spec = replace(SPEC, outputs=(Output(folder=SPEC.folders[0].path, pattern="$x"),))
    new = new_workflow(step("s", spec=spec, sweep=sweep))
    workflow = site.store.submit_workflow(new, FREE, site.clock.now()).workflow
    site.drive()
    ended = site.store.find_workflow(workflow.uid, None)
    assert (ended.progress.done, ended.progress.failed) == (1, 1)
    (bad, _) = site.store.page(Filter(owners=None), 9).jobs
    assert (bad.state, bad.attempt) == (State.FAILED, 0)
    assert bad.reason is not None
    assert bad.reason.code == "parameters_refused"


def test_workflows_whose_time_is_over_go_after_their_jobs(site: Site) -> None:
    new = new_workflow(step("a", spec=replace(SPEC, keep_seconds=60.0)))
    workflow = site.store.submit_workflow(new, FREE, site.clock.now()).workflow
    site.drive()
    upkeep = Upkeep(site.tools())
    assert [upkeep.workflows(), upkeep.purge()] == [0, 0]
    site.clock.move(61)
    assert [upkeep.workflows(), upkeep.purge(), upkeep.workflows()] == [0, 1, 1]
    with pytest.raises(WorkflowNotFound):
        site.store.find_workflow(workflow.uid, None)
