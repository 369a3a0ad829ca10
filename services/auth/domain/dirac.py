"""DIRAC: which group and which setup a token is for, and what its `scope` asks (contract 1.2, 1.5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.auth.domain.errors import AuthError
from services.auth.domain.people import Group, Person

VO, GROUP, PROPERTY, SETUP = "vo:", "group:", "property:", "setup:"
DEFAULT_SETUPS: Final = ("Production",)
HOUR: Final = 3600


class GroupNeeded(AuthError):
    """Nobody said which of several groups, or of none at all; `choices` are the caller's own."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__("which group?")
        self.choices = tuple(choices)


class NotInGroup(AuthError):
    """The person is not in that group (or it does not exist); `choices` are the person's own."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__("not a member")
        self.choices = tuple(choices)


class SetupNeeded(AuthError):
    """Several setups are configured and none was named."""


class NoSuchSetup(AuthError):
    """Not one of the configured setups."""


class NoSuchVo(AuthError):
    """The group belongs to another virtual organisation, or there is none of that name."""


class PropertyNotAllowed(AuthError):
    """A property that the group does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a `scope` and parameters ask for; None: nothing was said."""

    vo: str | None = None
    group: str | None = None
    properties: tuple[str, ...] = ()
    setup: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a token is for."""

    group: Group
    properties: tuple[str, ...]  # of the group, or the fewer that were asked for
    setup: str

    @property
    def scopes(self) -> tuple[str, ...]:
        return (VO + self.group.vo, GROUP + self.group.name)

    def as_details(self) -> dict[str, Any]:
        """For a grant's `details`."""
        return {
            "vo": self.group.vo,
            "group": self.group.name,
            "setup": self.setup,
            "properties": list(self.properties),
        }


def asked_of(scopes: Iterable[str], group: str | None = None, setup: str | None = None) -> Asked:
    """From scopes as `domain.scopes` knows them and DIRAC's own parameters, which win."""
    found: dict[str, list[str]] = {prefix: [] for prefix in (VO, GROUP, PROPERTY, SETUP)}
    for scope in scopes:
        for prefix, values in found.items():
            if scope.startswith(prefix):
                values.append(scope.removeprefix(prefix))
    return Asked(
        vo=_first(found[VO]),
        group=group or _first(found[GROUP]),
        properties=tuple(dict.fromkeys(found[PROPERTY])),
        setup=setup or _first(found[SETUP]),
    )


def stand(asked: Asked, groups: Sequence[Group], setups: Sequence[str]) -> Standing:
    """`groups` are the person's. The checks are in the order of contract 1.2.

    Raises GroupNeeded, SetupNeeded, NotInGroup, NoSuchVo, PropertyNotAllowed, NoSuchSetup.
    """
    candidates = [group for group in groups if asked.vo in (None, group.vo)]
    names = [group.name for group in candidates]
    if asked.group is None and len(candidates) != 1:
        raise NoSuchVo if groups and not candidates else GroupNeeded(names)
    if asked.setup is None and len(setups) != 1:
        raise SetupNeeded
    group = candidates[0] if asked.group is None else _named(asked.group, groups)
    if asked.vo not in (None, group.vo):
        raise NoSuchVo
    if not set(asked.properties) <= set(group.properties):
        raise PropertyNotAllowed
    setup = setups[0] if asked.setup is None else asked.setup
    if setup not in setups:
        raise NoSuchSetup
    return Standing(group=group, properties=asked.properties or group.properties, setup=setup)


def claims_of(details: Mapping[str, Any], person: Person | None) -> dict[str, Any]:
    """The claims that DIRAC's tools read (contract 1.5), of a grant's `details`; none without a group."""
    if not details.get("group"):
        return {}
    return {
        "vo": details.get("vo"),
        "dirac_group": details["group"],
        "dirac_properties": list(details.get("properties", ())),
        "dirac_policies": {},
        "setup": details.get("setup"),
        **({"preferred_username": person.username} if person else {}),
    }


def _named(name: str, groups: Sequence[Group]) -> Group:
    found = next((group for group in groups if group.name == name), None)
    if found is None:
        raise NotInGroup([group.name for group in groups])
    return found


def _first(values: Sequence[str]) -> str | None:
    return values[0] if values else None
