"""People who are not there to ask, as auth knows them at this moment."""

from collections.abc import Collection, Sequence
from typing import Protocol

from libs.web.principal import Principal
from services.compute.domain.errors import ComputeError


class PeopleUnavailable(ComputeError):
    """Auth does not say now."""


class People(Protocol):
    """All raise PeopleUnavailable."""

    def named(self, username: str) -> Principal | None:
        """Without scopes: whoever acts for them brings their own. None for nobody."""

    def removed(self, subjects: Sequence[str]) -> Collection[str]:
        """Those of them that are people who were removed."""
