"""Directories and files as DIRAC's clients read them (contract 3.4)."""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from libs.web.params import BadParams
from services.catalogue.domain.files.entries import Attributes, Directory, File, Replica

Document = dict[str, Any]
Choose = Callable[[Document], Document]


@lru_cache(maxsize=4096)
def date(at: float) -> str:
    """`2014-02-25 12:10:46`, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


def directory_attributes(directory: Directory) -> Document:
    return {"DirID": directory.id, **_common(directory.attributes)}


def file_attributes(file: File) -> Document:
    """Without its name."""
    return {
        "FileID": file.id,
        "Size": file.size,
        "Checksum": file.checksum,
        "ChecksumType": file.checksum_type,
        "GUID": file.guid,
        "Type": file.type,
        **_common(file.attributes),
    }


def replicas(found: Sequence[Replica]) -> Document:
    """By storage element, the master first."""
    return {
        replica.se: {"PFN": replica.pfn, "Status": replica.status, "Type": replica.type} for replica in found
    }


def detailed(file: File, choose: Choose, *, with_replicas: bool) -> Document:
    """As it stands in a listing."""
    shown: Document = {"MetaData": choose(file_attributes(file))}
    if with_replicas:
        shown["Replicas"] = replicas(file.replicas)
    return shown


@lru_cache(maxsize=1024)
def _common(attributes: Attributes) -> Document:
    """What neighbours registered together have alike; nobody changes it."""
    mode = attributes.mode
    return {
        "UID": attributes.uid,
        "Owner": attributes.owner,
        "GID": attributes.gid,
        "OwnerGroup": attributes.group,
        "Mode": mode,
        "ModeString": f"{mode:04o}",
        "Status": attributes.status,
        "CreationDate": date(attributes.created_at),
        "ModificationDate": date(attributes.modified_at),
    }


FILE_MEMBERS: Final = (
    *("FileID", "Size", "Checksum", "ChecksumType", "GUID", "Type", "UID", "Owner", "GID", "OwnerGroup"),
    *("Mode", "ModeString", "Status", "CreationDate", "ModificationDate"),
)
DIRECTORY_MEMBERS: Final = ("DirID", *FILE_MEMBERS[6:])


def choosing(names: Sequence[str], known: Sequence[str]) -> Choose:
    """Keeps the members that `fields=` names, all without names. Raises BadParams."""
    if not names:
        return lambda document: document
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadParams("fields", f"fields may name {', '.join(known)}.")
    wanted = frozenset(names)
    return lambda document: {name: value for name, value in document.items() if name in wanted}
