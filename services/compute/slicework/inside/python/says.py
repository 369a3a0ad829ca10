"""What slices say, as lines of this program's own output: the job's log. Not more than a log may hold."""

from __future__ import annotations

import json
import os


class Log:
    def __init__(self, most: int) -> None:
        """`most` bytes in all: a log that grows too long would end the sandbox."""
        self._left = most

    def add(self, number: int, line: str) -> bool:
        """`line` is what an executor sent: [level,text,when]. False: it is no such line."""
        try:
            _, text, _ = json.loads(line)
            parts = text.split("\n")
        except (ValueError, TypeError, AttributeError, RecursionError):
            return False
        shown = "".join(f"slice {number}: {part}\n" for part in parts).encode("utf-8", "replace")
        self._left = self._left - len(shown) if len(shown) < self._left else 0
        if self._left:
            self._put(shown)
        return True

    def _put(self, shown: bytes) -> None:
        try:
            while shown:
                shown = shown[os.write(1, shown) :]
        except OSError:
            self._left = 0  # nobody reads it
