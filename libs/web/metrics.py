"""Prometheus metrics that stay correct with several worker processes.

Services declare their own counters and histograms with prometheus_client on its default registry; all of them
appear under /metrics. With PROMETHEUS_MULTIPROC_DIR set (before the process starts) each worker writes a file
there and whoever is asked adds them up; files of workers that are gone are folded into an archive, so that
counters never fall and files do not pile up. Gauges of gone workers are dropped.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Histogram,
    generate_latest,
    mmap_dict,
    multiprocess,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
ARCHIVE = "archive"
METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})


def multiprocess_folder() -> Path | None:
    """Where workers keep their files; made when missing. None in single-process mode."""
    name = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not name:
        return None
    folder = Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


multiprocess_folder()
_REQUESTS = Histogram(
    "http_request_seconds",
    "Time from the request's arrival to the last byte handed to the server.",
    ["service", "method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)
# Neither class is annotated upstream.
_Collector: Any = multiprocess.MultiProcessCollector
_Values: Any = mmap_dict.MmapedDict
_series: dict[tuple[str, str, str, int], Histogram] = {}


def observe(service: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request. `route` is the rule's pattern, never the path: labels must stay few."""
    key = (service, method, route, status)
    series = _series.get(key)
    if series is None:
        label = method if method in METHODS else "other"
        series = _series.setdefault(key, _REQUESTS.labels(service, label, route, str(status)))
    series.observe(seconds)


def tidy() -> None:
    """Fold the files of gone workers now; an app does so when it starts, and each scrape does it again."""
    folder = multiprocess_folder()
    if folder is not None:
        with _locked(folder):
            _fold_dead_workers(folder)


def render() -> bytes:
    """The exposition text of this process, or of all workers in multi-process mode."""
    folder = multiprocess_folder()
    if folder is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    _Collector(registry, path=str(folder))
    with _locked(folder):
        _fold_dead_workers(folder)
        return generate_latest(registry)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fold_dead_workers(folder: Path) -> None:
    for file in folder.glob("*_*.db"):
        kind, _, owner = file.stem.rpartition("_")
        if owner == ARCHIVE or not owner.isdecimal() or _is_alive(int(owner)):
            continue
        if not kind.startswith("gauge"):
            _add(file, folder / f"{kind}_{ARCHIVE}.db")
        file.unlink(missing_ok=True)


def _add(source: Path, target: Path) -> None:
    archive = _Values(str(target))
    try:
        for key, value, _, _ in _Values.read_all_values_from_file(str(source)):
            archive.write_value(key, archive.read_value(key)[0] + value, 0.0)
    finally:
        archive.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
