"""Stands between the exchange folder and the process that runs slices: hands them on, writes down what became
of them, and ends the process when a slice passes a limit. Only that slice is lost then.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections import deque
from typing import Any

from services.compute.slicework.inside.python.child import Child, adopt_orphans
from services.compute.slicework.inside.python.exchange import Exchange, Slice
from services.compute.slicework.inside.python.says import Log

TICK = 0.02  # seconds
IDLE_TICK = 0.05
IDLE_AFTER = 1.0
AHEAD = 128  # slices that the process has in its pipe
AHEAD_BYTES = 1 << 18
STARTS = 5  # in a row that came to nothing
BASE_BYTES = 64 << 20  # what the process is without any slice
MOST_SAID = 1 << 17  # characters of what a slice says


class Supervisor:
    def __init__(self, folder: str, job: dict[str, Any], exchange: Exchange) -> None:
        self._folder = folder
        self._job = job
        self._exchange = exchange
        self._queue: deque[Slice] = deque()  # not sent
        self._sent: deque[Slice] = deque()  # the first of them is at work, when `begun` is set
        self._begun: tuple[float, float] | None = None  # when, with how much processor time
        self._told = False  # that it is at work
        self._said: list[str] = []  # by the slice at work
        self._said_length = 0
        self._log = Log(job["log_bytes"])
        self._starts = 0
        self._child: Child | None = None
        self._moved = time.monotonic()

    def run(self) -> None:
        """Until it is told to stop."""
        ticks_at = 0.0
        while True:
            now = time.monotonic()
            if now >= ticks_at:
                if self._tick():
                    return
                is_idle = not self._sent and now - self._moved > IDLE_AFTER
                ticks_at = time.monotonic() + (IDLE_TICK if is_idle else TICK)
            self._wait(ticks_at)

    def _wait(self, until: float) -> None:
        child, left = self._child, max(0.0, until - time.monotonic())
        if child is None:
            time.sleep(left)
            return
        writing = [child.input] if child.unsent else []
        readable, writable, _ = select.select([child.output], writing, [], left)
        if writable:
            child.send(b"")
        if readable:
            self._hear(child)

    def _tick(self) -> bool:
        """True when nothing is left to do."""
        is_stopped = self._exchange.is_stopped
        self._queue.extend(self._exchange.take())
        self._hand()
        self._guard()
        if self._begun is not None and not self._told:
            self._exchange.say(self._sent[0].batch.seq, f'{{"begin":{self._sent[0].number}}}')
            self._told = True
        self._exchange.flush()
        return is_stopped and not self._queue and not self._sent

    def _hand(self) -> None:
        if not self._queue or len(self._sent) > AHEAD // 2:
            return
        if self._child is None:
            self._child = self._start()
        parts: list[bytes] = []
        length = 0
        while self._queue and len(self._sent) < AHEAD and length < AHEAD_BYTES:
            each = self._queue.popleft()
            self._sent.append(each)
            parts += [each.line, b"\n"]
            length += len(each.line)
        self._child.send(b"".join(parts))

    def _start(self) -> Child:
        if self._starts >= STARTS:
            sys.exit("the process that runs slices cannot be started")
        self._starts += 1
        return Child(self._folder)

    def _hear(self, child: Child) -> None:
        lines = child.lines()
        if lines is None:
            self._lost(child)
            return
        self._moved = time.monotonic()
        for line in lines:
            kind, _, rest = line.decode("ascii", "replace").partition(" ")
            if kind == "b" and self._sent:
                self._begin(rest)
            elif kind == "l" and self._begun is not None:
                self._heed(rest)
            elif kind == "r" and self._begun is not None:
                again, _, result = rest.partition(" ")
                self._end(child, result, int(again) if again.isdigit() else 0)
        self._hand()

    def _begin(self, rest: str) -> None:
        number, _, spent = rest.partition(" ")
        if number == str(self._sent[0].number) and spent.isdigit():
            self._begun = (self._moved, int(spent) / 1e6)
            self._told = False
            self._said = []
            self._said_length = 0
            self._starts = 0

    def _heed(self, line: str) -> None:
        """What the slice at work says."""
        self._said_length += len(line)
        if self._said_length <= MOST_SAID and self._log.add(self._sent[0].number, line):
            self._said.append(line)

    def _end(self, child: Child, result: str, again: int) -> None:
        each = self._sent.popleft()
        self._begun = None
        child.served += 1
        each.tries += 1
        if again >= each.tries:
            self._queue.appendleft(each)
        else:
            self._say(each, result[1:])

    def _say(self, each: Slice, rest: str) -> None:
        """`rest`: a JSON object without its opening brace."""
        lines = f'"l":[{",".join(self._said)}],' if self._said else ""
        self._exchange.say(each.batch.seq, f'{{"t":{each.tries},{lines}{rest}')
        self._said = []
        each.batch.left -= 1
        if each.batch.left == 0:
            self._exchange.say(each.batch.seq, '{"end":true}')

    def _guard(self) -> None:
        """Limits of the slice at work."""
        if self._begun is None or self._child is None:
            return
        at, before = self._begun
        resident, cpu = self._child.look()
        job = self._job
        if resident > job["memory_bytes"] + BASE_BYTES:
            if self._child.served:  # what earlier slices left there is none of its fault
                self._again()
            else:
                self._fail("EMEMORY", f"It wanted more than {job['memory_bytes'] >> 20} MiB.", cpu)
        elif time.monotonic() - at > job["wall_seconds"]:
            self._fail(
                "ESLICETOOSLOW", f"It ran for the {job['wall_seconds']:g} seconds that a slice may run.", cpu
            )
        elif cpu - before > job["cpu_seconds"]:
            limit = f"{job['cpu_seconds']:g} seconds of processor time"
            self._fail("ESLICETOOSLOW", f"It used the {limit} that a slice may use.", cpu)

    def _fail(self, code: str, message: str, cpu: float) -> None:
        assert self._begun is not None
        each = self._sent.popleft()
        spent = max(0.0, cpu - self._begun[1])
        each.tries += 1
        said = self._said
        self._again()
        self._said = said
        error = json.dumps({"code": code, "name": "Error", "message": message, "stack": ""})
        self._say(each, f'"n":{each.number},"c":{spent:.6f},"e":{error}}}')

    def _again(self) -> None:
        """A fresh process, for all that was sent to this one."""
        if self._child is not None:
            self._child.kill()
        self._child = None
        self._begun = None
        self._said = []
        self._queue.extendleft(reversed(self._sent))
        self._sent.clear()

    def _lost(self, child: Child) -> None:
        if self._begun is None:
            self._again()
            return
        each = self._sent[0]
        if child.served == 0:
            each.losses += 1
        if each.losses >= self._job["tries"]:
            each.tries = each.losses - 1
            self._fail("EWORKERLOST", "The process that ran it ended under it.", 0.0)
        else:
            self._again()


def main(folder: str) -> None:
    with open(f"{folder}/job.json", encoding="utf-8") as file:
        job = json.load(file)
    adopt_orphans()
    lane = f"{job['exchange']}/{os.environ.get('TIDEGATE_INDEX') or '0'}"
    Supervisor(folder, job, Exchange(lane)).run()
