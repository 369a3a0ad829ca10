"""The kinds of owner, group and mode that are found below a directory."""

from typing import Any, Final

from sqlalchemy import Connection, Select, Table, bindparam, select

from services.catalogue.adapters.files_sql.tables import (
    directories,
    directory_tree,
    files,
    owner_groups,
    owners,
)
from services.catalogue.domain.files.entries import Attributes, Status

_T: Final = directory_tree.c


def _kinds(table: Table, place: Any) -> Select[Any]:
    entries = table.join(directory_tree, _T.directory_id == place)
    named = entries.join(owners, owners.c.id == table.c.owner_id)
    return (
        select(table.c.owner_id, owners.c.name, table.c.group_id, owner_groups.c.name, table.c.mode)
        .select_from(named.join(owner_groups, owner_groups.c.id == table.c.group_id))
        .where(_T.ancestor_id == bindparam("id"))
        .distinct()
    )


_DIRECTORIES: Final = _kinds(directories, directories.c.id)
_FILES: Final = _kinds(files, files.c.directory_id)


def kinds_below(connection: Connection, number: int, *, with_files: bool) -> list[Attributes]:
    """The directory itself is one of them; what they do not say is made up."""
    rows = list(connection.execute(_DIRECTORIES, {"id": number}))
    if with_files:
        rows += connection.execute(_FILES, {"id": number}).all()
    return [
        Attributes(
            uid=uid,
            owner=owner,
            gid=gid,
            group=group,
            mode=mode,
            status=Status.GOOD,
            created_at=0,
            modified_at=0,
        )
        for uid, owner, gid, group, mode in rows
    ]
