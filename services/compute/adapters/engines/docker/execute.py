"""A command inside a container that runs.

Docker knows no way to end one: the command says its process number first, and a second one ends its group.
"""

import contextlib
import struct
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Final

import docker.errors

from services.compute.adapters.engines.docker.daemon import BROKEN, Daemon
from services.compute.adapters.engines.docker.frames import body_of
from services.compute.domain.errors import Refused
from services.compute.domain.reasons import Reason
from services.compute.ports.engines import Command, EngineAway, Executed, Handle

_NOT_FOUND: Final = 121
_SHELL: Final = f'echo "$$"; command -v "$1" >/dev/null || exit {_NOT_FOUND}; exec "$@"'
_NO_SHELL: Final = (126, 127)
_END: Final = 'kill -9 -- "-$1"'
_END_SECONDS: Final = 5.0
_STDOUT: Final = 1
_HEADER: Final = struct.Struct(">BxxxL")  # of a frame: which stream, how long


class Entered:
    """One command. `run` it once."""

    def __init__(self, daemon: Daemon, handle: Handle, command: Command, most_bytes: int) -> None:
        self._daemon = daemon
        self._handle = handle
        self._command = command
        self._most = most_bytes
        self._output = self._leader = b""
        self._is_led = False
        self._trouble: Exception | None = None

    def run(self, seconds: float) -> Executed:
        """Raises Refused, EngineAway."""
        words = ["/bin/sh", "-c", _SHELL, "sh", *self._command.words]
        number = self._create(words)
        reader = threading.Thread(target=self._read, args=(number,), name="docker-exec", daemon=True)
        reader.start()
        reader.join(seconds)
        in_time = not reader.is_alive()
        self._end_group()
        reader.join(_END_SECONDS)
        if self._trouble is not None and in_time:
            raise self._daemon.away() from self._trouble
        return self._executed(number if in_time else None)

    def _executed(self, number: str | None) -> Executed:
        output, is_cut = self._output[: self._most], len(self._output) > self._most
        if number is None:
            return Executed(None, output, is_cut)
        with self._daemon.asking() as api:
            code = api.exec_inspect(number)["ExitCode"]
        if code is None:
            raise _refused("engine_failed", "The job ended meanwhile.")
        if (code == _NOT_FOUND and not output) or (code in _NO_SHELL and not self._is_led):
            raise _refused("command_not_found", "There is no such command in the job.")
        return Executed(code, output, is_cut)

    def _create(self, words: list[str]) -> str:
        try:
            with self._daemon.asking() as api:
                made: dict[str, Any] = api.exec_create(
                    self._handle,
                    words,
                    environment=dict(self._command.environment),
                    workdir=self._command.working_folder,
                )
        except docker.errors.APIError as error:
            raise _refused("engine_failed", "The job does not run at this moment.") from error
        return str(made["Id"])

    def _read(self, number: str) -> None:
        try:
            with self._daemon.posted(f"/exec/{number}/start", {"Detach": False, "Tty": False}) as answer:
                for source, text in _frames(body_of(answer)):
                    self._take(source, text)
        except (docker.errors.DockerException, EngineAway, *BROKEN) as error:
            self._trouble = error

    def _take(self, source: int, text: bytes) -> None:
        """The first line of standard output is the shell's own; the rest comes as it comes."""
        if source == _STDOUT and not self._is_led:
            self._leader += text
            first, newline, text = self._leader.partition(b"\n")
            if not newline:
                return
            self._is_led, self._leader = True, first
        self._output = (self._output + text)[: self._most + 1]

    def _end_group(self) -> None:
        """Whatever is left of it; a job that has ended took it along."""
        if not self._is_led or not self._leader.isdigit():
            return
        with contextlib.suppress(docker.errors.DockerException, *BROKEN):
            api = self._daemon.api
            words = ["/bin/sh", "-c", _END, "sh", self._leader.decode()]
            api.exec_start(api.exec_create(self._handle, words)["Id"], detach=True)


def _frames(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Docker's multiplexed stream, undone; a frame that is not whole at the end is dropped."""
    held = b""
    for piece in pieces:
        held += piece
        while len(held) >= _HEADER.size:
            source, length = _HEADER.unpack_from(held)
            end = _HEADER.size + length
            if len(held) < end:
                break
            yield source, held[_HEADER.size : end]
            held = held[end:]


def _refused(code: str, sentence: str) -> Refused:
    return Refused(Reason(code, sentence))
