"""What a container remembers of its run: its labels, so that a worker that comes later can go on with it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.compute.domain.ids import Tag, uid_of
from services.compute.domain.layout import OUTPUT, STDERR, STDOUT
from services.compute.ports.engines import Limits, RunSpec

INSTANCE = "tidegate.instance"
TAG = "tidegate.tag"
RUN = "tidegate.run"
OUTSIDE = "tidegate.outside"  # a network that the container is connected to before it starts


@dataclass(frozen=True, slots=True)
class Record:
    """`writable` are the folders of this machine that count for the disk limit."""

    tag: Tag
    log_folder: Path
    log_name: str
    split_logs: bool
    limits: Limits
    writable: tuple[Path, ...]
    command: str

    @property
    def log_files(self) -> Mapping[str, Path]:
        """Kind of the stream -> the file that it goes to."""
        kinds = (STDOUT, STDERR) if self.split_logs else (OUTPUT,)
        return {kind: self.log_folder / f"{self.log_name}.{kind}" for kind in kinds}

    def note(self, kind: str) -> Path:
        """A file of the engine's own beside the logs; no stream has such a name."""
        return self.log_folder / f".{self.log_name}.{kind}"

    def labels(self, instance: str) -> dict[str, str]:
        document = {
            "log_folder": str(self.log_folder),
            "log_name": self.log_name,
            "split_logs": self.split_logs,
            "limits": asdict(self.limits),
            "writable": [str(folder) for folder in self.writable],
            "command": self.command,
        }
        return {INSTANCE: instance, TAG: self.tag, RUN: json.dumps(document, sort_keys=True)}


def record_of(spec: RunSpec) -> Record:
    return Record(
        tag=spec.tag,
        log_folder=spec.log_folder.absolute(),
        log_name=spec.log_name,
        split_logs=spec.split_logs,
        limits=spec.limits,
        writable=tuple(dict.fromkeys(mount.host.absolute() for mount in spec.mounts if mount.writable)),
        command=spec.command[0] if spec.command else "",
    )


def read_record(labels: Mapping[str, Any]) -> Record:
    """The inverse of Record.labels."""
    document = json.loads(labels[RUN])
    return Record(
        tag=Tag(labels[TAG]),
        log_folder=Path(document["log_folder"]),
        log_name=document["log_name"],
        split_logs=document["split_logs"],
        limits=Limits(**document["limits"]),
        writable=tuple(Path(folder) for folder in document["writable"]),
        command=document["command"],
    )


def instance_of(work: Path) -> str:
    """Names one deployment, by the work folder that its service and workers share."""
    return hashlib.sha256(str(work.resolve()).encode()).hexdigest()[:16]


def user_of(tag: Tag, own_uid: int) -> int:
    """The uid inside: all runs of a job share one that belongs to nobody else. A worker that is not root
    lends its own, since it could not read another's files.
    """
    if own_uid != 0:
        return own_uid
    uid = uid_of(tag) or hashlib.sha256(tag.encode()).hexdigest()
    return 1_000_000_000 + int(uid[:7], 16)
