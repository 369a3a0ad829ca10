"""The folders and files that a run needs before it starts."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from services.compute.adapters.engines.process import facts
from services.compute.adapters.engines.process.machine import Identity
from services.compute.adapters.engines.process.sandbox import HOME, SHM, TMP, by_depth, etc_files
from services.compute.adapters.engines.process.trees import make_folder
from services.compute.ports.engines import RunSpec


def log_paths(spec: RunSpec) -> Sequence[Path]:
    """Of standard output and standard error, or the one of both."""
    streams = ("stdout", "stderr") if spec.split_logs else ("output",)
    return [spec.log_folder / f"{spec.log_name}.{stream}" for stream in streams]


def make_places(folder: Path, spec: RunSpec, identity: Identity) -> None:
    """What the sandbox is made of. Mounts' own folders are the caller's: a missing one is an error."""
    owner = (identity.uid, identity.gid) if identity.is_own else None
    for name in (TMP, HOME, SHM):
        place = folder / facts.SCRATCH / name
        place.mkdir(parents=True, exist_ok=True)
        if owner is not None:
            os.chown(place, *owner)
    (folder / "etc").mkdir(exist_ok=True)
    for name, text in etc_files(identity, spec.network).items():
        (folder / "etc" / name).write_text(text, encoding="utf-8")
    for mount in spec.mounts:
        os.stat(mount.host)
    inner = [mount.path for mount in by_depth(spec.mounts)]
    if spec.working_folder is not None:
        inner.append(spec.working_folder)
    for path in inner:
        _make_below(path, spec, owner)
    spec.log_folder.mkdir(parents=True, exist_ok=True)
    for log in log_paths(spec):
        log.touch(mode=0o640)


def _make_below(path: str, spec: RunSpec, owner: tuple[int, int] | None) -> None:
    """A folder in a mount, for another mount or to work in; never through a link that a job left there."""
    for mount in reversed(by_depth(spec.mounts)):
        wanted = PurePosixPath(path)
        if path != mount.path and wanted.is_relative_to(mount.path):
            make_folder(mount.host, wanted.relative_to(mount.path).parts, owner)
            return
