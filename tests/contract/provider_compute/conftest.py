import pytest

from tests.contract.provider_compute.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """Free orders of everything are on the chain."""
    desk = Desk()
    desk.orders()
    return desk
