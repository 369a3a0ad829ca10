"""Sites: names that DIRAC's users know places by, and the environments behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.compute.domain.sheets import ANY_SITE, SEVERAL_SITES

NONE_LEFT: Final = "No site is left: every one that is named is banned too."
_MOST_NAMED: Final = 20


class NoSite(ValueError):
    """`name` is the attribute at fault."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a job may run. `named` are the sites that its manifest leaves it (empty: any); `by_environment`
    those of each environment that serves one of them, None: every environment does.
    """

    named: tuple[str, ...]
    by_environment: Mapping[str, tuple[str, ...]] | None

    @property
    def shown(self) -> str:
        """As the attribute Site says it."""
        if not self.named:
            return ANY_SITE
        return self.named[0] if len(self.named) == 1 else SEVERAL_SITES

    def site_of(self, environment: str) -> str:
        """What the job is told it runs at."""
        if self.by_environment is not None:
            return self.by_environment[environment][0]
        return self.named[0] if self.named else environment


@dataclass(frozen=True, slots=True)
class Sites:
    """Names of sites by environment. None at all: whatever name stands for all environments."""

    by_environment: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def choose(self, wanted: Sequence[str], banned: Sequence[str]) -> Choice:
        """Raises NoSite."""
        is_any = not wanted or any(name.upper() == ANY_SITE for name in wanted)
        left = () if is_any else tuple(dict.fromkeys(name for name in wanted if name not in banned))
        if not is_any and not left:
            raise NoSite("BannedSites", NONE_LEFT)
        if not self.by_environment:
            return Choice(left, None)
        self._check_known(left)
        found = {
            environment: tuple(name for name in names if (name in left or is_any) and name not in banned)
            for environment, names in self.by_environment.items()
        }
        serving = {environment: names for environment, names in found.items() if names}
        if not serving:
            raise NoSite("BannedSites", NONE_LEFT)
        return Choice(left, serving)

    def _check_known(self, names: Sequence[str]) -> None:
        known = dict.fromkeys(name for sites in self.by_environment.values() for name in sites)
        unknown = next((name for name in names if name not in known), None)
        if unknown is not None:
            listed = ", ".join(list(known)[:_MOST_NAMED])
            raise NoSite("Site", f"There is no site {unknown[:64]!r}. Known: {listed}.")
