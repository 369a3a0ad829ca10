"""What every engine promises, on docker."""

from tests.contract.engines.gathering_suite import GatheringSuite, name
from tests.contract.engines.suite import EngineSuite

__all__ = ["name"]


class TestDocker(EngineSuite):
    pass


class TestGathering(GatheringSuite):
    pass
