"""DCP: slices that do next to nothing: measured is adding, handing out, taking in and reading them."""

import base64
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any, Final

from libs.client.gateway import Gateway
from scripts.bench.jobs import Figure
from scripts.bench.keystores import PASSWORD, keystore
from scripts.stack.config import StackConfig

BASE: Final = "/api/v0"
COUNT: Final = 10_000
POLL_SECONDS: Final = 0.2
PATIENCE_SECONDS: Final = 600.0  # then something is wrong
READS: Final = 5
# A title, the language's name, and a function whose value tells whether the slice was computed.
FUNCTIONS: Final = (
    ("JavaScript", "js", "(x) => { progress(); return x * 2; }"),
    ("Python", "python", "def f(x):\n    return x * 2\n"),
)


def run(config: StackConfig) -> Iterator[Figure]:
    """Each language has a job of its own; the last one's results are read."""
    user = Deployer(config)
    job = ""
    for title, language, function in FUNCTIONS:
        spent, job = all_done(user, language, function)
        yield Figure(f"{COUNT:,} trivial slices ({title})", spent, 30, "s", at_most=True)
    yield Figure(f"adding {COUNT:,} slices", adding_seconds(user), 1, "s", at_most=True)
    yield Figure(f"reading {COUNT:,} results", reading_seconds(user, job), 0.5, "s", at_most=True)


class Deployer:
    """An identity with an API key: a keystore with every request would be measured as well."""

    def __init__(self, config: StackConfig) -> None:
        text = f"{json.dumps(keystore())}:{PASSWORD}"
        basic = {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}
        made = Gateway(config.gateway_url).json("POST", f"{BASE}/key", {"label": "bench"}, headers=basic)
        self._gateway = Gateway(config.gateway_url, lambda: str(made["key"]))

    def ask(self, method: str, path: str, body: Any = None, **params: str | int) -> Any:
        return self._gateway.json(method, BASE + path, body, params)

    def deploy(self, language: str, function: str, slices: object) -> str:
        """Returns the job's path."""
        work = {"language": language, "function": function}
        body = {"slices": slices, "work": work, "account": {"name": "default"}}
        return f"/job/{self.ask('POST', '/job', body)['jobId']}"

    def results(self, job: str) -> list[Any]:
        return list(self.ask("GET", f"{job}/result")["results"])


def all_done(user: Deployer, language: str, function: str) -> tuple[float, str]:
    """Seconds from the deploy until every value is there; and the job's path."""
    begun = time.monotonic()
    job = user.deploy(language, function, {"start": 1, "end": COUNT})
    while (shown := user.ask("GET", f"{job}/status"))["status"] != "completed":
        if time.monotonic() - begun > PATIENCE_SECONDS or shown["status"] != "running":
            raise RuntimeError(f"{shown['completedSlices']} of {COUNT} slices are done: {shown['status']}")
        time.sleep(POLL_SECONDS)
    spent = time.monotonic() - begun
    _check(user.results(job))
    user.ask("POST", f"{job}/close")
    return spent, job


def adding_seconds(user: Deployer) -> float:
    """To a job that has none yet; the median of several."""
    slices = {"sliceData": list(range(COUNT))}
    spent = []
    for _ in range(READS):
        job = user.deploy("js", FUNCTIONS[0][2], [])
        begun = time.monotonic()
        added = user.ask("POST", f"{job}/slices", slices)
        spent.append(time.monotonic() - begun)
        user.ask("DELETE", job)
        if added["lastSliceNumber"] != COUNT:
            raise RuntimeError(f"the last of {COUNT} slices is number {added['lastSliceNumber']}")
    return statistics.median(spent)


def reading_seconds(user: Deployer, job: str) -> float:
    """Until the last is parsed; the median of several."""
    spent = []
    for _ in range(READS):
        begun = time.monotonic()
        found = user.results(job)
        spent.append(time.monotonic() - begun)
        _check(found)
    return statistics.median(spent)


def _check(results: list[Any]) -> None:
    if [row["value"] for row in results] != [2 * number for number in range(1, COUNT + 1)]:
        raise RuntimeError(f"{len(results)} results of {COUNT}, or others than the functions give")
