"""Where files come from: `file_ancestors` holds every ancestor of a file with the fewest steps to it.

An ancestor that is removed takes its own rows along; what came before it stays known.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, case, select

from services.catalogue.adapters.files_sql.tables import file_ancestors
from services.catalogue.adapters.files_sql.work import batched, insert_all, upsert
from services.catalogue.domain.files.entries import NewFile
from services.catalogue.domain.files.errors import CatalogueError, Conflict, NotThere, TooMuch

MOST_ROWS: Final = 100_000  # of one transaction
_A: Final = file_ancestors.c
_ABOVE: Final = select(_A.file_id, _A.ancestor_id, _A.depth).where(
    _A.file_id.in_(bindparam("ids", expanding=True))
)
_BELOW: Final = select(_A.file_id, _A.depth).where(_A.ancestor_id == bindparam("id"))

Origins = dict[int | str, int]  # by id, or by LFN where there is none yet: steps


class Lineage:
    """Of new files, before they are there: which of them cannot be, and the rows of the others."""

    def __init__(self, new: Mapping[str, NewFile], known: Mapping[str, int], closure: "Closure") -> None:
        """`known` are the ids of ancestors that are there, `closure` what is known of those."""
        self.failed: dict[str, CatalogueError] = {}
        self._new, self._known, self._closure = new, known, closure
        self._origins: dict[str, Origins] = {}
        self._rows = 0
        self._walk()

    def rows(self, ids: Mapping[str, int]) -> list[dict[str, int]]:
        """`ids` are those that the new files got; sorted, so that no two transactions wait for each other."""
        found = [
            {
                "ancestor_id": ids[origin] if isinstance(origin, str) else origin,
                "file_id": ids[lfn],
                "depth": depth,
            }
            for lfn, origins in self._origins.items()
            for origin, depth in origins.items()
        ]
        return sorted(found, key=lambda row: (row["ancestor_id"], row["file_id"]))

    def _walk(self) -> None:
        """Ancestors first. What waits for itself in the end is a circle."""
        waiting = {lfn: set(self._new) & set(new.ancestors) for lfn, new in self._new.items()}
        children: dict[str, list[str]] = {}
        for lfn, ancestors in waiting.items():
            for ancestor in ancestors:
                children.setdefault(ancestor, []).append(lfn)
        ready = [lfn for lfn, ancestors in waiting.items() if not ancestors]
        for lfn in ready:  # grows
            self._settle(self._new[lfn])
            for child in children.get(lfn, ()):
                waiting[child].discard(lfn)
                if not waiting[child]:
                    ready.append(child)
        for lfn, ancestors in waiting.items():
            if ancestors:
                self.failed[lfn] = Conflict(f"{lfn} would be an ancestor of itself, or of one of its own")

    def _settle(self, new: NewFile) -> None:
        origins: Origins = {}
        for ancestor in new.ancestors:
            if ancestor in self._origins:
                _merge(origins, {ancestor: 0, **self._origins[ancestor]}.items())
            elif ancestor in self._known:
                number = self._known[ancestor]
                _merge(origins, {number: 0, **self._closure.get(number, {})}.items())
            else:
                self.failed[new.lfn] = NotThere(f"There is no file {ancestor}")
                return
        self._rows += len(origins)
        if self._rows > MOST_ROWS:
            self.failed[new.lfn] = TooMuch("More ancestors than one request takes.")
            return
        self._origins[new.lfn] = origins


Closure = Mapping[int, Mapping[int, int]]  # of a file: its ancestors, steps


def closure_of(connection: Connection, ids: Sequence[int]) -> Closure:
    found: dict[int, dict[int, int]] = {}
    for some in batched(ids):
        for number, ancestor, depth in connection.execute(_ABOVE, {"ids": list(some)}):
            found.setdefault(number, {})[ancestor] = depth
    return found


def link_new(connection: Connection, rows: Iterable[dict[str, int]]) -> None:
    insert_all(connection, file_ancestors, rows)


def link(connection: Connection, number: int, ancestors: Sequence[int]) -> None:
    """More ancestors of a file that is there, and of those that come from it. Raises Conflict, TooMuch."""
    closure = closure_of(connection, ancestors)
    origins: Origins = {}
    for ancestor in ancestors:
        _merge(origins, {ancestor: 0, **closure.get(ancestor, {})}.items())
    if number in origins:
        raise Conflict("The file would be an ancestor of itself.")
    below = [(number, 0), *(tuple(row) for row in connection.execute(_BELOW, {"id": number}))]
    if len(below) * len(origins) > MOST_ROWS:
        raise TooMuch("More ancestors and descendants than one request takes.")
    rows: list[dict[str, Any]] = [
        {"ancestor_id": origin, "file_id": each, "depth": steps + depth}
        for origin, depth in sorted(origins.items())
        for each, steps in sorted(below)
    ]
    if rows:
        connection.execute(_nearer(connection.dialect.name == "sqlite"), rows)


def _nearer(is_sqlite: bool) -> Any:
    statement = upsert(file_ancestors, is_sqlite)
    depth = statement.excluded.depth
    return statement.on_conflict_do_update(
        index_elements=["file_id", "ancestor_id"],
        set_={"depth": case((depth < _A.depth, depth), else_=_A.depth)},
    )


def _merge(origins: Origins, found: Iterable[tuple[Any, int]]) -> None:
    """One step further away each; the nearer way counts."""
    for origin, depth in found:
        if depth + 1 < origins.get(origin, depth + 2):
            origins[origin] = depth + 1
