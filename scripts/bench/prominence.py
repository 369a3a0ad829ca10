"""PROMINENCE and workflows: jobs and sweeps taken and listed, keys and values, and what each job of a
sweep costs beyond what it does.

The sweep that is run comes first; for the rest the worker is stopped, so that what is submitted waits.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from libs.client.gateway import Gateway
from scripts.bench import jobs, measure
from scripts.bench.jobs import Figure
from scripts.stack import environments
from scripts.stack.config import StackConfig
from scripts.stack.processes import find

BASE: Final = "/prominence/v1"
POINTS: Final = 1000
MANY_POINTS: Final = 10_000
ACTIVE: Final = 1000
KEYS: Final = 100  # of each connection
SWEEP_SECONDS: Final = 1800.0  # then something is wrong
JOB: Final[dict[str, Any]] = {
    "name": "noop",
    "resources": {"nodes": 1, "cpus": 1, "memory": 1, "disk": 10},
    "tasks": [{"image": "debian:bookworm-slim", "runtime": "singularity", "cmd": "true"}],
}
Token = Callable[[], str]


def run(config: StackConfig, token: Token, folder: Path, seconds: float) -> Iterator[Figure]:
    """Each call of `token` makes somebody new."""
    yield overhead(Caller(config, token()))
    with jobs.without_worker(config):
        yield from many_points(config, Caller(config, token()))
        yield listing(Caller(config, token()))
        submit = measure.Request(f"{BASE}/jobs", "POST", "application/json", json.dumps(JOB))
        lanes = [[_signed(submit, token())] for _ in range(measure.CONNECTIONS)]
        yield _rate(config, folder, seconds, "PROMINENCE: submit a job", lanes, 100)
        writers = [token() for _ in range(measure.CONNECTIONS)]
        sets = [_sets(writer) for writer in writers]
        yield _rate(config, folder, seconds, "PROMINENCE: set a key", sets, 1000)
        gets = [
            [measure.Request(each.path, authorization=each.authorization) for each in lane] for lane in sets
        ]
        yield _rate(config, folder, seconds, "PROMINENCE: get a key", gets, 1000)


class Caller:
    def __init__(self, config: StackConfig, token: str) -> None:
        self._gateway = Gateway(config.gateway_url, lambda: token)

    def submit(self, job: dict[str, Any]) -> int:
        return int(self._gateway.json("POST", f"{BASE}/jobs", job)["id"])

    def sweep(self, points: int) -> int:
        """A workflow of that many no-op jobs."""
        grid = {"name": "x", "start": 0, "end": points - 1, "step": 1}
        factory = {"name": "sweep", "type": "parametricSweep", "jobs": ["noop"], "parameters": [grid]}
        workflow = {"name": "wf", "jobs": [JOB], "factories": [factory]}
        return int(self._gateway.json("POST", f"{BASE}/workflows", workflow)["id"])

    def workflow(self, number: int) -> dict[str, Any]:
        (found,) = self._gateway.json("GET", f"{BASE}/workflows/{number}")
        return dict(found)

    def listed(self) -> list[Any]:
        return list(self._gateway.json("GET", f"{BASE}/jobs"))


def overhead(caller: Caller) -> Figure:
    """Of a job that does nothing all the time is overhead: that of its place."""
    begun = time.monotonic()
    number = caller.sweep(POINTS)
    while (workflow := caller.workflow(number))["status"] in ("pending", "running"):
        if time.monotonic() - begun > SWEEP_SECONDS:
            raise RuntimeError(f"the sweep has come as far as {workflow['progress']}")
        time.sleep(0.5)
    spent = time.monotonic() - begun
    if workflow["status"] != "completed":
        raise RuntimeError(f"the sweep ended as {workflow['status']}: {workflow['progress']}")
    name = f"overhead of a job in a sweep of {POINTS:,}"
    return Figure(name, spent / POINTS * environments.places() * 1000, 400, "ms", at_most=True)


def many_points(config: StackConfig, caller: Caller) -> Iterator[Figure]:
    """While the service's memory is looked at."""
    process = find(config.run_dir, "compute")
    if process is None:
        raise RuntimeError("there is no compute service")
    peaks = measure.PeakMemory({"compute": process.pid})
    peaks.start()
    begun = time.monotonic()
    caller.sweep(MANY_POINTS)
    spent = time.monotonic() - begun
    peak = max(peaks.finish()["compute"], measure.resident_mib(process.pid))
    yield Figure(f"a sweep of {MANY_POINTS:,} jobs is taken", spent * 1000, 5000, "ms", at_most=True)
    yield Figure("memory of compute beside it", peak, 150, "MiB", at_most=True)


def listing(caller: Caller) -> Figure:
    """What a client waits for that follows its jobs: the median, since each of the service's processes makes
    every row once.
    """
    with ThreadPoolExecutor(measure.CONNECTIONS) as pool:
        list(pool.map(caller.submit, [JOB] * ACTIVE))
    spent = []
    for _ in range(30):
        begun = time.monotonic()
        found = caller.listed()
        spent.append((time.monotonic() - begun) * 1000)
        if len(found) != ACTIVE:
            raise RuntimeError(f"{len(found)} of {ACTIVE} active jobs are listed")
    return Figure(f"list {ACTIVE:,} active jobs", statistics.median(spent), 100, "ms", at_most=True)


def _sets(token: str) -> list[measure.Request]:
    """New keys at first, and new values of old ones from then on."""
    asked = []
    for number in range(KEYS):
        path = f"{BASE}/kv/bench/{number}"
        asked.append(_signed(measure.Request(path, "POST", "text/plain", os.urandom(32).hex()), token))
    return asked


def _signed(request: measure.Request, token: str) -> measure.Request:
    return measure.Request(
        request.path, request.method, request.content_type, request.body, f"Bearer {token}"
    )


def _rate(
    config: StackConfig,
    folder: Path,
    seconds: float,
    name: str,
    lanes: list[list[measure.Request]],
    target: float,
) -> Figure:
    label = "".join(character if character.isalnum() else "-" for character in name)
    result = measure.replay(config.gateway_url, folder, label, lanes, seconds, loop=True)
    return Figure(name, result["rate"], target)
