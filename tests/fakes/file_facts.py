"""Who registers what in tests of the file catalogue; and whether its tables hold when all is counted anew."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import select

from services.catalogue.adapters.files_sql.store import SqlFiles
from services.catalogue.adapters.files_sql.tables import (
    directories,
    directory_tree,
    directory_usage,
    files,
    replicas,
)
from services.catalogue.domain.files.entries import Actor, Attributes, NewFile
from services.catalogue.domain.files.errors import CatalogueError
from services.catalogue.domain.files.lfn import above, is_below

ALICE = Actor(name="alice", group="user", groups=("user",), vo="vo")
BOB = Actor(name="bob", group="prod", groups=("prod",), vo="vo")
NOW = 1_700_000_000.0
LATER = NOW + 60


def agreed(_: Attributes) -> bool:
    return True


def new_file(lfn: str, size: int = 12, **more: Any) -> NewFile:
    return NewFile(lfn=lfn, size=size, checksum="cc500ba0", **more)


def check_sums(store: SqlFiles) -> None:
    """Every directory carries what is below it, and the closure holds each way there is, once."""
    database = store._database
    with database.read() as connection:
        known = connection.execute(select(directories)).all()
        paths = {row.id: row.path for row in known}
        kept = [(paths[row.directory_id], row) for row in connection.execute(select(files))]
        places = connection.execute(select(replicas)).all()
        ways = {tuple(row) for row in connection.execute(select(directory_tree))}
        used = connection.execute(select(directory_usage)).all()
    by_id = {row.id: (path, row) for path, row in kept}
    for directory in known:
        below = [row for path, row in kept if is_below(path, directory.path)]
        inside = [path for path in paths.values() if is_below(path, directory.path)]
        told = (directory.files, directory.bytes, directory.directories)
        assert told == (len(below), sum(row.size for row in below), len(inside) - 1), directory.path
    assert ways == _ways(paths)
    counted: dict[tuple[int, int], list[int]] = {}
    for replica in places:
        path, row = by_id[replica.file_id]
        for number, other in paths.items():
            if is_below(path, other):
                sums = counted.setdefault((number, replica.se_id), [0, 0])
                sums[0] += 1
                sums[1] += row.size
    told_usage = {
        (row.directory_id, row.se_id): [row.files, row.bytes] for row in used if row.files or row.bytes
    }
    assert told_usage == counted


def _ways(paths: Mapping[int, str]) -> set[tuple[int, int, int]]:
    ids = {path: number for number, path in paths.items()}
    return {
        (ids[way], number, steps)
        for number, path in paths.items()
        for steps, way in enumerate([path, *reversed(above(path))])
    }


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What `count` simultaneous calls return, or the CatalogueError that each raised."""
    barrier = threading.Barrier(count)

    def run(number: int) -> object:
        barrier.wait()
        try:
            return work(number)
        except CatalogueError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def kinds(results: Iterable[object]) -> dict[str, int]:
    """How many of each: names of errors, values of the rest."""
    return dict(
        Counter(type(each).__name__ if isinstance(each, Exception) else str(each) for each in results)
    )
