"""The folder in which slices come and results go: in/<seq>.jsonl is whole when it is there, a line `[n,data]`
for each slice; out/<seq>.jsonl grows. A file `stop` says that no more will come.
"""

from __future__ import annotations

import os
import re

_NAME = re.compile(r"([0-9]{1,15})\.jsonl")
_LINE = re.compile(rb"\[([0-9]{1,15}),")


class Batch:
    def __init__(self, seq: int, left: int) -> None:
        self.seq = seq
        self.left = left


class Slice:
    def __init__(self, batch: Batch, number: int, line: bytes) -> None:
        self.batch = batch
        self.number = number
        self.line = line
        self.tries = 0
        self.losses = 0  # of fresh processes, under it


class Exchange:
    def __init__(self, folder: str) -> None:
        self._in = f"{folder}/in"
        self._out = f"{folder}/out"
        self._stop = f"{folder}/stop"
        self._seen: set[int] = set()
        self._unwritten: dict[int, list[str]] = {}
        os.makedirs(self._in, exist_ok=True)
        os.makedirs(self._out, exist_ok=True)

    def take(self) -> list[Slice]:
        """Slices of batches that are new, in order."""
        matches = [_NAME.fullmatch(name) for name in os.listdir(self._in)]
        fresh = {int(match[1]) for match in matches if match} - self._seen
        return [each for seq in sorted(fresh) for each in self._slices(seq)]

    def say(self, seq: int, line: str) -> None:
        self._unwritten.setdefault(seq, []).append(f"{line}\n")

    def flush(self) -> None:
        for seq, lines in self._unwritten.items():
            with open(f"{self._out}/{seq}.jsonl", "a", encoding="utf-8") as file:
                file.write("".join(lines))
        self._unwritten.clear()

    @property
    def is_stopped(self) -> bool:
        return os.path.exists(self._stop)

    def _slices(self, seq: int) -> list[Slice]:
        try:
            with open(f"{self._in}/{seq}.jsonl", "rb") as file:
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return []
        self._seen.add(seq)
        found = [(match, line) for line in lines if (match := _LINE.match(line))]
        if not found:
            self.say(seq, '{"end":true}')
        batch = Batch(seq, len(found))
        return [Slice(batch, int(match[1]), line) for match, line in found]
