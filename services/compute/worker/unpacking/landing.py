"""Where members of an archive are written: in a job's folders, through no link, within the room there is."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.compute.domain.archives.members import BadArchive, Kind, Member, parts_of, shown
from services.compute.worker import inside
from services.compute.worker.links import is_inner, is_spelled, leads_out
from services.compute.worker.workplace import file_mode, folder_mode

MAX_DEPTH: Final = 64
MAX_LINKS: Final = 10_000
ENTRY_BYTES: Final = 512  # that each member counts for at least: empty ones fill a disk too
_OF_NAMES: Final = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EMLINK, errno.EINVAL})


class TooLarge(Exception):
    """More bytes than there is room for."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place on this machine: `parts` below a folder of ours."""

    base: Path
    parts: tuple[str, ...]
    writable: bool  # by the job


class Landing:
    """`find` says where the parts of a member's name lead. `check` raises when time is over."""

    def __init__(
        self, find: Callable[[tuple[str, ...]], Target], room: int, check: Callable[[], None]
    ) -> None:
        self._find = find
        self._room = room
        self._check = check
        self._links: dict[tuple[str, ...], str] = {}
        self.used = 0  # bytes of room

    def take(self, members: Iterable[Member], *, executable: bool = False) -> None:
        """`executable`: all of its files are, whatever the archive says.

        Raises BadArchive, TooLarge, OSError, and what `check` does.
        """
        for member in members:
            self._check()
            self._use(ENTRY_BYTES)
            if len(member.parts) > MAX_DEPTH:
                raise BadArchive(f"folders in it lie more than {MAX_DEPTH} deep")
            with _explained(member):
                self._put(member, executable)
        if (link := leads_out(self._links)) is not None:
            raise BadArchive(f"it holds a link that leads out of its place: {shown('/'.join(link))}")

    def write(self, parts: tuple[str, ...], content: Iterable[bytes], *, executable: bool) -> None:
        """One file. Raises as take does."""
        target = self._find(parts)
        if not target.parts:
            raise IsADirectoryError(errno.EISDIR, "a folder of the job's is there")
        mode = file_mode(target.writable, executable)
        with inside.new_file(target.base, target.parts, mode, folder_mode(target.writable)) as file:
            for chunk in content:
                self._check()
                self._use(len(chunk))
                file.write(chunk)

    def _use(self, size: int) -> None:
        self.used += size
        if self.used > self._room:
            raise TooLarge

    def _put(self, member: Member, executable: bool) -> None:
        if member.kind is Kind.FOLDER:
            os.close(self._folder(member.parts))
        elif not member.parts:
            raise BadArchive("its top is no folder")
        elif member.kind is Kind.FILE:
            self._links.pop(member.parts, None)
            self.write(member.parts, member.content, executable=member.executable or executable)
        elif member.kind is Kind.LINK:
            self._link(member)
        else:
            self._same(member)

    def _link(self, member: Member) -> None:
        if not is_spelled(member.target) or not is_inner(member.parts, member.target):
            raise BadArchive(f"it holds a link that leads out of its place: {shown('/'.join(member.parts))}")
        if len(self._links) >= MAX_LINKS:
            raise BadArchive(f"it holds more than {MAX_LINKS} links")
        with _closing(self._folder(member.parts[:-1])) as at:
            inside.clear_place(at, member.parts[-1])
            os.symlink(member.target, member.parts[-1], dir_fd=at)
        self._links[member.parts] = member.target

    def _same(self, member: Member) -> None:
        """Another name of a plain file."""
        source = parts_of(member.target)
        if not source:
            raise BadArchive("a name in it is of a file that is not there")
        if source == member.parts:
            return
        with _closing(self._folder(source[:-1])) as there, _closing(self._folder(member.parts[:-1])) as at:
            if not stat.S_ISREG(os.stat(source[-1], dir_fd=there, follow_symlinks=False).st_mode):
                raise BadArchive("a name in it is of something else than a plain file")
            inside.clear_place(at, member.parts[-1])
            os.link(source[-1], member.parts[-1], src_dir_fd=there, dst_dir_fd=at, follow_symlinks=False)
        self._links.pop(member.parts, None)

    def _folder(self, parts: tuple[str, ...]) -> int:
        target = self._find(parts)
        return inside.open_folder(target.base, target.parts, folder_mode(target.writable))


@contextlib.contextmanager
def _closing(opened: int) -> Iterator[int]:
    try:
        yield opened
    finally:
        os.close(opened)


@contextlib.contextmanager
def _explained(member: Member) -> Iterator[None]:
    """What the tree that came before does not let be is the archive's own fault; a full disk is not."""
    try:
        yield
    except (NotADirectoryError, IsADirectoryError, FileNotFoundError, FileExistsError) as error:
        name = shown("/".join(member.parts))
        raise BadArchive(f"one entry in it stands in the way of another: {name}") from error
    except OSError as error:
        if error.errno not in _OF_NAMES:
            raise
        raise BadArchive("it holds a name or a link that no file may have") from error
