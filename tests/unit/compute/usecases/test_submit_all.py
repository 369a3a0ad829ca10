"""Many jobs in one go: fitted each, taken all or none."""

from typing import Any

import pytest

from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.errors import BadSpec, EnvironmentRefuses, EnvironmentUnknown, QuotaExceeded
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Clocks, Input, Source
from services.compute.ports.engines import Abilities
from services.compute.ports.store import Filter, Key
from services.compute.usecases.submit import Submit
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_jobs import ALICE, SPACE, new_job, spec
from tests.fakes.compute_store import MemoryJobStore

PLACE = Environment(id=SPACE, engine="process", image="debian:12", max_job_seconds=500)
KEY = Key(owner=ALICE, dialect="dirac", key="k", fingerprint="1" * 64)
LONG = new_job(spec=spec(clocks=Clocks(run=501.0)))
NAMELESS = new_job(name="\n")


@pytest.fixture
def store() -> MemoryJobStore:
    return MemoryJobStore()


def submit(store: MemoryJobStore, jobs: int = 5) -> Submit:
    engines = {"process": Abilities(pins_images=True)}
    quotas = Quotas(principal=Quota(jobs=jobs))
    return Submit(store, EnvironmentBook([PLACE]), engines, quotas, PlannedClock())


def test_each_is_fitted_to_its_environment(store: MemoryJobStore) -> None:
    taken = submit(store).all([new_job(name="a"), new_job(name="b")])
    assert [each.job.name for each in taken] == ["a", "b"]
    assert {each.job.spec.clocks.run for each in taken} == {500.0}


@pytest.mark.parametrize(
    ("wrong", "error", "place"),
    [
        (NAMELESS, BadSpec, "/1/name"),
        (LONG, EnvironmentRefuses, "/1/clocks/run"),
        (
            new_job(spec=spec(inputs=(Input(source=Source.OUTPUT, path="/work/a", value="a" * 32 + "/x"),))),
            BadSpec,
            "/1/inputs/0/path",
        ),
    ],
)
def test_problems_begin_with_the_number_of_the_job(
    store: MemoryJobStore, wrong: Any, error: type[BadSpec | EnvironmentRefuses], place: str
) -> None:
    with pytest.raises(error) as caught:
        submit(store).all([new_job(), wrong])
    assert caught.value.problems[0][0] == place
    assert store.count(Filter(owners=None)) == 0


def test_none_is_taken_when_one_has_no_place(store: MemoryJobStore) -> None:
    with pytest.raises(EnvironmentUnknown):
        submit(store).all([new_job(), new_job(spec=spec("elsewhere"))])
    with pytest.raises(QuotaExceeded):
        submit(store, jobs=1).all([new_job(), new_job()])
    assert store.count(Filter(owners=None)) == 0


def test_a_replay_is_not_looked_at_again(store: MemoryJobStore) -> None:
    first = submit(store).all([new_job(), new_job()], KEY)
    again = submit(store).all([LONG, NAMELESS], KEY)
    assert [(each.job, each.replayed) for each in again] == [(each.job, True) for each in first]
    assert list(submit(store).replayed_all(KEY)) == list(again)
    assert list(submit(store).replayed_all(None)) == []
