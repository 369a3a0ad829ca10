"""Which files a file comes from, and which come from it."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.catalogue.domain.files.entries import Actor
from services.catalogue.domain.files.errors import InvalidValue
from services.catalogue.domain.files.lfn import parent_of, parse_lfn
from services.catalogue.file_ports import FileTree
from services.catalogue.usecases.files.rights import Rights

MAX_DEPTH: Final = 1_000_000
MAX_ANCESTORS: Final = 100


class Provenance:
    def __init__(self, tree: FileTree, rights: Rights) -> None:
        self._tree, self._rights = tree, rights

    def ancestors(self, actor: Actor, lfn: str, depth: int = MAX_DEPTH) -> Mapping[str, int]:
        """How many steps each is away. Raises NotThere, NotPermitted, InvalidPath, InvalidValue."""
        return self._tree.ancestors(self._readable(actor, lfn), _checked_depth(depth))

    def descendants(self, actor: Actor, lfn: str, depth: int = MAX_DEPTH) -> Mapping[str, int]:
        """As `ancestors`."""
        return self._tree.descendants(self._readable(actor, lfn), _checked_depth(depth))

    def add(self, actor: Actor, lfn: str, ancestors: Sequence[str]) -> None:
        """Raises NotThere, NotPermitted, Conflict (a circle), InvalidPath, InvalidValue, TooMuch."""
        where = parse_lfn(lfn)
        if not 1 <= len(ancestors) <= MAX_ANCESTORS:
            raise InvalidValue("Ancestors", f"are between 1 and {MAX_ANCESTORS}")
        wanted = [parse_lfn(ancestor) for ancestor in ancestors]
        self._rights.write(actor, parent_of(where))
        self._rights.read(actor, *wanted)
        self._tree.add_ancestors(where, wanted)

    def _readable(self, actor: Actor, lfn: str) -> str:
        where = parse_lfn(lfn)
        self._rights.read(actor, where)
        return where


def _checked_depth(depth: int) -> int:
    if not 1 <= depth <= MAX_DEPTH:
        raise InvalidValue("depth", f"is between 1 and {MAX_DEPTH}")
    return depth
