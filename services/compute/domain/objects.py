"""Stored objects: files that people and groups keep under names, for jobs to use and to hand around.

An address names one wherever it is: `owner:<subject>/<name>` or `group:<group>/<name>`, the holder
percent-encoded. Who may read or write a scope is decided by `may_use`. What the file catalogue names is its
own (domain/lfns.py): it alone says who may read them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote

from services.compute.domain.layout import is_plain_path

MAX_NAME: Final = 1024


class Holder(StrEnum):
    OWNER = "owner"
    GROUP = "group"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class Scope:
    """`name` is a principal's subject or a group's name."""

    holder: Holder
    name: str

    @property
    def key(self) -> str:
        return f"{self.holder.value}:{quote(self.name, safe='')}"

    def may_use(self, subjects: Collection[str], groups: Collection[str]) -> bool:
        """Exact membership, never a prefix or a part of a name."""
        if self.holder is Holder.CATALOGUE:
            return False
        return self.name in (subjects if self.holder is Holder.OWNER else groups)


@dataclass(frozen=True, slots=True)
class Address:
    scope: Scope
    name: str

    def __str__(self) -> str:
        return f"{self.scope.key}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """`blob` names its bytes in the object store; `modified_at` in UTC seconds."""

    address: Address
    blob: str
    size: int
    sha256: str
    modified_at: float


def read_address(text: str) -> Address:
    """Raises ValueError."""
    key, slash, name = text.partition("/")
    holder, colon, holder_name = key.partition(":")
    if not slash or not colon or not is_object_name(name):
        raise ValueError("no address of an object")
    scope = Scope(Holder(holder), unquote(holder_name))
    if scope.key != key:
        raise ValueError("no address of an object")
    return Address(scope, name)


def address_of(name: str, subject: str, groups: Collection[str]) -> Address | None:
    """What a name says to whom: without `/` it is the subject's; any other starts with the name of a group
    that they belong to (the longest that fits), and is nobody's (None) when there is none.
    """
    parts = name.split("/")
    if len(parts) == 1:
        return Address(Scope(Holder.OWNER, subject), name)
    for length in range(len(parts) - 1, 0, -1):
        group = "/".join(parts[:length])
        if group in groups:
            return Address(Scope(Holder.GROUP, group), "/".join(parts[length:]))
    return None


def is_object_name(text: str) -> bool:
    """`/` between parts; no empty part, no dots, no control characters."""
    return len(text) <= MAX_NAME and is_plain_path(text)
