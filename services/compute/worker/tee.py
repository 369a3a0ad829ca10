"""Adds what a run wrote to a file of its job's, where the task asks for it.

The file lies where the job itself writes: it is reached by no link, and only a plain file is taken. It is
done once for each run, even if the worker dies half way: where the file ended before is noted beside it.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from services.compute.domain import layout
from services.compute.domain.job import Run
from services.compute.domain.spec import Spec, Task
from services.compute.worker import inside
from services.compute.worker.run_specs import log_name
from services.compute.worker.view import locate
from services.compute.worker.workplace import Workplace, file_mode

_CHUNK: Final = 256 * 1024


def add_streams(spec: Spec, task: Task, run: Run, place: Workplace) -> None:
    """Nothing to do for a task without `tee`. Raises OSError when the file cannot be had."""
    if task.tee is None:
        return
    base, parts = _target(spec, task.tee, place)
    kinds = (layout.STDOUT, layout.STDERR) if task.split_logs else (layout.OUTPUT,)
    logs = [place.log(f"{log_name(run)}.{kind}") for kind in kinds]
    with inside.append_file(base, parts, file_mode(writable=True, executable=False)) as file:
        size = os.fstat(file.fileno()).st_size
        begun_at = _begun_at(place.attempt / f"tee-{log_name(run)}", size)
        for chunk in _behind(logs, max(0, size - begun_at)):
            _write(file.fileno(), chunk)


def _target(spec: Spec, path: str, place: Workplace) -> tuple[Path, Sequence[str]]:
    """In a folder that the job may write."""
    spot = locate(spec.folders, path)
    if spot is None or not spot.folder.writable or not spot.parts:
        raise inside.NotPlain("it lies in none of the job's writable folders")
    return place.folder(spot.number), spot.parts


def _begun_at(note: Path, size: int) -> int:
    """The size that the file had before the first try."""
    try:
        return int(note.read_text(encoding="ascii"))
    except FileNotFoundError:
        fresh = note.with_name(f"{note.name}.new")
        fresh.write_text(str(size), encoding="ascii")
        fresh.replace(note)
        return size


def _behind(logs: Sequence[Path], skipped: int) -> Iterator[bytes]:
    """The logs one after the other, less their first bytes."""
    for log in logs:
        try:
            file = inside.open_file(log.parent, (log.name,))
        except FileNotFoundError:
            continue
        with file:
            size = os.fstat(file.fileno()).st_size
            file.seek(min(skipped, size))
            skipped -= min(skipped, size)
            while chunk := file.read(_CHUNK):
                yield chunk


def _write(opened: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(opened, chunk) :]
