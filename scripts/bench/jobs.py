"""Jobs: how fast they are taken, shown and run, and what a worker that has nothing to do costs.

The figures of running jobs come before those of the window: for these the worker is stopped, so that what is
submitted waits.
"""

import json
import os
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import docker
import docker.errors

from libs.client.gateway import Gateway
from libs.client.jobs import Jobs
from scripts.bench import measure
from scripts.stack import environments
from scripts.stack import up as stack
from scripts.stack.config import StackConfig
from scripts.stack.processes import find, stop

NOOPS = 200
DOCKER_NOOPS = 50
DOCKER_NOOPS_SECONDS = 50.0
STORED = 100_000
LOG_BYTES = 1 << 30
IDLE_SECONDS = 10.0
ENVIRONMENT = "ocean-compute"
DIRAC_LISTS = {"": {}, ", by status": {"Status": "Done"}, ", by site": {"Site": "ANY"}}
NOOP = {"environment": ENVIRONMENT, "command": ["true"]}


class Figure(NamedTuple):
    """`figure` is None where something is missing: `missing` says what."""

    name: str
    figure: float | None
    target: float
    unit: str = "/s"
    at_most: bool = False
    missing: str = ""


def prepare(config: StackConfig) -> None:
    """Before the stack comes up: nobody's quota shall end a measurement."""
    file = environments.ensure(config.run_dir / "compute" / "environments.toml")
    file.write_text(file.read_text().replace("jobs = 1000", "jobs = 1000000"))
    if not docker_lacks():
        environments.add_docker(file)


def run(config: StackConfig, token: str, folder: Path, seconds: float) -> Iterator[Figure]:
    jobs = Jobs(Gateway(config.gateway_url, lambda: token))
    yield Figure("start of a job to its first log line", first_line_ms(jobs), 500, "ms", at_most=True)
    yield Figure(f"{NOOPS} no-op jobs", noops(jobs), 40, "s", at_most=True)
    yield from in_containers(jobs)
    yield Figure("idle worker", idle_percent(config), 1, "% of a core", at_most=True)
    yield from long_log(config, jobs)
    with without_worker(config):
        yield from window(config, jobs, token, folder, seconds)


def first_line_ms(jobs: Jobs, times: int = 10) -> float:
    """From the engine's start of it to the first byte, by the job's own clock; the median."""
    found: list[float] = []
    for _ in range(times):
        ref = jobs.submit({"environment": ENVIRONMENT, "command": ["date", "+%s.%N"]})["uid"]
        printed = float(b"".join(jobs.follow_log(ref)))
        list(jobs.wait(ref))
        begun = next(event["at"] for event in jobs.events(ref) if event["to"] == "running")
        found.append((printed - begun) * 1000)
    return statistics.median(found)


def in_containers(jobs: Jobs) -> Iterator[Figure]:
    """The same on the docker engine, where there is one."""
    missing = docker_lacks()
    first = None if missing else seen_line_ms(jobs)
    yield Figure("start of a job to its first log line (docker)", first, 1500, "ms", True, missing)
    spent = None if missing else noops(jobs, DOCKER_NOOPS, environments.DOCKER_ID)
    yield Figure(f"{DOCKER_NOOPS} no-op jobs (docker)", spent, DOCKER_NOOPS_SECONDS, "s", True, missing)


def docker_lacks() -> str:
    """What is missing for jobs in containers; empty when nothing is."""
    try:
        with closing(docker.from_env()) as client:
            client.images.get(environments.DOCKER_IMAGE)
    except docker.errors.ImageNotFound:
        return "no test image"  # scripts/setup/docker.sh builds it
    except docker.errors.DockerException:
        return "no Docker Engine"
    return ""


def seen_line_ms(jobs: Jobs, times: int = 10) -> float:
    """From the engine's being asked for it until the first byte is here; the median."""
    found: list[float] = []
    for _ in range(times):
        command = ["sh", "-c", "echo begun; sleep 1"]
        ref = jobs.submit({"environment": environments.DOCKER_ID, "command": command})["uid"]
        following = jobs.follow_log(ref)
        next(following)
        seen = time.time()
        list(following)
        list(jobs.wait(ref))
        begun = next(event["at"] for event in jobs.events(ref) if event["to"] == "running")
        found.append((seen - begun) * 1000)
    return statistics.median(found)


def noops(jobs: Jobs, count: int = NOOPS, environment: str = ENVIRONMENT) -> float:
    """Seconds from the first submit until all have ended."""
    begun = time.monotonic()
    refs = [jobs.submit(NOOP | {"environment": environment})["uid"] for _ in range(count)]
    for ref in refs:
        if jobs.find(ref)["finished_at"] is None:
            list(jobs.wait(ref))
    spent = time.monotonic() - begun
    bad = [ref for ref in refs if jobs.find(ref)["state"] != "succeeded"]
    if bad:
        raise RuntimeError(f"{len(bad)} of {count} jobs did not succeed")
    return spent


