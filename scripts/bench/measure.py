"""Running the load generator and reading what the kernel says of a process."""

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

LUA = Path(__file__).with_name("replay.lua")
CONNECTIONS = 16
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One line for replay.lua."""

    path: str
    method: str = "GET"
    content_type: str = "-"
    body: str = ""
    authorization: str = "-"

    def line(self) -> str:
        parts = (self.method, self.path, self.content_type, self.authorization, self.body)
        return "\t".join(parts)


def replay(
    gateway: str, folder: Path, name: str, lanes: Sequence[Iterable[Request]], seconds: float, *, loop: bool
) -> dict[str, float]:
    """Send each lane's requests over one connection of its own for at most `seconds`.

    Returns requests, seconds, errors, p50_ms, p99_ms, rate.
    """
    prefix = folder / name
    for number, lane in enumerate(lanes):
        Path(f"{prefix}.{number}").write_text("".join(request.line() + "\n" for request in lane))
    argv = [
        "wrk",
        f"-t{len(lanes)}",
        f"-c{len(lanes)}",
        f"-d{seconds:.0f}s",
        "--timeout",
        "30s",
        "-s",
        str(LUA),
    ]
    argv += [gateway, "--", str(prefix), "loop" if loop else "once"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if result["errors"]:
        print(f"  {name}: {result['errors']:.0f} errors, first: {done.stderr.strip().splitlines()[:1]}")
    result["rate"] = (result["requests"] - result["errors"]) / result["seconds"]
    return result


def parallel_megabytes(urls: Sequence[str]) -> float:
    """Fetch all at once with curl; megabytes a second in all (1 MB = 10^6 bytes)."""
    started = time.monotonic()
    fetches = [
        subprocess.Popen(
            ["curl", "--silent", "--fail", "--output", "/dev/null", "--write-out", "%{size_download}", url],
            stdout=subprocess.PIPE,
            text=True,
        )
        for url in urls
    ]
    sizes = [int(fetch.communicate(timeout=120)[0] or 0) for fetch in fetches]
    if any(fetch.returncode for fetch in fetches):
        raise RuntimeError(f"a download failed: {[fetch.returncode for fetch in fetches]}")
    return sum(sizes) / 1e6 / (time.monotonic() - started)


def resident_mib(pid: int) -> float:
    """Largest resident set among a process and its children, MiB."""
    family = [pid, *_children(pid)]
    return max(_resident(member) for member in family)


def slow_downloads(urls: Sequence[str], rate: str) -> list[subprocess.Popen[bytes]]:
    """Start downloads that read slowly; the caller ends them."""
    return [
        subprocess.Popen(["curl", "--silent", "--limit-rate", rate, "--output", "/dev/null", url])
        for url in urls
    ]


def slowest_ms(url: str, times: int = 100) -> float:
    """The slowest of a number of GETs, one after the other, milliseconds."""
    worst = 0.0
    for _ in range(times):
        started = time.monotonic()
        with urllib.request.urlopen(url, timeout=30) as reply:
            reply.read()
        worst = max(worst, time.monotonic() - started)
    return worst * 1000


class PeakMemory(threading.Thread):
    """Samples resident sets until it is stopped."""

    def __init__(self, pids: dict[str, int]) -> None:
        super().__init__(daemon=True)
        self._pids = pids
        self._stop_event = threading.Event()
        self.peaks = dict.fromkeys(pids, 0.0)

    def run(self) -> None:
        while not self._stop_event.wait(0.2):
            for name, pid in self._pids.items():
                self.peaks[name] = max(self.peaks[name], resident_mib(pid))

    def finish(self) -> dict[str, float]:
        self._stop_event.set()
        self.join()
        return self.peaks


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    own = [int(child) for child in text.split()]
    return own + [below for child in own for below in _children(child)]


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except FileNotFoundError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)
