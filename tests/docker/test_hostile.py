"""Programs that mean harm, on docker."""

from tests.engine_hostile import HostileSuite


class TestHostileOnDocker(HostileSuite):
    pass
