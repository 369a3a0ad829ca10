"""Workflows in the worker's loop: their jobs come, whatever becomes of one of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.compute.domain.errors import StoreUnavailable
from services.compute.domain.ids import JobUid
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.workflow import HELD_UP_SECONDS
from services.compute.ports.workflows import Fed
from services.compute.worker.feeder import FAULT_SECONDS, Feeder
from tests.fakes.compute_flows import FREE, end_next, new_workflow, step, swept
from tests.fakes.compute_site import Site


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
        return self._store.feed(uid, quotas, now)


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
            return self._store.feed(uid, quotas, now)

    gone = Gone(site.store, "f" * 32)
    assert Feeder(site.tools(lambda name, port: gone if name == "workflows" else port)).look() == 0


def test_a_lost_store_is_the_passes_trouble(site: Site) -> None:
    feeder = Feeder(site.tools())
    site.store.away = True
    with pytest.raises(StoreUnavailable):
        feeder.look()
