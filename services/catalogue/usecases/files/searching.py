"""Searching by metadata: directories, files, and which values go together."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.catalogue.domain.files.conditions import Wanted, read_pairs
from services.catalogue.domain.files.entries import Actor, File
from services.catalogue.domain.files.errors import NotThere
from services.catalogue.domain.files.fields import Condition, Field, FieldType, Level, Match, Operator, Value
from services.catalogue.domain.files.lfn import ROOT, parse_lfn
from services.catalogue.domain.files.metasets import resolved
from services.catalogue.domain.files.standard import STANDARD
from services.catalogue.file_ports import FileMetadata
from services.catalogue.usecases.files.rights import Rights

DEFAULT_LIMIT: Final = 10_000
Pairs = Sequence[tuple[str, str]]  # name and `op|value`, as a query has them


class Searching:
    """At the root everything is answered from the actor's VO, and conditions name that VO's fields."""

    def __init__(self, store: FileMetadata, rights: Rights) -> None:
        self._store = store
        self._rights = rights

    def directories(
        self,
        actor: Actor,
        path: str,
        conditions: Pairs,
        *,
        lenient: bool = False,
        limit: int = DEFAULT_LIMIT,
    ) -> tuple[Sequence[Match], bool]:
        """Those that fit, by path, and whether there are more. Raises NotThere, NotPermitted, InvalidPath,
        InvalidCondition.
        """
        path = self._readable(actor, path)
        typed = self._typed(actor, conditions, (Level.DIRECTORY,), lenient=lenient)
        if path != ROOT:
            matches, is_more, _ = self._store.matching(path, typed, limit)
            return matches, is_more
        files = size = 0
        try:
            matches, is_more, top = self._store.matching(self._rights.top(actor), typed, limit)
            files, size = top.files, top.bytes
        except NotThere:  # nobody has put anything into the VO yet
            matches, is_more = [], False
        if _holds_for_root(typed):
            every = [Match(ROOT, files, size), *matches]
            matches, is_more = every[:limit], is_more or len(every) > limit
        return matches, is_more

    def compatible(
        self,
        actor: Actor,
        path: str,
        conditions: Pairs,
        *,
        lenient: bool = False,
        with_files: bool = False,
    ) -> Mapping[str, Sequence[Value]]:
        """By field: the values that go together with the conditions, which name fields of directories;
        `with_files`: also of fields of files. Raises NotThere, NotPermitted, InvalidPath, InvalidCondition,
        TooMuch.
        """
        path = self._readable(actor, path)
        typed = self._typed(actor, conditions, (Level.DIRECTORY,), lenient=lenient)
        if path != ROOT:
            return self._store.compatible(path, typed, with_files=with_files)
        try:
            return self._store.compatible(self._rights.top(actor), typed, with_files=with_files)
        except NotThere:
            return {}

    def files(  # noqa: PLR0913 - all of them are words of the query
        self,
        actor: Actor,
        path: str,
        conditions: Pairs,
        *,
        lenient: bool = False,
        all_statuses: bool = False,
        limit: int = 1000,
        start: int = 0,
    ) -> tuple[int, Sequence[File]]:
        """By directory and name, and how many there are in all; conditions may name what all files have
        (domain/files/standard.py). Raises NotThere, NotPermitted, InvalidPath, InvalidCondition.
        """
        path = self._readable(actor, path)
        typed = self._typed(actor, conditions, tuple(Level), lenient=lenient, standard=STANDARD)
        try:
            place = self._rights.top(actor) if path == ROOT else path
            return self._store.find_files(place, typed, all_statuses=all_statuses, limit=limit, start=start)
        except NotThere:
            if path != ROOT:
                raise
            return 0, []

    def _readable(self, actor: Actor, path: str) -> str:
        path = parse_lfn(path)
        self._rights.read(actor, path)
        return path

    def _typed(
        self,
        actor: Actor,
        pairs: Pairs,
        levels: Sequence[Level],
        *,
        lenient: bool,
        standard: Mapping[str, Field] | None = None,
    ) -> list[Condition]:
        if not pairs:
            return []
        vo = self._rights.vo(actor)
        wanted: list[Wanted] = read_pairs(pairs)
        fields = self._store.fields(vo)
        usable = {
            **(standard or {}),
            **{
                name: field
                for name, field in fields.items()
                if field.level in levels or field.type is FieldType.METASET
            },
        }
        names_set = any(field.type is FieldType.METASET for field in usable.values())
        metasets = self._store.metasets(vo) if names_set else {}
        return resolved(wanted, usable, metasets, lenient=lenient)


def _holds_for_root(conditions: Sequence[Condition]) -> bool:
    """It has no values."""
    return all(condition.operator is Operator.MISSING for condition in conditions)
