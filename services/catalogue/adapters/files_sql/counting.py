"""What directories carry of all that lies below them: changed once for each directory in a transaction, last
of all, and from the highest id down, so that no two transactions wait for each other.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from services.catalogue.adapters.files_sql.tables import directories, directory_tree, directory_usage
from services.catalogue.adapters.files_sql.work import batched, upsert

_D, _T = directories.c, directory_tree.c
_WAYS: Final = select(_T.directory_id, _T.ancestor_id).where(
    _T.directory_id.in_(bindparam("ids", expanding=True))
)
_COUNT: Final = (
    update(directories)
    .where(_D.id == bindparam("at"))
    .values(
        files=_D.files + bindparam("more_files"),
        bytes=_D.bytes + bindparam("more_bytes"),
        directories=_D.directories + bindparam("more_directories"),
    )
)


class Deltas:
    """What a transaction adds in each directory, and takes away."""

    def __init__(self) -> None:
        self._counts: dict[int, list[int]] = {}
        self._usage: dict[tuple[int, int], list[int]] = {}

    def count(self, directory: int, *, files: int = 0, size: int = 0, directories: int = 0) -> None:
        """Of what came into `directory`, or went (negative)."""
        sums = self._counts.setdefault(directory, [0, 0, 0])
        sums[0] += files
        sums[1] += size
        sums[2] += directories

    def use(self, directory: int, se: int, *, files: int, size: int) -> None:
        """As `count`, of what lies on a storage element."""
        sums = self._usage.setdefault((directory, se), [0, 0])
        sums[0] += files
        sums[1] += size

    def apply(self, connection: Connection) -> None:
        """To each of the directories and all above them."""
        touched = {*self._counts, *(directory for directory, _ in self._usage)}
        ways = _ways(connection, sorted(touched))
        counts: dict[int, list[int]] = {}
        for directory, sums in self._counts.items():
            for at in ways[directory]:
                _add(counts.setdefault(at, [0, 0, 0]), sums)
        usage: dict[tuple[int, int], list[int]] = {}
        for (directory, se), sums in self._usage.items():
            for at in ways[directory]:
                _add(usage.setdefault((at, se), [0, 0]), sums)
        _write(connection, counts, usage)


def _add(sums: list[int], more: Sequence[int]) -> None:
    for index, each in enumerate(more):
        sums[index] += each


def _ways(connection: Connection, ids: Sequence[int]) -> dict[int, list[int]]:
    """Each directory itself and those above it."""
    found: dict[int, list[int]] = {number: [] for number in ids}
    for some in batched(ids):
        for number, way in connection.execute(_WAYS, {"ids": list(some)}):
            found[number].append(way)
    return found


def _write(
    connection: Connection, counts: dict[int, list[int]], usage: dict[tuple[int, int], list[int]]
) -> None:
    changed = [
        {"at": at, "more_files": sums[0], "more_bytes": sums[1], "more_directories": sums[2]}
        for at, sums in sorted(counts.items(), reverse=True)
        if any(sums)
    ]
    if changed:
        connection.execute(_COUNT, changed)
    used: list[dict[str, Any]] = [
        {"directory_id": at, "se_id": se, "files": sums[0], "bytes": sums[1]}
        for (at, se), sums in sorted(usage.items(), reverse=True)
        if any(sums)
    ]
    if used:
        connection.execute(_use(connection.dialect.name == "sqlite"), used)


@lru_cache(maxsize=2)
def _use(is_sqlite: bool) -> Any:
    """Kept: to make it costs more than to run it."""
    statement = upsert(directory_usage, is_sqlite)
    columns, more = directory_usage.c, statement.excluded
    added = {"files": columns.files + more.files, "bytes": columns.bytes + more.bytes}
    return statement.on_conflict_do_update(index_elements=["directory_id", "se_id"], set_=added)