def idle_percent(config: StackConfig) -> float:
    process = find(config.run_dir, "worker")
    if process is None:
        raise RuntimeError("there is no worker")
    before = _cpu_seconds(process.pid)
    time.sleep(IDLE_SECONDS)
    return (_cpu_seconds(process.pid) - before) / IDLE_SECONDS * 100


def long_log(config: StackConfig, jobs: Jobs) -> Iterator[Figure]:
    """A log as large as it may be, read whole while the service's memory is looked at."""
    count = LOG_BYTES - measure.MIB
    command = ["head", "-c", str(count), "/dev/zero"]
    ref = jobs.submit({"environment": ENVIRONMENT, "command": command, "name": "long log"})["uid"]
    list(jobs.wait(ref))
    process = find(config.run_dir, "compute")
    if process is None:
        raise RuntimeError("there is no compute service")
    peaks = measure.PeakMemory({"compute": process.pid})
    peaks.start()
    begun = time.monotonic()
    size = sum(len(piece) for piece in jobs.log(ref))
    spent = time.monotonic() - begun
    peak = peaks.finish()["compute"]
    if size != count:
        raise RuntimeError(f"a log of {count} bytes came as {size}")
    yield Figure("a log of 1 GiB", size / spent / 1e6, 100, "MB/s")
    yield Figure("memory of compute beside it", peak, 150, "MiB", at_most=True)


@contextmanager
def without_worker(config: StackConfig) -> Iterator[None]:
    stop(config.run_dir, "worker")
    try:
        yield
    finally:
        stack.restart(config, "worker")


def window(config: StackConfig, jobs: Jobs, token: str, folder: Path, seconds: float) -> Iterator[Figure]:
    bearer = f"Bearer {token}"
    ref = next(jobs.listed(1))["uid"]
    submit = measure.Request("/tidegate/v1/jobs", "POST", "application/json", json.dumps(NOOP), bearer)
    status = measure.Request(f"/tidegate/v1/jobs/{ref}", authorization=bearer)
    for name, request, target in (("submit a job", submit, 150), ("status of one job", status, 1500)):
        lanes = [[request]] * measure.CONNECTIONS
        label = name.replace(" ", "-")
        result = measure.replay(config.gateway_url, folder, label, lanes, seconds, loop=True)
        yield Figure(name, result["rate"], target)
    fill(config, ref)
    spent = []
    for _ in range(20):
        begun = time.monotonic()
        jobs.gateway.json("GET", "/tidegate/v1/jobs", params={"limit": 50})
        spent.append((time.monotonic() - begun) * 1000)
    yield Figure(f"list 50 of {STORED:,} jobs", statistics.median(spent), 30, "ms", at_most=True)
    for name, query in DIRAC_LISTS.items():
        spent = []
        for _ in range(20):
            begun = time.monotonic()
            jobs.gateway.json("GET", "/jobs", params={"maxJobs": 100, **query})
            spent.append((time.monotonic() - begun) * 1000)
        label = f"DIRAC: list 100 of {STORED:,} jobs{name}"
        yield Figure(label, statistics.median(spent), 40, "ms", at_most=True)


def fill(config: StackConfig, uid: str) -> None:
    """Copies of one ended job, straight into the database (SQLite): submitting them would take minutes."""
    path = config.service_database("compute").removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=60)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(jobs)")]
        ours = {"id": "base.top + n", "uid": "'b' || printf('%031x', n)"}
        chosen = ", ".join(ours.get(name, f'jobs."{name}"') for name in columns)
        named = ", ".join(f'"{name}"' for name in columns)
        numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
        base = "(SELECT max(id) AS top FROM jobs) AS base"
        database.execute(
            f"{numbers} INSERT INTO jobs ({named}) SELECT {chosen} FROM numbers, jobs, {base} WHERE uid = ?",  # noqa: S608
            (STORED, uid),
        )
        database.execute(
            "INSERT INTO job_documents (job_id, spec, labels, facts) SELECT copy.id, spec, labels, facts "
            "FROM jobs AS copy, job_documents JOIN jobs AS model ON model.id = job_documents.job_id "
            "WHERE model.uid = ? AND copy.uid LIKE 'b0%' "
            "AND copy.id NOT IN (SELECT job_id FROM job_documents)",
            (uid,),
        )
        database.execute(
            "INSERT INTO job_sheets (job_id, owner_name, owner_group, realm, site, setup, batch, kind, "
            "priority, cpu_seconds, has_input, retries) SELECT id, 'bench', 'bench', 'bench', "
            "CASE id % 3 WHEN 0 THEN 'ANY' ELSE 'DIRAC.Site.com' END, '', '00000000', 'User', 1, 0, 0, 0 "
            "FROM jobs WHERE uid LIKE 'b0%' AND id NOT IN (SELECT job_id FROM job_sheets)"
        )
        database.commit()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
