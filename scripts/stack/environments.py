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
cpus = {max_jobs}
memory_bytes = "4 GiB"
disk_bytes = "16 GiB"  # batch clients ask for 10 when nobody says how much
max_jobs = {max_jobs}
max_job_seconds = 86400
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

DOCKER_ID = "docker"
DOCKER_IMAGE = "tidegate/test-python:1"  # scripts/setup/docker.sh builds it
DOCKER_TEXT = """
[[environment]]
id = "{id}"
engine = "docker"
description = "Containers on this machine, for tests and measurements."
cpus = 1
memory_bytes = "512 MiB"
disk_bytes = "512 MiB"
max_jobs = {max_jobs}
max_job_seconds = 3600
consumer_address = "{free}"
image = "{image}"
"""


def ensure(path: Path) -> Path:
    """Write the file if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(TEXT.format(max_jobs=places(), free=FREE_ADDRESS, priced=PRICED_ADDRESS))
        temporary.replace(path)
    return path


def add_docker(path: Path) -> None:
    """One more environment, whose jobs run in containers; service and worker must not have started yet."""
    text = DOCKER_TEXT.format(id=DOCKER_ID, max_jobs=places(), free=FREE_ADDRESS, image=DOCKER_IMAGE)
    path.write_text(path.read_text() + text)


def places() -> int:
    """In each of them."""
    return len(os.sched_getaffinity(0))
