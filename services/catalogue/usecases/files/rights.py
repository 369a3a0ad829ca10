"""Who sees and who may do what in the tree: a VO's own, then POSIX bits of directories (contract 3.5).

Files are as their directory allows. Where a path is not there, the closest directory above it decides.
"""

from collections.abc import Iterable, Mapping

from services.catalogue.domain.files.entries import Actor, Attributes, NewAttributes
from services.catalogue.domain.files.errors import CatalogueError, NotPermitted, NotThere
from services.catalogue.domain.files.lfn import ROOT, child, is_below
from services.catalogue.domain.files.rights import Wish, allows, owns
from services.catalogue.file_ports import Agree, FileTree, Nearest


class Rights:
    def __init__(self, tree: FileTree, *, global_read: bool = True) -> None:
        """`global_read`: members of a VO read all of its tree, whatever the modes."""
        self._tree = tree
        self._global_read = global_read

    def vo(self, actor: Actor) -> str:
        """Raises NotPermitted."""
        if actor.vo is None:
            raise NotPermitted(
                "The file catalogue is a VO's: use a token that was made for one of your groups."
            )
        return actor.vo

    def top(self, actor: Actor) -> str:
        """The directory in which all of the actor's VO lies. Raises NotPermitted."""
        vo = self.vo(actor)
        if "/" in vo or vo in ("", ".", ".."):
            raise NotPermitted("The VO's name is no directory's.")
        return child(ROOT, vo)

    def see(self, actor: Actor, *paths: str) -> None:
        """Raises NotThere outside the actor's VO (the root is everybody's), NotPermitted without one."""
        top = self.top(actor)
        for path in paths:
            if path != ROOT and not is_below(path, top):
                raise NotThere(f"There is no {path}")

    def read(self, actor: Actor, *paths: str) -> None:
        """Raises NotThere, NotPermitted."""
        self.see(actor, *paths)
        if not self._global_read and not actor.is_manager:
            self._raise_first(self._refusals(actor, paths, Wish.READ))

    def write(self, actor: Actor, *directories: str) -> None:
        """For a file: its directory. Raises NotThere, NotPermitted."""
        self.see(actor, *directories)
        self._raise_first(self._refusals(actor, directories, Wish.WRITE))

    def refusals(self, actor: Actor, directories: Iterable[str]) -> Mapping[str, CatalogueError]:
        """Those of `directories` that may not be written to, and why. Raises NotPermitted without a VO."""
        top = self.top(actor)
        asked = set(directories)
        found: dict[str, CatalogueError] = {
            path: NotThere(f"There is no {path}") for path in asked if not is_below(path, top)
        }
        found.update(self._refusals(actor, sorted(asked - set(found)), Wish.WRITE))
        return found

    def may_write(self, actor: Actor, attributes: Attributes) -> bool:
        """To a directory that has these, in the actor's VO."""
        return allows(attributes, actor, Wish.WRITE)

    def change(self, actor: Actor, change: NewAttributes) -> Agree:
        """Whether they may do it to what has given attributes. Raises NotPermitted when to nothing at all."""
        self.vo(actor)
        if change.owner is not None and not actor.is_manager:
            raise NotPermitted("Only a manager of the file catalogue gives things away.")
        if change.group is not None and change.group not in actor.groups and not actor.is_manager:
            raise NotPermitted("You are not in that group.")
        is_owners = change.mode is not None or change.group is not None
        return lambda attributes: (
            owns(attributes, actor) or (not is_owners and allows(attributes, actor, Wish.WRITE))
        )

    def _refusals(self, actor: Actor, paths: Iterable[str], wish: Wish) -> dict[str, CatalogueError]:
        if actor.is_manager:
            refused = [path for path in paths if path == ROOT and wish is Wish.WRITE]
            return {path: _refusal(path, wish) for path in refused}
        nearest = self._tree.nearest(list(paths))
        return {
            path: _refusal(path, wish)
            for path, found in nearest.items()
            if not _is_allowed(path, found, actor, wish)
        }

    def _raise_first(self, refusals: Mapping[str, CatalogueError]) -> None:
        for error in refusals.values():
            raise error


def _is_allowed(path: str, nearest: Nearest, actor: Actor, wish: Wish) -> bool:
    """Under the root nothing but a VO's top directory is made, by any of its members; the root itself changes
    for nobody.
    """
    if nearest.directory.path == ROOT:
        return wish is Wish.READ or path != ROOT
    return allows(nearest.directory.attributes, actor, wish)


def _refusal(path: str, wish: Wish) -> NotPermitted:
    if path == ROOT:
        return NotPermitted("Nothing is written to the root but a VO's own directory, by its members.")
    return NotPermitted(f"You may not {'write to' if wish is Wish.WRITE else 'read'} {path}")
