"""Where the bytes of files are, and the storage elements that keep them."""

from collections.abc import Sequence
from dataclasses import replace

from services.catalogue.domain.files.entries import Actor, File, Status, StorageElement
from services.catalogue.domain.files.errors import NotThere
from services.catalogue.domain.files.lfn import parent_of, parse_lfn
from services.catalogue.domain.files.registering import checked_replica, checked_se, refuse_own
from services.catalogue.file_ports import FileTree
from services.catalogue.ports import Clock
from services.catalogue.usecases.files.rights import Rights
from services.catalogue.usecases.files.visibility import shown


class Replicas:
    def __init__(self, tree: FileTree, rights: Rights, clock: Clock, *, own_se: str | None = None) -> None:
        """`own_se`: the storage element whose bytes this installation keeps."""
        self._tree, self._rights, self._clock = tree, rights, clock
        self._own_se = own_se

    def of(self, actor: Actor, lfn: str, *, all_statuses: bool = False) -> File:
        """Raises NotThere, NotPermitted, InvalidPath."""
        where = parse_lfn(lfn)
        self._rights.read(actor, where)
        return shown(self._tree.file(where, with_replicas=True), all_statuses=all_statuses)

    def set(  # noqa: PLR0913 - keywords only: each says one thing of the replica
        self,
        actor: Actor,
        lfn: str,
        se: str,
        *,
        pfn: str,
        status: Status = Status.GOOD,
        moves_from: str | None = None,
        must_be_new: bool = False,
        by_service: bool = False,
    ) -> File:
        """Adds it, puts it in the place of the one at `se`, or moves the one at `moves_from` there.

        Raises NotThere, NotPermitted, Conflict, InvalidPath, InvalidValue.
        """
        where = parse_lfn(lfn)
        replica = checked_replica(where, se, pfn, status)
        refuse_own({replica.se: replica.pfn}, self._own_se, by_service=by_service)
        if moves_from is not None:
            refuse_own({checked_se(moves_from): ""}, self._own_se, by_service=by_service)
        self._rights.write(actor, parent_of(where))
        return self._tree.set_replica(
            where, replica, moves_from=moves_from, must_be_new=must_be_new, now=self._clock.now()
        )

    def set_status(self, actor: Actor, lfn: str, se: str, status: Status) -> File:
        """Of one that is there. Raises NotThere, NotPermitted, InvalidPath."""
        known = {replica.se: replica for replica in self.of(actor, lfn, all_statuses=True).replicas}
        if se not in known:
            raise NotThere(f"There is no replica at {se}")
        return self.set(actor, lfn, se, pfn=known[se].pfn, status=status, moves_from=se)

    def remove(self, actor: Actor, lfn: str, se: str, *, force: bool = False) -> None:
        """`force`: the last one too. Raises NotThere, NotPermitted, Conflict, InvalidPath."""
        where = parse_lfn(lfn)
        self._rights.write(actor, parent_of(where))
        self._tree.remove_replica(where, se, last_too=force, now=self._clock.now())

    def storage_elements(self, actor: Actor) -> Sequence[StorageElement]:
        """Those that the actor's VO has replicas on, and this installation's own, by name. Raises
        NotPermitted.
        """
        top = self._rights.top(actor)
        used = self._tree.usage(top) if self._tree.nearest([top])[top].is_itself else {}
        found = {element.name: element for element in self._tree.storage_elements() if element.name in used}
        if self._own_se is not None:
            own = found.get(self._own_se, StorageElement(name=self._own_se))
            found[self._own_se] = replace(own, is_own=True)
        return [found[name] for name in sorted(found)]
