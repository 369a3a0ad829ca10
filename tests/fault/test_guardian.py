"""Tests that are killed leave no stack behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from scripts.stack import processes
from tests.guardian import REPO
from tests.waiting import wait_for

TEST = """
import signal, sys
from pathlib import Path
from scripts.stack import processes
from tests import guardian
folder = Path(sys.argv[1])
guardian.watch(folder)
processes.start("sleeper", ["sleep", "600"], {"PATH": "/usr/bin:/bin"}, folder, folder)
print("up", flush=True)
signal.pause()
"""


def test_a_stack_ends_with_its_killed_tests(tmp_path: Path) -> None:
    test = subprocess.Popen(
        [sys.executable, "-c", TEST, str(tmp_path)], cwd=REPO, stdout=subprocess.PIPE, env=dict(os.environ)
    )
    with test:
        assert test.stdout is not None
        assert test.stdout.readline() == b"up\n"
        sleeper = processes.find(tmp_path, "sleeper")
        assert sleeper is not None
        assert sleeper.alive()
        test.send_signal(signal.SIGKILL)
    wait_for(lambda: not sleeper.alive(), "the end of what the test had started")
