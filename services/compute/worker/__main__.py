"""`python -m services.compute.worker`: runs until SIGTERM or SIGINT, then gives its jobs back.

What runs for them goes on: the next worker finds it by its name.
"""

import logging
import os
import signal
import sys
from threading import Event, Thread
from types import FrameType

from libs.sql.errors import SqlError
from libs.web.health import Check
from libs.web.health_server import HealthServer
from libs.web.logs import configure_logging
from libs.web.settings import BadSettings
from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.errors import FilesUnavailable
from services.compute.worker.assembly import Worker, build, read_book
from services.compute.worker.loop import Loop
from services.compute.worker_settings import WorkerSettings, load_worker_settings

log = logging.getLogger("services.compute.worker")
_STALE_SECONDS = 60.0  # without a pass that ended well
_START_PAUSE_SECONDS = 1.0


def main() -> int:
    stopping = Event()

    def stop(signum: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    configure_logging("worker")
    try:
        settings = load_worker_settings(os.environ)
        configure_logging("worker", settings.log_level)
        worker = _build_when_possible(settings, read_book(settings), stopping)
    except BadSettings as error:
        for problem in error.problems:
            log.error("bad setting: %s", problem)
        return 2
    if worker is not None:
        _run(worker, settings, stopping)
    return 0


def _build_when_possible(settings: WorkerSettings, book: EnvironmentBook, stopping: Event) -> Worker | None:
    """Database or object store may come up after us; None when we are stopped before they do."""
    while not stopping.is_set():
        try:
            return build(settings, book)
        except (SqlError, FilesUnavailable) as error:
            log.warning("cannot start yet", extra={"reason": str(error)})
            stopping.wait(_START_PAUSE_SECONDS)
    return None


def _run(worker: Worker, settings: WorkerSettings, stopping: Event) -> None:
    checks = {
        "database": worker.store.ping,
        "files": worker.tools.files.ping,
        "storage": worker.tools.site.ping,
        "loop": _freshness(worker.loop),
    }
    health = HealthServer(settings.health_host, settings.health_port, checks)
    health.start()
    worker.upkeep.start()
    worker.herald.start()
    served = [environment.id for environment in worker.tools.served()]
    log.info("started", extra={"health_port": health.port, "worker": settings.name, "environments": served})
    loop = Thread(target=worker.loop.run, args=(stopping.is_set,), name="loop")
    loop.start()
    stopping.wait()
    worker.loop.wake()
    loop.join()
    worker.upkeep.stop()
    worker.herald.stop()
    health.stop()
    worker.store.close()
    log.info("stopped")


def _freshness(loop: Loop) -> Check:
    def check() -> None:
        if loop.seconds_since_pass() > _STALE_SECONDS:
            raise TimeoutError("no pass has ended well for a while")

    return check


if __name__ == "__main__":
    sys.exit(main())
