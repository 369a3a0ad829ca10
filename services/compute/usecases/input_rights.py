"""Whether a job's owner may use what its inputs name: outputs of other jobs, and stored objects."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from services.compute.domain.errors import JobNotFound, OutputNotFound
from services.compute.domain.job import Stored
from services.compute.domain.objects import read_address
from services.compute.domain.spec import Input, Source
from services.compute.ports.objects import ObjectBook
from services.compute.ports.store import JobStore

NO_OUTPUT: Final = "You have no job of this id that has kept such an output."
NO_OBJECT: Final = "There is no such stored object that you may use."


class InputRights:
    """Without `objects` there are no stored objects. What is somebody else's and what is not there look the
    same.
    """

    def __init__(self, store: JobStore, objects: ObjectBook | None = None) -> None:
        self._store = store
        self._objects = objects

    def problems(
        self, owner: str, groups: Collection[str], inputs: Sequence[Input]
    ) -> Iterator[tuple[str, str]]:
        """By place in the spec. Raises StoreUnavailable."""
        yield from self._missing_outputs(owner, inputs)
        for number, given in enumerate(inputs):
            if given.source is Source.OBJECT and not self._may_use(given.value, owner, groups):
                yield f"/inputs/{number}/value", NO_OBJECT

    def _may_use(self, value: str, owner: str, groups: Collection[str]) -> bool:
        if self._objects is None:
            return False
        try:
            address = read_address(value)
            if not address.scope.may_use({owner}, groups):
                return False
            self._objects.find(address)
        except (ValueError, OutputNotFound):
            return False
        return True

    def _missing_outputs(self, owner: str, inputs: Sequence[Input]) -> Iterator[tuple[str, str]]:
        """Of this owner's, ended, and there."""
        wanted = {
            number: given.value.split("/", 1)
            for number, given in enumerate(inputs)
            if given.source is Source.OUTPUT
        }
        kept = {uid: self._outputs(uid, owner) for uid in {uid for uid, _ in wanted.values()}}
        for number, (uid, path) in wanted.items():
            if path not in kept[uid]:
                yield f"/inputs/{number}/value", NO_OUTPUT

    def _outputs(self, uid: str, owner: str) -> frozenset[str]:
        try:
            job = self._store.find(uid, {owner})
        except JobNotFound:
            return frozenset()
        return frozenset(file.path for file in self._store.files(job.uid) if file.kind is Stored.OUTPUT)
