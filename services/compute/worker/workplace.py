"""The folders of a job on this machine (domain/layout.py says where), made, found and removed.

What is brought in is staged aside and put in place by one rename: a job's folders are whole or not there, and
a worker that woke up too late cannot write into those of a job that runs.
"""

import errno
import logging
import stat
from pathlib import Path

from services.compute.adapters.engines.process import trees
from services.compute.domain import layout
from services.compute.domain.spec import Folder, Spec
from services.compute.ports.engines import Mount
from services.compute.worker.view import seen_at

log = logging.getLogger(__name__)
_TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST})


class Workplace:
    """Of one attempt of one job."""

    def __init__(self, work: Path, uid: str, attempt: int) -> None:
        self._work = work
        self._uid = uid
        self.attempt = work / layout.attempt_folder(uid, attempt)
        self.logs = self.attempt / "logs"
        self._folders = self.attempt / "folders"

    def make(self) -> None:
        """Private to the service: what is mounted has rights of its own."""
        self._work.mkdir(parents=True, exist_ok=True)
        for folder in (self._work / self._uid, self.attempt, self.logs):
            folder.mkdir(mode=0o700, exist_ok=True)

    def log(self, stream: str) -> Path:
        return self.logs / stream

    @property
    def is_staged(self) -> bool:
        return self._folders.is_dir()

    def stage(self, fence: int) -> Path:
        """A fresh folder for what is brought under this lease; what earlier ones began goes."""
        for old in self.attempt.glob("staging-*"):
            remove_tree(old)
        aside = self.attempt / f"staging-{fence}"
        aside.mkdir(mode=0o700)
        return aside

    def put_in_place(self, aside: Path) -> None:
        """Whoever comes second leaves what is there."""
        try:
            aside.rename(self._folders)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            remove_tree(aside)

    def folder(self, number: int) -> Path:
        """Of the spec's folder `number`."""
        return self._folders / str(number)

    def mounts(self, spec: Spec) -> tuple[Mount, ...]:
        """Outer folders before those that lie in them. One that is seen at two places is mounted at both: its
        host folder is ours, and no link of the job's can stand for it.
        """
        mounts = [
            Mount(host=self.folder(number), path=path, writable=folder.writable)
            for number, folder in enumerate(spec.folders)
            for path in seen_at(folder)
        ]
        return tuple(sorted(mounts, key=lambda mount: mount.path.count("/")))

    def remove_folders(self) -> None:
        """Nothing can be started in them any more."""
        remove_tree(self._folders)

    def remove(self) -> None:
        """This attempt's folders, logs included."""
        remove_tree(self.attempt)

    def remove_job(self) -> None:
        remove_tree(self._work / self._uid)


def make_folder(path: Path, folder: Folder) -> None:
    """Jobs run as another user than the service: what they may write is open to whoever reaches it, and only
    through the mount can they.
    """
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(folder_mode(folder.writable))


def folder_mode(writable: bool) -> int:
    return 0o777 if writable else 0o755


def file_mode(writable: bool, executable: bool) -> int:
    mode = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH
    if writable:
        mode |= stat.S_IWGRP | stat.S_IWOTH
    if executable:
        mode |= stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
    return mode


def remove_tree(folder: Path) -> None:
    """Everything below, whatever a job made of it; what cannot be removed now is found again by upkeep."""
    try:
        trees.remove_tree(folder)
    except OSError as error:
        log.warning(
            "a job's folder cannot be removed", extra={"folder": folder.name, "reason": error.strerror}
        )
