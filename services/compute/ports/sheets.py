"""Jobs as rows of attributes: searched, sorted, counted. Every method raises StoreUnavailable."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from services.compute.domain.job import Job
from services.compute.domain.sheets import Column, Scope, Search, Sheet, Tally, Value
from services.compute.domain.states import State


class JobSheets(Protocol):
    def search(self, wanted: Search, limit: int, start: int = 0) -> tuple[int, Sequence[int]]:
        """How many there are in all, and the ids of those from `start`."""

    def sheets(self, ids: Collection[int]) -> Mapping[int, Sheet]:
        """Jobs that were filed without one are left out."""

    def tally(self, wanted: Search, columns: Sequence[Column], limit: int) -> Sequence[Tally]:
        """Groups of jobs; a search's order does not count. Whoever gets more than `limit` does not have them
        all.
        """

    def values(self, wanted: Search, column: Column, limit: int) -> Sequence[Value]:
        """The different values of a column. Whoever gets more than `limit` does not have them all."""

    def history(self, scope: Scope, since: int, until: int, step: int) -> Mapping[State, Mapping[int, int]]:
        """How many jobs, of those that are kept, were in each state at each moment `since + n * step` before
        `until`; zeros are left out. All in whole seconds.
        """

    def batch(self, job: Job) -> Sequence[int]:
        """The ids of all that were submitted in one go with this one, itself included, in order."""
