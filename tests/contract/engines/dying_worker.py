"""Submits runs and dies in the middle: for every line "<pickled spec> <seconds>" a child submits and is
killed after that time (never, when negative); the answer is a line when it is dead.
"""

import os
import pickle
import signal
import sys
import time
from pathlib import Path

from services.compute.adapters.engines.process.engine import ProcessEngine


def main(root: str) -> None:
    engine = ProcessEngine(Path(root))
    engine.ping()
    for line in sys.stdin:
        path, seconds = line.split()
        spec = pickle.loads(Path(path).read_bytes())
        child = os.fork()
        if child == 0:
            engine.submit(spec)
            os._exit(0)
        if float(seconds) >= 0:
            time.sleep(float(seconds))
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sys.stdout.write("dead\n")
        sys.stdout.flush()


main(sys.argv[1])
