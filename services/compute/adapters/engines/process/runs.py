"""The engine's state: one folder for each run, which says by itself what became of it."""

import contextlib
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.compute.adapters.engines.process import facts, locks
from services.compute.adapters.engines.process.orphans import kill_holders
from services.compute.adapters.engines.process.trees import remove_tree
from services.compute.domain.ids import Tag, uid_of

TRASH = ".trash-"
_WAKE = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


class RunFolder:
    """`path` may be missing: nothing is known of such a run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_known(self) -> bool:
        return self.path.is_dir()

    @property
    def is_started(self) -> bool:
        """A supervisor began its work: whatever became of it, nobody starts it again."""
        return (self.path / facts.STARTED).exists()

    @property
    def is_supervised(self) -> bool:
        """A supervisor lives, or somebody starts one this moment."""
        return locks.is_held(str(self.path / facts.LOCK))

    @property
    def is_alive(self) -> bool:
        """Its supervisor, or what is left of its sandbox."""
        return self.is_supervised or locks.is_held(str(self.path / facts.SANDBOX))

    def started(self) -> dict[str, str] | None:
        return facts.read(str(self.path), facts.STARTED)

    def inside(self) -> dict[str, str] | None:
        """The sandbox's first process, and what was chosen for it; None before there is one."""
        return facts.read(str(self.path), facts.INSIDE)

    @property
    def is_inhabited(self) -> bool:
        """The sandbox's first process lives."""
        return self.ended() is None and locks.is_held(str(self.path / facts.SANDBOX))

    def ended(self) -> dict[str, str] | None:
        return facts.read(str(self.path), facts.ENDED)

    def prepare(self) -> int:
        """Make the folder and open its lock, not yet taken."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkfifo(self.path / facts.WAKE, 0o600)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(self.path / facts.LOCK, flags, 0o600)

    def request_end(self) -> None:
        """Write it down first, then wake the supervisor: it opens its ear before it looks."""
        try:
            (self.path / facts.CANCEL).touch(mode=0o600)
        except (FileNotFoundError, NotADirectoryError):
            return
        with contextlib.suppress(OSError):  # nobody listens: it looks at its start, or is gone
            fd = os.open(self.path / facts.WAKE, _WAKE)
            try:
                os.write(fd, b"x")
            finally:
                os.close(fd)

    def end_orphan(self) -> None:
        """What is left of a sandbox whose supervisor died while it was being made: bubblewrap binds itself to
        its parent late in its start.
        """
        sandbox = self.path / facts.SANDBOX
        if locks.is_held(str(sandbox)) and not self.is_supervised:
            kill_holders(sandbox)

    def remove(self) -> None:
        """Unknown at once, gone a little later."""
        doomed = self.path.with_name(f"{TRASH}{uuid.uuid4().hex}")
        try:
            self.path.rename(doomed)
        except FileNotFoundError:
            return
        remove_tree(doomed)


class RunFolders:
    """All runs of one deployment. `root` is made when missing, for its owner alone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self) -> None:
        """And finish removals that were cut."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for entry in list(self.root.iterdir()):
            if entry.name.startswith(TRASH):
                with contextlib.suppress(OSError):  # somebody else is at it
                    remove_tree(entry)

    def of(self, name: str) -> RunFolder | None:
        """None for a text that is no name of ours: it never becomes a path."""
        return RunFolder(self.root / name) if uid_of(name) is not None else None

    def tags(self) -> Sequence[Tag]:
        try:
            return [Tag(name) for name in sorted(os.listdir(self.root)) if uid_of(name) is not None]
        except FileNotFoundError:
            return []

    def busy_cpus(self) -> Iterator[list[int]]:
        """Of each run that has not ended, as far as it is kept to some."""
        for tag in self.tags():
            run = RunFolder(self.root / tag)
            started = run.started()
            if started and started["cpus"] and not (run.path / facts.ENDED).exists():
                yield [int(cpu) for cpu in started["cpus"].split(",")]
