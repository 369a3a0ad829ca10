"""What tasks say: `.../logs`, `.../logs/<role>/<index>` and the two streams of each, for the job's owner."""

from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response

from libs.web.byte_answers import file_answer
from libs.web.gate import needs
from services.compute.dialects.openpai import lookup
from services.compute.dialects.openpai.addresses import base_of
from services.compute.dialects.openpai.errors import NoPart, answer
from services.compute.dialects.openpai.facts import Known
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.dialects.openpai.reading import READ
from services.compute.dialects.openpai.v1 import BASES as V1_BASES
from services.compute.dialects.openpai.views import all_tasks
from services.compute.dialects.openpai.window import caller
from services.compute.domain.job import Job
from services.compute.domain.layout import OUTPUT, STDERR, STDOUT, stream

TEXT: Final = "text/plain; charset=utf-8"
BASES: Final = {"legacy": "/api/job", **V1_BASES}


def add(room: Blueprint, parts: OpenPaiParts) -> None:
    for kind, base in BASES.items():
        _add(room, parts, kind, f"{base}/<name>/logs")


def _add(room: Blueprint, parts: OpenPaiParts, kind: str, path: str) -> None:
    @room.get(path, strict_slashes=False, endpoint=f"{kind}_logs")
    @needs(READ)
    def list_logs(name: str, username: str = "") -> Response:
        job, known = _asked(parts, username, name)
        tasks = [_shown(parts, job, known, *task) for task in all_tasks(job, known)]
        return answer({"logs": tasks})

    @room.get(f"{path}/<role>/<int:index>", strict_slashes=False, endpoint=f"{kind}_task_logs")
    @needs(READ)
    def task_logs(name: str, role: str, index: int, username: str = "") -> Response:
        job, known = _asked(parts, username, name)
        return answer(_shown(parts, job, known, role, _core(job, known, name, role, index), index))

    @room.get(f"{path}/<role>/<int:index>/stdout", strict_slashes=False, endpoint=f"{kind}_stdout")
    @needs(READ)
    def stdout(name: str, role: str, index: int, username: str = "") -> Response:
        job, known = _asked(parts, username, name)
        return _said(parts, job, _core(job, known, name, role, index), index, STDOUT)

    @room.get(f"{path}/<role>/<int:index>/stderr", strict_slashes=False, endpoint=f"{kind}_stderr")
    @needs(READ)
    def stderr(name: str, role: str, index: int, username: str = "") -> Response:
        job, known = _asked(parts, username, name)
        return _said(parts, job, _core(job, known, name, role, index), index, STDERR)


def _asked(parts: OpenPaiParts, username: str, name: str) -> tuple[Job, Known]:
    """Raises NoJob, Forbidden."""
    principal = caller()
    job = lookup.mine(parts, username, name, principal, "see the logs of")
    return job, lookup.known(job, principal)


def _core(job: Job, known: Known, name: str, role: str, index: int) -> str:
    """The core's name of the role. Raises NoPart when there is no such task."""
    for named, core, number in all_tasks(job, known):
        if (named, number) == (role, index):
            return core
    raise NoPart("log", name)


def _shown(
    parts: OpenPaiParts, job: Job, known: Known, role: str, core: str, index: int
) -> dict[str, object]:
    url = f"{base_of(parts)}/api/job/{known.framework}/logs/{role}/{index}"
    streams = {
        kind: {"url": f"{url}/{kind}", "size": _size(parts, job, core, index, kind)}
        for kind in (STDOUT, STDERR)
    }
    return {"role": role, "index": index, **streams}


def _said(parts: OpenPaiParts, job: Job, core: str, index: int, kind: str) -> Response:
    """As it stands; what has not begun is empty."""
    if not job.attempt:
        return file_answer(lambda start, length: iter(()), 0, TEXT)
    name = _stream(job, core, index, kind)
    size = parts.logs.size(job, job.attempt, name) if name else 0

    def pieces(start: int, length: int | None) -> Iterator[bytes]:
        return parts.logs.open(job, job.attempt, name, start, length) if name else iter(())

    return file_answer(pieces, size, TEXT)


def _size(parts: OpenPaiParts, job: Job, core: str, index: int, kind: str) -> int:
    name = _stream(job, core, index, kind)
    return parts.logs.size(job, job.attempt, name) if name and job.attempt else 0


def _stream(job: Job, core: str, index: int, kind: str) -> str:
    """Of the role's first task; empty where it has no such stream: both are one in jobs of some windows."""
    role = next(role for role in job.spec.roles if role.name == core)
    if role.tasks[0].split_logs:
        return stream(core, index, 0, kind)
    return stream(core, index, 0, OUTPUT) if kind == STDOUT else ""
