"""What the catalogue refuses carries facts, for the rooms to word."""

import pytest

from services.catalogue.domain.errors import CatalogueError, EventConflict, LeaseLost


@pytest.mark.parametrize("name", ["follower:8996", "", "\u202e\0"], ids=["usual", "empty", "odd"])
def test_a_lost_lease_is_named(name: str) -> None:
    error = LeaseLost(name)
    assert error.name == name
    assert str(error) == f"the lease {name} is held by another process"
    assert isinstance(error, CatalogueError)


@pytest.mark.parametrize(
    "place", [(1, 2, 3), (8996, 0, 0), (2**63, 2**63 - 1, 2**31)], ids=["small", "first", "huge"]
)
def test_a_conflict_names_the_place_that_is_taken(place: tuple[int, int, int]) -> None:
    error = EventConflict(*place)
    assert (error.chain_id, error.block_number, error.log_index) == place
    assert str(error) == f"chain {place[0]} block {place[1]} log {place[2]} holds another block's event"
    assert isinstance(error, CatalogueError)


def test_a_conflict_is_no_lost_lease() -> None:
    """The follower rolls back on the one and stops on the other."""
    assert not issubclass(EventConflict, LeaseLost)
    assert not issubclass(LeaseLost, EventConflict)
