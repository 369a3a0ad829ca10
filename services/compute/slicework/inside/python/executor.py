"""Runs slices, one after the other: a line for each comes in, what became of it goes out. It is ended by its
supervisor whenever a slice passes a limit.

    in   [number,data]
    out  b <number> <cpu microseconds so far>     it begins
         l [level,text,when]                      it says something
         r <retries that it wants> <result>       it is over
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import resource
import sys
import time
import traceback
import types
from collections.abc import Callable
from typing import Any

from services.compute.slicework.inside.python.console import Console, Stream
from services.compute.slicework.inside.python.handlers import FILE, Chosen, NoHandler, accepts, load
from services.compute.slicework.inside.python.values import Unserializable, text_of

MOST_STACK = 16384
MOST_MESSAGE = 4096
MOST_RETRIES = 16
_CHUNK = 1 << 16


class Rejected(BaseException):
    """The work function gave the slice up. No Exception, so that it is not caught by the way."""

    def __init__(self, reason: Any = "rejected", retries: int = 0) -> None:
        super().__init__(reason)
        self.retries = max(0, min(MOST_RETRIES, int(retries)))


class Pipe:
    """Standard input and output as they were; the work function finds nothing in their places."""

    def __init__(self) -> None:
        self._in, self._out = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        self._lines: list[bytes] = []
        self._rest = b""

    def line(self) -> bytes | None:
        """The next one; None when there will be none."""
        while not self._lines:
            parts = [self._rest]
            while b"\n" not in parts[-1]:
                part = os.read(self._in, _CHUNK)
                if not part:
                    return None
                parts.append(part)
            *lines, self._rest = b"".join(parts).split(b"\n")
            self._lines = lines[::-1]
        return self._lines.pop()

    def say(self, text: str) -> None:
        data = text.encode("ascii", "backslashreplace")
        while data:
            data = data[os.write(self._out, data) :]


class Executor:
    def __init__(self, job: dict[str, Any], source: str, pipe: Pipe) -> None:
        self._job = job
        self._source = source
        self._pipe = pipe
        self._arguments = json.loads(job["args"])
        self._console = Console(lambda line: pipe.say(f"l {line}\n"), job["console_bytes"])
        self._streams = Stream(self._console, "log"), Stream(self._console, "error")
        self._chosen = Chosen()
        self._handler: Callable[..., Any] | None = None
        self._broken: tuple[str, int] | None = None  # what every slice comes to
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, line: bytes) -> None:
        number = int(line[1 : line.index(b",")])
        begun = time.process_time()
        self._pipe.say(f"b {number} {int(begun * 1e6)}\n")
        sys.stdout, sys.stderr = self._streams
        self._console.begin()
        result, again = self._result(line)
        for stream in self._streams:
            stream.end()
        self._console.end()
        spent = time.process_time() - begun
        self._pipe.say(f'r {again} {{"n":{number},"c":{spent:.6f},{result}}}\n')

    def _result(self, line: bytes) -> tuple[str, int]:
        if self._handler is None and self._broken is None:
            try:
                self._handler = self._loaded()
            except BaseException as error:  # noqa: BLE001 - whatever the source raises is every slice's result
                self._broken = failed(error)
        if self._handler is None:
            assert self._broken is not None
            return self._broken
        try:
            value = self._handler(json.loads(line)[1], *self._arguments)
            if inspect.isawaitable(value):
                value = self._awaited(value)
            text, note = text_of(value, self._job["value_bytes"])
        except BaseException as error:  # noqa: BLE001 - the function's own, of whatever kind
            return failed(error)
        return f'"v":{text},"o":"{note}"' if note else f'"v":{text}', 0

    def _loaded(self) -> Callable[..., Any]:
        names = self._names()
        sys.modules["dcp"] = names["dcp"]
        handler = load(self._source, names, self._chosen)
        if not accepts(handler, 1 + len(self._arguments)):
            self._arguments = []
        return handler

    def _names(self) -> dict[str, Any]:
        """What every source finds: `dcp`, `work` and `progress`."""
        job = types.SimpleNamespace(public=self._job["public"])
        work = types.SimpleNamespace(job=job, emit=self._emit, reject=_reject, progress=_progress)
        dcp = types.ModuleType("dcp")
        dcp.__dict__.update(
            set_slice_handler=self._chosen.set, progress=_progress, work=work, job=job, emit=self._emit
        )
        dcp.__dict__["reject"] = _reject
        return {"dcp": dcp, "work": work, "progress": _progress}

    def _emit(self, name: Any, *values: Any) -> None:
        shown = [value if isinstance(value, str) else _shown(value) for value in values]
        self._console.say("log", " ".join([str(name), *shown]))

    def _awaited(self, value: Any) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)

        async def wait() -> Any:
            return await value

        try:
            return self._loop.run_until_complete(wait())
        finally:
            for task in asyncio.all_tasks(self._loop):  # a slice leaves nothing behind
                task.cancel()


def failed(error: BaseException) -> tuple[str, int]:
    """What a slice comes to that raised, and how many more tries it wants."""
    told = {"code": "EUNCAUGHT", "name": type(error).__name__[:256], "message": _message(error), "stack": ""}
    again = 0
    if isinstance(error, Rejected):
        told["code"], again = "EWORKREJECT", error.retries
    elif isinstance(error, Unserializable):
        told["code"], told["name"] = "EUNSERIALIZABLE", "TypeError"
    elif isinstance(error, NoHandler):
        told["code"], told["name"] = "ENOSLICEHANDLER", "TypeError"
    elif isinstance(error, ModuleNotFoundError):
        told["code"] = "ENOMODULE"
    elif isinstance(error, MemoryError):
        told["code"], told["message"] = (
            "EMEMORY",
            told["message"] or "It wanted more memory than a slice may have.",
        )
    if told["code"] in ("EUNCAUGHT", "ENOMODULE", "EMEMORY"):
        told["stack"] = _stack(error)
    return f'"e":{json.dumps(told)}', again


def _message(error: BaseException) -> str:
    try:
        return str(error)[:MOST_MESSAGE]
    except BaseException:  # noqa: BLE001 - the author's own __str__
        return ""


def _stack(error: BaseException) -> str:
    """The author's own lines of it."""
    try:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
        lines = traceback.format_list(frames)
        last = traceback.format_exception_only(type(error), error)
    except BaseException:  # noqa: BLE001 - the author's own __str__
        return ""
    return "".join(["Traceback (most recent call last):\n", *lines, *last])[:MOST_STACK].rstrip("\n")


def _shown(value: Any) -> str:
    with contextlib.suppress(Unserializable):
        return text_of(value, MOST_STACK)[0]
    return repr(value)


def _progress(*_: Any) -> bool:
    return True


def _reject(reason: Any = "rejected", retries: int = 0) -> None:
    raise Rejected(reason, retries)


def main(folder: str) -> None:
    with open(f"{folder}/job.json", encoding="utf-8") as file:
        job = json.load(file)
    with open(f"{folder}/work.txt", encoding="utf-8", newline="") as file:
        source = file.read()
    sys.path.remove(folder)
    _limit_memory(job["memory_bytes"])
    pipe = Pipe()
    executor = Executor(job, source, pipe)
    while (line := pipe.line()) is not None:
        executor.run(line)
    os._exit(0)  # threads that the function left behind are not waited for


def _limit_memory(most: int) -> None:
    """So that what asks for too much is told so, and need not die of it."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
