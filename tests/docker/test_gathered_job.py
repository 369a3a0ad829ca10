"""A job of servers and workers on docker, through a worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.engines.docker.engine import DockerEngine
from services.compute.domain.states import State
from tests import gathered_jobs
from tests.docker.runs import PYTHON, Runs
from tests.works import Works

pytestmark = pytest.mark.clause("openpai 7.2", "openpai 7.5")


@pytest.fixture
def engine(tmp_path: Path) -> DockerEngine:
    return DockerEngine(tmp_path)


@pytest.fixture
def works(tmp_path: Path, engine: DockerEngine) -> Iterator[Works]:
    def clear() -> None:
        Runs(tmp_path).remove_all()
        for name in engine.gatherings():
            engine.part(name)
        engine.close()

    works = Works(tmp_path, engine, clear)
    yield works
    works.close()


def test_servers_and_workers_find_each_other(works: Works, engine: DockerEngine) -> None:
    job = gathered_jobs.assert_it_works(works, engine, PYTHON)
    assert len({run.address for run in works.site.store.runs(job.uid)}) == 4


def test_ungathered_ones_do_not(works: Works) -> None:
    job = works.run(gathered_jobs.without_a_gathering(PYTHON))
    assert (job.state, job.exit_code) == (State.FAILED, 9)
