"""The file catalogue at a size that hurts (filecatalogue_data.py), asked as a user does.

Typical questions have the targets; those for which a part or everything fits are told beside them.
"""

import json
import statistics
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from scripts.bench import filecatalogue_data as data
from scripts.bench import measure
from scripts.bench.jobs import Figure
from scripts.bench.member import member_token
from scripts.stack import up as stack
from scripts.stack.config import StackConfig
from scripts.stack.processes import find, stop
from scripts.stack.services import environment

WARMING: Final = 4  # each of the service's processes keeps statements and answers of its own
ROUNDS: Final = 20
BULK: Final = 1000  # files in one request
BULKS: Final = 20
TWO: Final = {"detector": "in|ILD", "run": ">|900"}
HALF: Final = {"energy": ">|300", "grade": "=|1"}
EVERY: Final = {"detector": "in|ILD,SID,CLIC", "run": ">=|0"}
TOP: Final = f"/{data.VO}"
QUESTIONS: Final[tuple[tuple[str, str, str, dict[str, str], float], ...]] = (
    ("list a directory of 1,000 files", data.LONG, "", {"page_size": "1000"}, 50),
    ("search by two conditions", TOP, "/search", TWO, 150),
    ("search by two conditions, 8,000 fit", TOP, "/search", HALF, 150),
    ("search by two conditions, all fit", TOP, "/search", EVERY, 150),
    ("compatible values, two conditions", TOP, "/metadata", TWO, 200),
    ("compatible values, a quarter fits", TOP, "/metadata", HALF, 200),
    ("compatible values, all fit", TOP, "/metadata", EVERY, 200),
    ("compatible values, no condition", TOP, "/metadata", {}, 200),
)


def run(config: StackConfig) -> Iterator[Figure]:
    with _without_catalogue(config):
        begun = time.monotonic()
        data.fill(environment(config, "catalogue")["FILECATALOGUE_DATABASE_URL"])
        print(f"  {data.FILES:,} files were written in {time.monotonic() - begun:.0f} s", flush=True)
    token = member_token(config, data.VO)
    process = find(config.run_dir, "catalogue")
    if process is None:
        raise RuntimeError("there is no catalogue service")
    peaks = measure.PeakMemory({"catalogue": process.pid})
    peaks.start()
    for name, path, suffix, conditions, target in QUESTIONS:
        url = f"{config.gateway_url}/filecatalogue/directory/{_encoded(path)}{suffix}?{urlencode(conditions)}"
        yield Figure(f"DIRAC: {name}", _milliseconds(url, token), target, "ms", at_most=True)
    yield Figure("DIRAC: register files in bulk", _registered(config.gateway_url, token), 5000)
    yield Figure("memory of catalogue beside it", peaks.finish()["catalogue"], 150, "MiB", at_most=True)


@contextmanager
def _without_catalogue(config: StackConfig) -> Iterator[None]:
    stop(config.run_dir, "catalogue")
    try:
        yield
    finally:
        stack.restart(config, "catalogue")


def _milliseconds(url: str, token: str) -> float:
    """The median of single requests, once the service has seen the question."""
    spent = []
    for _ in range(WARMING + ROUNDS):
        begun = time.monotonic()
        _asked(url, token)
        spent.append((time.monotonic() - begun) * 1000)
    return statistics.median(spent[WARMING:])


def _registered(gateway: str, token: str) -> float:
    """Files a second."""
    spent = 0.0
    for number in range(BULKS):
        lfns = (f"{TOP}/new/{number}/file{each}" for each in range(BULK))
        items = {lfn: {"Size": 12, "Checksum": "cc500ba0", "SE": "DISK", "PFN": lfn} for lfn in lfns}
        body = json.dumps({"op": "addFile", "items": items}).encode()
        begun = time.monotonic()
        reply = _asked(f"{gateway}/filecatalogue/bulk", token, body)
        spent += time.monotonic() - begun
        if failed := json.loads(reply)["Failed"]:
            raise RuntimeError(f"files were not registered: {list(failed.values())[:1]}")
    return BULK * BULKS / spent


def _asked(url: str, token: str, body: bytes | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(url, body, headers), timeout=60) as reply:
        answer: bytes = reply.read()
        return answer


def _encoded(path: str) -> str:
    return urlsafe_b64encode(path.encode()).decode()
