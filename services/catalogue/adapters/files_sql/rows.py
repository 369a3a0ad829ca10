"""Rows of directories, files and replicas as the domain has them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, Select, select, type_coerce

from services.catalogue.adapters.files_sql.tables import (
    directories,
    files,
    owner_groups,
    owners,
    replicas,
    storage_elements,
)
from services.catalogue.domain.files.entries import (
    Attributes,
    ChecksumType,
    Directory,
    File,
    FileType,
    Replica,
    ReplicaType,
    Status,
)
from services.catalogue.domain.files.lfn import child

_D, _F, _R = directories.c, files.c, replicas.c
STATUSES: Final = {each.value: each for each in Status}
_UTC_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH: Final = _UTC_EPOCH.replace(tzinfo=None)
_TYPES: Final = {each.value: each for each in FileType}
_CHECKSUMS: Final = {each.value: each for each in ChecksumType}


def _moments(columns: Any) -> list[ColumnElement[datetime]]:
    """As the driver has them: a thousand files are two thousand moments."""
    as_they_are = DateTime(timezone=True)
    return [type_coerce(columns[name], as_they_are) for name in ("created_at", "modified_at")]


def _seconds(moment: datetime) -> float:
    """SQLite forgets the zone, which is UTC."""
    return (moment - (_EPOCH if moment.tzinfo is None else _UTC_EPOCH)).total_seconds()


def select_directories() -> Select[Any]:
    """For directory_of."""
    named = directories.join(owners, owners.c.id == _D.owner_id)
    return select(
        _D.id, _D.path, _D.files, _D.bytes, _D.directories,
        _D.owner_id, owners.c.name, _D.group_id, owner_groups.c.name,
        _D.mode, _D.status, *_moments(_D),
    ).select_from(named.join(owner_groups, owner_groups.c.id == _D.group_id))  # fmt: skip


def directory_of(row: Any) -> Directory:
    id_, path, files_, bytes_, below, uid, owner, gid, group, mode, status, created_at, modified_at = row
    return Directory(
        id=id_,
        path=path,
        attributes=Attributes(
            uid=uid,
            owner=owner,
            gid=gid,
            group=group,
            mode=mode,
            status=STATUSES[status],
            created_at=_seconds(created_at),
            modified_at=_seconds(modified_at),
        ),
        files=files_,
        bytes=bytes_,
        directories=below,
    )


def select_files() -> Select[Any]:
    """For file_of. `directories` is joined."""
    placed = files.join(directories, _D.id == _F.directory_id)
    named = placed.join(owners, owners.c.id == _F.owner_id)
    return select(
        _F.id, _D.path, _F.name, _F.size, _F.checksum, _F.checksum_type, _F.guid, _F.type,
        _F.owner_id, owners.c.name, _F.group_id, owner_groups.c.name,
        _F.mode, _F.status, *_moments(_F),
    ).select_from(named.join(owner_groups, owner_groups.c.id == _F.group_id))  # fmt: skip


def file_of(row: Any, replicas_: Iterable[Replica] = ()) -> File:
    (
        id_, path, name, size, checksum, checksum_type, guid, type_,
        uid, owner, gid, group, mode, status, created_at, modified_at,
    ) = row  # fmt: skip
    return File(
        id=id_,
        lfn=child(path, name),
        size=size,
        checksum=checksum,
        checksum_type=_CHECKSUMS[checksum_type],
        guid=guid,
        type=_TYPES[type_],
        attributes=Attributes(
            uid=uid,
            owner=owner,
            gid=gid,
            group=group,
            mode=mode,
            status=STATUSES[status],
            created_at=_seconds(created_at),
            modified_at=_seconds(modified_at),
        ),
        replicas=tuple(replicas_),
    )


def select_replicas() -> Select[Any]:
    """The file's id, then what is for replica_of; the master first."""
    placed = replicas.join(storage_elements, storage_elements.c.id == _R.se_id)
    return (
        select(_R.file_id, storage_elements.c.name, _R.pfn, _R.status, _R.is_master)
        .select_from(placed)
        .order_by(_R.is_master.desc(), storage_elements.c.name)
    )


def replica_of(se: str, pfn: str, status: str, is_master: int) -> Replica:
    kind = ReplicaType.MASTER if is_master else ReplicaType.REPLICA
    return Replica(se=se, pfn=pfn, status=STATUSES[status], type=kind)
