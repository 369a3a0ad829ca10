"""Who may do what to an entry: POSIX bits, managers above them (contract 3.5)."""

from enum import IntEnum

from services.catalogue.domain.files.entries import Actor, Attributes


class Wish(IntEnum):
    """As bits of a mode."""

    READ = 4
    WRITE = 2


def allows(attributes: Attributes, actor: Actor, wish: Wish) -> bool:
    """The first class that the actor is of decides alone, as everywhere in POSIX; the VO is not asked."""
    if actor.is_manager:
        return True
    if attributes.owner == actor.name:
        return bool(attributes.mode >> 6 & wish)
    if attributes.group in actor.groups:
        return bool(attributes.mode >> 3 & wish)
    return bool(attributes.mode & wish)


def owns(attributes: Attributes, actor: Actor) -> bool:
    return actor.is_manager or attributes.owner == actor.name
