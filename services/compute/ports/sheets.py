"""Jobs as rows of attributes: searched, sorted, counted. Every method raises StoreUnavailable."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from services.compute.domain.job import Job
from services.compute.domain.sheets import Column, Scope, Search, Sheet, Tally
from services.compute.domain.states import State


class JobSheets(Protocol):
    def search(self, wanted: Search, limit: int, start: int = 0) -> tuple[int, Sequence[int]]:
        """How many there are in all, and the ids of those from `start`."""

    def sheets(self, ids: Collection[int]) -> Mapping[int, Sheet]:
        """Jobs that were filed without one are left out."""

    def tally(self, wanted: Search, columns: Sequence[Column]) -> Sequence[Tally]:
        """Groups of jobs; a search's order does not count."""

    def values(self, wanted: Search, column: Column, limit: int) -> Sequence[object]:
        """The different values of a column, `limit` at most."""

    def history(
        self, scope: Scope, since: float, until: float, step: float
    ) -> Mapping[State, Mapping[float, int]]:
        """How many jobs were in each state at each moment `since + n * step`; zeros are left out."""

    def batch(self, job: Job) -> Sequence[int]:
        """The ids of all that were submitted in one go with this one, itself included, in order."""
