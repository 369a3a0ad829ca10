"""The service's own lines in a job's log: what was brought, fetched and kept, with the time of each.

Readers follow by byte offset, so lines are only ever added. Nothing secret and no origin's address comes in.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from services.compute.ports import Clock

LINE_CHARS = 2000
JOURNAL_BYTES = 4 * 1024 * 1024  # a pull that reports every byte must not fill the disk


class Journal:
    """Of one stream. A disk that takes no lines stops no job."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    def say(self, text: str) -> None:
        at = datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="milliseconds")
        words = " ".join(text.split())[:LINE_CHARS]
        line = f"{at.removesuffix('+00:00')}Z {words}\n".encode(errors="replace")
        try:
            with self._file.open("ab") as file:
                if os.fstat(file.fileno()).st_size < JOURNAL_BYTES:
                    file.write(line)
        except OSError:
            return
