"""A job's log streams: the file that grows in the work folder, and after it is kept, the one in the object
store. The live file goes only when the other is there, so looking at them in this order misses nothing.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from services.compute.adapters.files_local import Reading, reading, unavailable
from services.compute.domain import layout
from services.compute.domain.errors import FilesUnavailable, OutputNotFound
from services.compute.domain.ids import is_uid
from services.compute.ports.files import ObjectFiles


class StoredLogs:
    """`work` is the folder that service and workers share."""

    def __init__(self, work: Path, files: ObjectFiles) -> None:
        self._work = work
        self._files = files

    def streams(self, uid: str, attempt: int) -> Sequence[str]:
        if not is_uid(uid):
            return []
        # The live ones first: what is kept in between is then found in the other place.
        found = set(self._live_names(uid, attempt)) | set(self._files.sizes(layout.stored_logs(uid, attempt)))
        return sorted((name for name in found if layout.is_stream(name)), key=layout.stream_rank)

    def size(self, uid: str, attempt: int, stream: str) -> int:
        file = self._live(uid, attempt, stream)
        if file is None:
            return self._files.size(layout.stored_log(uid, attempt, stream))
        with file, unavailable():
            return os.fstat(file.fileno()).st_size

    def read(self, uid: str, attempt: int, stream: str, start: int, length: int) -> bytes:
        return b"".join(self.chunks(uid, attempt, stream, start, length))

    def chunks(
        self, uid: str, attempt: int, stream: str, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        file = self._live(uid, attempt, stream)
        if file is None:
            return self._files.open(layout.stored_log(uid, attempt, stream), start, length)
        with unavailable():
            size = os.fstat(file.fileno()).st_size
            file.seek(start)
        so_far = max(0, size - start)
        return Reading(file, so_far if length is None else min(length, so_far))

    def _live(self, uid: str, attempt: int, stream: str) -> BinaryIO | None:
        if not is_uid(uid) or not layout.is_stream(stream):
            raise OutputNotFound(stream)
        try:
            with reading(stream):
                opened = os.open(
                    self._work / layout.live_log(uid, attempt, stream),
                    os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC,
                )
        except OutputNotFound:
            return None
        return os.fdopen(opened, "rb")

    def _live_names(self, uid: str, attempt: int) -> list[str]:
        try:
            return os.listdir(self._work / layout.attempt_folder(uid, attempt) / "logs")
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise FilesUnavailable("the work folder cannot be read") from error
