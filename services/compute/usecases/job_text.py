"""What a job says, as one text: the streams of its tasks one after another, as they came.

Positions count code points of the text as clients decode it (UTF-8, what is none replaced), so that one who
reads on from where it stopped gets every character once.
"""

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job
from services.compute.domain.layout import OUTPUT, STDERR, STDOUT
from services.compute.domain.spec import lanes
from services.compute.ports.files import Logs
from services.compute.usecases.results import started

# A stream of both at once counts as standard output.
_KINDS: Final = {STDOUT: (STDOUT, OUTPUT), STDERR: (STDERR,)}


class JobText:
    """Whose the job is, is asked before. Raises FilesUnavailable."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def open(self, job: Job, kind: str, lane: int = 0, skip: int = 0) -> Iterator[bytes]:
        """`kind` is STDOUT or STDERR; `lane` counts what runs side by side, sidecars left out. As it stands
        now, from character `skip`; the first piece is at hand when this returns. A character that has not
        come whole is left for later while the job runs.

        Raises OutputNotFound when there is no such lane.
        """
        pieces = self._pieces(job, kind, lane)
        return started(pieces if job.is_final and not skip else _text(pieces, skip, job.is_final))

    def _pieces(self, job: Job, kind: str, lane: int) -> Iterator[bytes]:
        own = [(role, index) for role, index in lanes(job.spec) if not role.sidecar]
        if not 0 <= lane < len(own):
            raise OutputNotFound(kind)
        role, index = own[lane]
        names = [name for name in self._streams(job) if name.startswith(f"{role.name}.{index}.")]
        runs = {_number(name): name for name in names if name.rpartition(".")[2] in _KINDS[kind]}
        in_turn = sorted(runs, key=lambda number: _turn(number, len(role.tasks)))
        return self._read(job, [runs[number] for number in in_turn])

    def _streams(self, job: Job) -> Iterable[str]:
        return self._logs.streams(job.uid, job.attempt) if job.attempt else ()

    def _read(self, job: Job, names: Iterable[str]) -> Iterator[bytes]:
        for name in names:
            try:
                yield from self._logs.chunks(job.uid, job.attempt, name)
            except OutputNotFound:
                continue  # gone between two looks: nothing was kept of it


def _number(name: str) -> int:
    return int(name.split(".")[2])


def _turn(number: int, tasks: int) -> tuple[int, int]:
    """Retries of a task are numbered after all tasks, and run right after its first try."""
    return number % tasks, number // tasks


def _text(pieces: Iterable[bytes], skip: int, is_whole: bool) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        text = decoder.decode(piece)
        if skip < len(text):
            yield text[skip:].encode()
        skip = max(0, skip - len(text))
    if is_whole and (rest := decoder.decode(b"", True)[skip:]):
        yield rest.encode()
