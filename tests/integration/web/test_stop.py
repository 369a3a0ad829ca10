"""A server that is told to stop stops, whatever its workers are about."""

import signal
from pathlib import Path

from tests.granian import starting
from tests.waiting import wait_for

APP = "tests.integration.web.slow_trial:app"
KILL_SECONDS = 60


def test_a_worker_that_still_loads_the_app_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    """It carries the main process's handlers until it serves, and these forget what they are told."""
    options = ("--workers", "2", "--workers-kill-timeout", str(KILL_SECONDS))
    with starting(APP, tmp_path, *options, environ={"SLOW_TRIAL": str(tmp_path)}) as server:
        server.wait_until_live()
        wait_for(lambda: (tmp_path / "loading").exists(), "the other worker to be loading")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(KILL_SECONDS / 2) == 0  # nobody waited until it was killed
