"""Where the native stack's jobs run: written once, and the developer's own from then on."""

import os
from pathlib import Path

# Nobody holds the keys of these: they only stand in orders as the consumer.
FREE_ADDRESS = "0x34dca38303507A4DF90F90bd7286871C052DbC0e"
PRICED_ADDRESS = "0x1467f99081E0964684007156E24365f3b2B873a0"

TEXT = """# Where jobs may run. Compute service and worker read it at start: restart both after a change,
# `python -m scripts.stack restart compute` and `... restart worker`.
# docs/operators.md tells every setting.

[[environment]]
id = "ocean-compute"
engine = "process"
description = "This machine, free of charge, for development."
cpus = 1
memory_bytes = "2 GiB"
disk_bytes = "2 GiB"
max_jobs = {max_jobs}
max_job_seconds = 3600
consumer_address = "{free}"
image = "debian:bookworm-slim"
unpinned = true  # development: takes jobs that pin an image's digest, which this engine cannot honour

[[environment]]
id = "ocean-compute-env2"
engine = "process"
description = "This machine, for 0.1 tokens a minute."
cpus = 1
memory_bytes = "2 GiB"
disk_bytes = "2 GiB"
max_jobs = {max_jobs}
max_job_seconds = 3600
price_per_minute = "0.1"
consumer_address = "{priced}"
image = "debian:bookworm-slim"
unpinned = true

[quota.principal]
jobs = 1000
"""


def ensure(path: Path) -> Path:
    """Write the file if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        places = len(os.sched_getaffinity(0))
        temporary = path.with_suffix(".tmp")
        temporary.write_text(TEXT.format(max_jobs=places, free=FREE_ADDRESS, priced=PRICED_ADDRESS))
        temporary.replace(path)
    return path
