"""kill -9 of workers at seeded random times while their jobs run in containers: every job ends once, in a
true state, no container runs twice, and none is left.
"""

from pathlib import Path

from tests.docker.job_workers import DockerYard
from tests.fault.killing import assert_killed_workers_lose_and_double_nothing, ground_of

KILLS = 44
LONGEST_LIFE = 2.0  # seconds; a job takes about half of that


def test_killed_workers_lose_and_double_nothing(tmp_path: Path) -> None:
    with ground_of(DockerYard(tmp_path)) as ground:
        jobs = assert_killed_workers_lose_and_double_nothing(ground, 20261, KILLS, LONGEST_LIFE)
    assert jobs > 10
