"""What every engine promises, on docker."""

from tests.contract.engines.suite import EngineSuite


class TestDocker(EngineSuite):
    pass
