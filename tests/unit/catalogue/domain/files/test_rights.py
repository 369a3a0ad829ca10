"""POSIX bits: the first class that somebody is of decides alone."""

from dataclasses import replace

import pytest

from services.catalogue.domain.files.entries import Actor, Attributes, Status
from services.catalogue.domain.files.rights import Wish, allows, owns

pytestmark = pytest.mark.clause("dirac 3.5")

OF_ALICE = Attributes(
    uid=1, owner="alice", gid=1, group="prod", mode=0, status=Status.GOOD, created_at=0, modified_at=0
)
OWNER = Actor(name="alice", group="user", groups=("user",), vo="vo")
MEMBER = Actor(name="bob", group="user", groups=("user", "prod"), vo="vo")
OTHER = Actor(name="eve", group="user", groups=("user",), vo="vo")
OWNING_MEMBER = Actor(name="alice", group="prod", groups=("prod",), vo="vo")


@pytest.mark.parametrize(
    ("mode", "actor", "may_read", "may_write"),
    [
        (0o700, OWNER, True, True),
        (0o700, MEMBER, False, False),
        (0o700, OTHER, False, False),
        (0o070, OWNER, False, False),
        (0o070, MEMBER, True, True),
        (0o070, OWNING_MEMBER, False, False),
        (0o007, OWNER, False, False),
        (0o007, MEMBER, False, False),
        (0o007, OTHER, True, True),
        (0o775, OTHER, True, False),
        (0o775, MEMBER, True, True),
        (0o500, OWNER, True, False),
        (0o200, OWNER, False, True),
        (0o111, OTHER, False, False),
    ],
)
def test_bits_decide(mode: int, actor: Actor, may_read: bool, may_write: bool) -> None:
    attributes = replace(OF_ALICE, mode=mode)
    assert allows(attributes, actor, Wish.READ) is may_read
    assert allows(attributes, actor, Wish.WRITE) is may_write


def test_a_manager_may_everything() -> None:
    manager = replace(OTHER, is_manager=True)
    assert allows(OF_ALICE, manager, Wish.WRITE)
    assert owns(OF_ALICE, manager)
    assert owns(OF_ALICE, OWNER)
    assert not owns(OF_ALICE, MEMBER)
