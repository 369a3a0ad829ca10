"""Workers of sliced jobs that are made to be killed (job_workers.py)."""

import sys
from pathlib import Path

from tests.fault.job_workers import serve
from tests.slice_kit import SliceYard

if __name__ == "__main__":
    serve(SliceYard(Path(sys.argv[1])))
