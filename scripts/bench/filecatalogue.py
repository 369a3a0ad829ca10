"""The file catalogue at a size that hurts (filecatalogue_data.py), asked as a user does.

Rows of the database are written while the service runs; its memory is looked at before and after. Typical
questions have the targets; those for which everything fits are told beside them.
"""

import json
import statistics
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from scripts.bench import filecatalogue_data as data
from scripts.bench import measure
from scripts.bench.jobs import Figure

ROUNDS: Final = 10
BULK: Final = 1000  # files in one request
BULKS: Final = 10
TWO: Final = {"detector": "in|ILD", "run": ">|900"}
HALF: Final = {"energy": ">|300", "grade": "=|1"}
EVERY: Final = {"detector": "in|ILD,SID,CLIC", "run": ">=|0"}
QUESTIONS: Final[tuple[tuple[str, str, str, dict[str, str], float], ...]] = (
    ("list a directory of 1,000 files", data.LONG, "", {}, 50),
    ("search by two conditions", f"/{data.VO}", "/search", TWO, 150),
    ("search by two conditions, 8,000 fit", f"/{data.VO}", "/search", HALF, 150),
    ("search by two conditions, all fit", f"/{data.VO}", "/search", EVERY, 150),
    ("compatible values, two conditions", f"/{data.VO}", "/metadata", TWO, 200),
    ("compatible values, a quarter fits", f"/{data.VO}", "/metadata", HALF, 200),
    ("compatible values, all fit", f"/{data.VO}", "/metadata", EVERY, 200),
    ("compatible values, no condition", f"/{data.VO}", "/metadata", {}, 200),
)


def run(gateway: str, token: str, database_url: str, pid: int | None) -> Iterator[Figure]:
    """`token` is a member's of the VO that filecatalogue_data.py writes; `pid` is the catalogue service's."""
    before = None if pid is None else measure.resident_mib(pid)
    begun = time.monotonic()
    data.fill(database_url)
    print(f"  a file catalogue of {data.FILES:,} files took {time.monotonic() - begun:.0f} s", flush=True)
    for name, path, suffix, conditions, target in QUESTIONS:
        query = urlencode({**conditions, "page_size": "1000"} if not suffix else conditions)
        url = f"{gateway}/filecatalogue/directory/{_encoded(path)}{suffix}?{query}"
        yield Figure(name, _milliseconds(url, token), target, "ms", at_most=True)
    yield Figure("files registered in bulk", _registered(gateway, token), 5000)
    if pid is not None and before is not None:
        grown = measure.resident_mib(pid) - before
        yield Figure("memory that this took of catalogue", grown, 50, "MiB", at_most=True)


def _registered(gateway: str, token: str) -> float:
    """Files a second."""
    spent = 0.0
    for number in range(BULKS):
        lfns = (f"/{data.VO}/new/{number}/file{each}" for each in range(BULK))
        items = {lfn: {"Size": 12, "Checksum": "cc500ba0", "SE": "DISK", "PFN": lfn} for lfn in lfns}
        body = json.dumps({"op": "addFile", "items": items}).encode()
        begun = time.monotonic()
        told = json.loads(_asked(f"{gateway}/filecatalogue/bulk", token, body))
        spent += time.monotonic() - begun
        if told["Failed"]:
            raise RuntimeError(f"files were not registered: {list(told['Failed'].values())[:1]}")
    return BULK * BULKS / spent


def _milliseconds(url: str, token: str) -> float:
    """The median."""
    spent = []
    for _ in range(ROUNDS):
        begun = time.monotonic()
        _asked(url, token)
        spent.append((time.monotonic() - begun) * 1000)
    return statistics.median(spent)


def _asked(url: str, token: str, body: bytes | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(url, body, headers), timeout=60) as reply:
        answer: bytes = reply.read()
        return answer


def _encoded(path: str) -> str:
    return urlsafe_b64encode(path.encode()).decode()
