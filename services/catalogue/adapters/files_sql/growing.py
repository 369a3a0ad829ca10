"""New directories: each path is made by one transaction, with everything above it.

Whoever makes directories has the tree of their VO for themself; whoever only adds to directories that are
there shares it (work.py). That also keeps a file and a directory from getting the same name.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, bindparam, select

from services.catalogue.adapters.files_sql.bulk_rows import Places, insert_rows
from services.catalogue.adapters.files_sql.counting import Deltas
from services.catalogue.adapters.files_sql.finding import SqlFinding, ids_at, places_of
from services.catalogue.adapters.files_sql.naming import number_of_group, number_of_owner
from services.catalogue.adapters.files_sql.tables import directories, directory_tree, files
from services.catalogue.adapters.files_sql.work import (
    Overtaken,
    batched,
    insert_new,
    moment,
    path_hash,
)
from services.catalogue.domain.files.entries import DEFAULT_MODE, Actor, Status
from services.catalogue.domain.files.errors import Conflict
from services.catalogue.domain.files.lfn import ROOT, above, child, name_of, parent_of

T = TypeVar("T")
ROOT_OWNER: Final = "root"
ROOT_MODE: Final = 0o755
_PLACED: Final = select(directories.c.path, files.c.name).join(
    files, files.c.directory_id == directories.c.id
)
_FILES: Final = Places(_PLACED, files.c.directory_id, files.c.name)
_WAYS: Final = select(
    directory_tree.c.directory_id, directory_tree.c.ancestor_id, directory_tree.c.depth
).where(directory_tree.c.directory_id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Ground:
    """The directories that a transaction stands on: ids of those that are there, files that have the name of
    one that is not.
    """

    ids: dict[str, int]
    in_the_way: Collection[str] = field(default=frozenset())

    def obstacle(self, path: str) -> str | None:
        """The file where a directory would have to be for `path` to be one."""
        if not self.in_the_way or path in self.ids:
            return None
        return next((way for way in (*above(path), path) if way in self.in_the_way), None)


@dataclass(frozen=True, slots=True)
class Making:
    """Who makes directories, and when."""

    maker: Actor
    now: float


class SqlGrowing(SqlFinding):
    def make_directory(self, path: str, maker: Actor, mode: int, now: float) -> bool:
        def work(connection: Connection, ground: Ground) -> bool:
            if (obstacle := ground.obstacle(path)) is not None:
                raise Conflict(f"{obstacle} is a file")
            deltas = Deltas()
            made = make(connection, ground, [path], Making(maker, now), deltas, mode)
            deltas.apply(connection)
            return path in made

        return self._write_on([path], work)

    def _write_on(self, paths: Sequence[str], work: Callable[[Connection, Ground], T]) -> T:
        """As _write, for what stands on directories at `paths`; it begins again with their trees for itself
        when some are missing, or somebody else was faster.
        """
        wanted = sorted({*paths, *(way for path in paths for way in above(path))})
        alone = self._database.is_sqlite

        def run(connection: Connection) -> T:
            nonlocal alone
            self._hold_trees(connection, paths, alone=alone)
            ids = ids_at(connection, wanted)
            missing = [path for path in wanted if path not in ids]
            try:
                if missing and not alone:
                    raise Overtaken("directories are missing")
                return work(connection, Ground(ids, _files_among(connection, missing, ids)))
            except Overtaken:
                alone = True
                raise

        return self._write(run)


def make(
    connection: Connection,
    ground: Ground,
    paths: Iterable[str],
    making: Making,
    deltas: Deltas,
    mode: int = DEFAULT_MODE,
) -> set[str]:
    """Those of `paths` and above them that are not there, level by level; `mode` is for `paths` themselves.
    What was made; `ground` knows it then.
    """
    asked = set(paths)
    levels: dict[int, set[str]] = {}
    for path in asked:
        for way in (*above(path), path):
            if way not in ground.ids:
                levels.setdefault(_depth(way), set()).add(way)
    if not levels:
        return set()
    common = _common(connection, making)
    for depth in sorted(levels):
        rows = [
            {
                "parent_id": ground.ids[parent_of(path)],
                "path": path,
                "path_hash": path_hash(path),
                "name": name_of(path),
                "depth": depth,
                "mode": mode if path in asked else DEFAULT_MODE,
            }
            for path in sorted(levels[depth])
        ]
        made = insert_rows(connection, directories, rows, common, ("id", "path"))
        if len(made) != len(rows):
            raise Overtaken("a directory was made by somebody else")
        ground.ids.update((path, number) for number, path in made)
        for path in levels[depth]:
            deltas.count(ground.ids[parent_of(path)], directories=1)
        _plant_ways(connection, [(ground.ids[path], ground.ids[parent_of(path)]) for path in levels[depth]])
    return set().union(*levels.values())


def plant(connection: Connection, now: float = 0.0) -> None:
    """The root, where it is missing."""
    if ids_at(connection, [ROOT]):
        return
    nobody = Actor(name=ROOT_OWNER, group=ROOT_OWNER, groups=(), vo=None)
    row = {
        **_common(connection, Making(nobody, now)),
        "parent_id": None,
        "path": ROOT,
        "path_hash": path_hash(ROOT),
        "name": "",
        "depth": 0,
        "mode": ROOT_MODE,
    }
    is_sqlite = connection.dialect.name == "sqlite"
    connection.execute(insert_new(directories, is_sqlite), [row])
    number = ids_at(connection, [ROOT])[ROOT]
    way = {"ancestor_id": number, "directory_id": number, "depth": 0}
    connection.execute(insert_new(directory_tree, is_sqlite), [way])


def _common(connection: Connection, making: Making) -> dict[str, Any]:
    return {
        "owner_id": number_of_owner(connection, making.maker.name),
        "group_id": number_of_group(connection, making.maker.group),
        "status": Status.GOOD.value,
        "created_at": moment(making.now),
        "modified_at": moment(making.now),
        "files": 0,
        "bytes": 0,
        "directories": 0,
    }


def _plant_ways(connection: Connection, made: Sequence[tuple[int, int]]) -> None:
    """Of new directories with their parents: the closure's rows."""
    ways: dict[int, list[tuple[int, int]]] = {}
    for some in batched(sorted({parent for _, parent in made})):
        for number, way, depth in connection.execute(_WAYS, {"ids": list(some)}):
            ways.setdefault(number, []).append((way, depth))
    rows = [{"ancestor_id": number, "directory_id": number, "depth": 0} for number, _ in made]
    rows += [
        {"ancestor_id": way, "directory_id": number, "depth": depth + 1}
        for number, parent in made
        for way, depth in ways[parent]
    ]
    insert_rows(connection, directory_tree, rows, {}, ("directory_id",))


def _files_among(connection: Connection, paths: Sequence[str], ids: dict[str, int]) -> frozenset[str]:
    """Those of `paths` that are files, where their directory is there."""
    rows = _FILES.find(connection, places_of(ids, paths))
    return frozenset(child(path, name) for path, name in rows)


def _depth(path: str) -> int:
    return path.count("/")
