"""`python -m services.catalogue.indexer`: runs until SIGTERM or SIGINT, then finishes what it has begun."""

import logging
import os
import signal
import sys
from threading import Event, Thread
from types import FrameType

from libs.chain.errors import ChainError
from libs.sql.errors import SqlError
from libs.web.health import Check
from libs.web.health_server import HealthServer
from libs.web.logs import configure_logging
from libs.web.settings import BadSettings
from services.catalogue.indexer.assembly import Indexer, build
from services.catalogue.indexer.loop import ChainLoop
from services.catalogue.indexer.rules import DdoRules
from services.catalogue.indexer_settings import IndexerSettings, load_indexer_settings
from services.catalogue.version import VERSION

log = logging.getLogger("services.catalogue.indexer")
_STALE_PASSES = 60.0  # seconds without a pass that ended well
_START_PAUSE_SECONDS = 1.0


def main() -> int:
    try:
        settings = load_indexer_settings(os.environ)
    except BadSettings as error:
        configure_logging("indexer")
        for problem in error.problems:
            log.error("bad setting: %s", problem)
        return 2
    configure_logging("indexer", settings.log_level)
    stopping = Event()

    def stop(signum: int, _frame: FrameType | None) -> None:
        log.info("stopping", extra={"signal": signum})
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    indexer = _build_when_possible(settings, stopping)
    if indexer is not None:
        _run(indexer, settings, stopping)
    return 0


def _build_when_possible(settings: IndexerSettings, stopping: Event) -> Indexer | None:
    """Chain or database may come up after us; None when we are stopped before they do."""
    while not stopping.is_set():
        try:
            return build(settings, DdoRules(), VERSION)
        except (ChainError, SqlError) as error:
            log.warning("cannot start yet", extra={"reason": str(error)})
            stopping.wait(_START_PAUSE_SECONDS)
    return None


def _run(indexer: Indexer, settings: IndexerSettings, stopping: Event) -> None:
    checks = {f"chain_{number}": _freshness(loop) for number, loop in enumerate(indexer.loops)}
    health = HealthServer(
        settings.health_host, settings.health_port, {"database": indexer.database.ping, **checks}
    )
    health.start()
    threads = [Thread(target=loop.run, args=(stopping.is_set,), name="chain") for loop in indexer.loops]
    for thread in threads:
        thread.start()
    log.info("started", extra={"health_port": health.port, "chains": len(threads)})
    stopping.wait()
    for wake in indexer.wakes:
        wake.set()
    for thread in threads:
        thread.join()
    health.stop()
    indexer.close()
    log.info("stopped")


def _freshness(loop: ChainLoop) -> Check:
    def check() -> None:
        if loop.seconds_since_pass() > _STALE_PASSES:
            raise TimeoutError("no pass has ended well for a while")

    return check


if __name__ == "__main__":
    sys.exit(main())
