"""What a work function says, line by line, up to a limit for each slice."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any


class Console:
    """`send` gets each line as JSON text: [level, text, when]."""

    def __init__(self, send: Callable[[str], None], most: int) -> None:
        self._send = send
        self._most = most
        self._left = 0  # nothing is heard outside of a slice

    def begin(self) -> None:
        self._left = self._most

    def end(self) -> None:
        self._left = 0

    def say(self, level: str, text: str) -> None:
        if self._left <= 0:
            return
        text = text[: self._left]
        self._left -= len(text) + 1
        self._send(json.dumps([level, text, round(time.time(), 3)]))


class Stream(io.TextIOBase):
    """Stands for standard output or standard error."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, console: Console, level: str) -> None:
        super().__init__()
        self._console = console
        self._level = level
        self._open = ""

    def writable(self) -> bool:
        return True

    def write(self, text: Any) -> int:
        if not isinstance(text, str):
            raise TypeError("text is wanted")
        *lines, rest = (self._open + text).split("\n")
        self._open = rest[: 1 << 16]
        for line in lines:
            self._console.say(self._level, line)
        return len(text)

    def end(self) -> None:
        """A line that was not ended is one too."""
        if self._open:
            self._console.say(self._level, self._open)
            self._open = ""
