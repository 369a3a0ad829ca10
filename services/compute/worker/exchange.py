"""The folder through which slices go to one instance and results come back (slicework/protocol.py).

It is the job's: whatever stands there was perhaps put there by a work function. It is reached by descriptor,
never through a link, only plain files are read, and only so much of them.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from services.compute.domain.spec import Spec
from services.compute.worker import inside
from services.compute.worker.view import locate
from services.compute.worker.workplace import Workplace, remove_tree

IN: Final = "in"
OUT: Final = "out"
STOP: Final = "stop"
_OPEN_TO_ALL: Final = 0o777  # the job runs as another user, and only through its mount can anybody get there
_READABLE: Final = 0o755
_FILE: Final = 0o644


class Exchange:
    """Every method raises OSError when the folder is not what it was."""

    def __init__(self, base: Path, parts: Sequence[str]) -> None:
        self._base = base
        self._parts = tuple(parts)

    def make(self) -> None:
        """Before a run is started that looks there."""
        inside.make_folder(self._base, self._parts, _OPEN_TO_ALL)
        inside.make_folder(self._base, (*self._parts, IN), _READABLE)
        inside.make_folder(self._base, (*self._parts, OUT), _OPEN_TO_ALL)

    def clear(self) -> None:
        """When no run looks there any more."""
        remove_tree(self._base.joinpath(*self._parts))
        self.make()

    def put(self, seq: int, content: bytes) -> None:
        """A batch, whole at once."""
        self._place((*self._parts, IN), _name(seq), content)

    def stop(self) -> None:
        """No more will come."""
        self._place(self._parts, STOP, b"")

    def has(self, seq: int) -> bool:
        """Whether the batch was put there."""
        at = inside.open_folder(self._base, (*self._parts, IN))
        try:
            os.stat(_name(seq), dir_fd=at, follow_symlinks=False)
        except FileNotFoundError:
            return False
        finally:
            os.close(at)
        return True

    def read(self, seq: int, offset: int, most: int) -> bytes:
        """What came back of the batch, from there on; nothing when nothing did."""
        try:
            file = inside.open_file(self._base, (*self._parts, OUT, _name(seq)))
        except FileNotFoundError:
            return b""
        with file:
            file.seek(offset)
            return file.read(most)

    def drop(self, seq: int) -> None:
        """The batch is over."""
        for folder in (IN, OUT):
            at = inside.open_folder(self._base, (*self._parts, folder))
            try:
                with contextlib.suppress(IsADirectoryError, PermissionError):
                    inside.clear_place(at, _name(seq))
            finally:
                os.close(at)

    def _place(self, parts: Sequence[str], name: str, content: bytes) -> None:
        """By rename: who looks finds all of it or nothing."""
        fresh = f".{name}.new"
        with inside.new_file(self._base, (*parts, fresh), _FILE, _READABLE) as file:
            file.write(content)
        at = inside.open_folder(self._base, parts)
        try:
            os.rename(fresh, name, src_dir_fd=at, dst_dir_fd=at)
        finally:
            os.close(at)


def exchange_of(spec: Spec, index: int, place: Workplace) -> Exchange:
    """Of one instance of a sliced job."""
    assert spec.slices is not None
    spot = locate(spec.folders, spec.slices.folder)
    if spot is None or not spot.folder.writable:
        raise inside.NotPlain("slices have no writable folder")
    return Exchange(place.folder(spot.number), (*spot.parts, str(index)))


def _name(seq: int) -> str:
    return f"{seq}.jsonl"
