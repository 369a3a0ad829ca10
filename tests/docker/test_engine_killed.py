"""kill -9 of the Docker Engine itself: never a verdict about a run while it is away, a true one after it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.ports.engines import Activity, EngineAway
from tests.docker.own_dockerd import OwnDockerd
from tests.docker.runs import Runs, log_of, starts_in, write_once
from tests.waiting import wait_for

# The Docker SDK leaves a socket open when its engine dies under a question.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def dockerd() -> Iterator[OwnDockerd]:
    folder = Path(tempfile.mkdtemp(prefix="tg"))  # short: sockets lie in it
    made = OwnDockerd(folder)
    try:
        made.start()
        made.load()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture
def runs(dockerd: OwnDockerd, tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path / "work", url=dockerd.url)
    made.folder.mkdir()
    yield made
    made.remove_all()


def test_runs_end_truly_whatever_happens_to_the_engine(runs: Runs, dockerd: OwnDockerd) -> None:
    mount = runs.mount("/work")
    long = runs.sh(write_once(mount) + "; echo begun; sleep 600", mounts=(mount,))
    handle = runs.engine.submit(long)
    over = runs.engine.submit(runs.sh("exit 3"))
    wait_for(lambda: log_of(long) == b"begun\n", "the first line")
    assert runs.end_of(over).exit_code == 3
    dockerd.kill()
    for ask in (
        runs.engine.ping,
        runs.engine.tags,
        lambda: runs.look(handle),
        lambda: runs.engine.find(long.tag),
        lambda: runs.engine.submit(long),
        lambda: runs.engine.cancel(handle),
        lambda: runs.engine.remove(handle),
    ):
        with pytest.raises(EngineAway):
            ask()
    dockerd.start()
    assert runs.engine.submit(long) == handle
    seen = runs.end_of(handle)
    assert seen.activity is Activity.ENDED
    assert seen.reason is not None
    assert (seen.reason.code, seen.reason.is_transient) == ("engine_lost", True)
    assert log_of(long) == b"begun\n"
    assert starts_in(mount) == 1
    assert runs.look(over).exit_code == 3
    runs.restarted()
    assert runs.look(handle) == seen
