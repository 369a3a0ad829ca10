"""Directories: what lies in them, making and removing them, their attributes and sizes.

The root is everybody's and shows each of them their own VO only, in its numbers too.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.catalogue.domain.files.entries import (
    DEFAULT_MODE,
    Actor,
    Directory,
    Listing,
    NewAttributes,
    Status,
    Usage,
)
from services.catalogue.domain.files.errors import InvalidValue, NotPermitted
from services.catalogue.domain.files.lfn import ROOT, parent_of, parse_lfn
from services.catalogue.file_ports import FileTree
from services.catalogue.ports import Clock
from services.catalogue.usecases.files.rights import Rights
from services.catalogue.usecases.files.visibility import of_status

MAX_PAGE: Final = 10_000


class Directories:
    def __init__(self, tree: FileTree, rights: Rights, clock: Clock) -> None:
        self._tree, self._rights, self._clock = tree, rights, clock

    def list(
        self,
        actor: Actor,
        path: str,
        *,
        with_replicas: bool = False,
        all_statuses: bool = False,
        limit: int = MAX_PAGE,
        start: str | None = None,
    ) -> Listing:
        """Raises NotThere, NotPermitted, InvalidPath, InvalidValue (`limit`, or a `start` that is none)."""
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidValue("limit", f"is between 1 and {MAX_PAGE}")
        where = parse_lfn(path)
        self._rights.read(actor, where)
        if where == ROOT:
            return self._list_root(actor, all_statuses, start)
        found = self._tree.listing(
            where, with_replicas=with_replicas, all_statuses=all_statuses, limit=limit, start=start
        )
        if not with_replicas or all_statuses:
            return found
        return replace(found, files=tuple(of_status(file) for file in found.files))

    def make(self, actor: Actor, path: str, mode: int = DEFAULT_MODE) -> bool:
        """Whether it was not there. Raises NotPermitted, NotThere, Conflict, InvalidPath."""
        where = parse_lfn(path)
        self._rights.see(actor, where)
        if self._tree.nearest([where])[where].is_itself:
            return False
        self._rights.write(actor, where)
        return self._tree.make_directory(where, actor, mode, self._clock.now())

    def remove(self, actor: Actor, path: str, *, recursive: bool = False) -> int:
        """How many went. Raises NotThere, NotPermitted, NotEmpty, TooMuch, InvalidPath."""
        where = parse_lfn(path)
        self._rights.see(actor, where)
        self._tree.directory(where)
        if parent_of(where) != ROOT or where == ROOT:
            self._rights.write(actor, parent_of(where))
        return self._tree.remove_directories(
            where, recursive=recursive, agree=lambda attributes: self._rights.may_write(actor, attributes)
        )

    def attributes(self, actor: Actor, path: str) -> Directory:
        """Raises NotThere, NotPermitted, InvalidPath."""
        where = parse_lfn(path)
        self._rights.read(actor, where)
        found = self._tree.directory(where)
        return self._masked(found, self._top(actor)) if where == ROOT else found

    def change(self, actor: Actor, path: str, change: NewAttributes, *, recursive: bool = False) -> Directory:
        """Raises NotThere, NotPermitted, TooMuch, InvalidPath."""
        where = parse_lfn(path)
        self._rights.see(actor, where)
        if where == ROOT:
            raise NotPermitted("The root changes for nobody.")
        agree = self._rights.change(actor, change)
        return self._tree.change_directory(where, change, self._clock.now(), recursive=recursive, agree=agree)

    def size(self, actor: Actor, path: str) -> tuple[Directory, Mapping[str, Usage]]:
        """And what lies on each storage element. Raises NotThere, NotPermitted, InvalidPath."""
        where = parse_lfn(path)
        found = self.attributes(actor, where)
        if where != ROOT:
            return found, self._tree.usage(where)
        top = self._top(actor)
        return found, {} if top is None else self._tree.usage(top.path)

    def _list_root(self, actor: Actor, all_statuses: bool, start: str | None) -> Listing:
        if start is not None:
            raise InvalidValue("start", "the root has one page")
        top = self._top(actor)
        is_shown = top is not None and (all_statuses or top.attributes.status is Status.GOOD)
        return Listing(
            directory=self._masked(self._tree.directory(ROOT), top),
            subdirectories=(top,) if top is not None and is_shown else (),
            files=(),
            next=None,
        )

    def _top(self, actor: Actor) -> Directory | None:
        path = self._rights.top(actor)
        found = self._tree.nearest([path])[path]
        return found.directory if found.is_itself else None

    def _masked(self, root: Directory, top: Directory | None) -> Directory:
        if top is None:
            return replace(root, files=0, bytes=0, directories=0)
        return replace(root, files=top.files, bytes=top.bytes, directories=top.directories + 1)
