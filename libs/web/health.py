"""Liveness and readiness. Live asks nothing; ready runs each named check with a time limit."""

import logging
import threading
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)
Check = Callable[[], None]
CHECK_SECONDS = 2.0


class _Probe:
    """One check; a run that hangs is not started a second time, it counts as failed until it returns."""

    def __init__(self, name: str, check: Check) -> None:
        self._name = name
        self._check = check
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._done.set()
        self._outcome = "ok"

    def start(self) -> None:
        with self._lock:
            if not self._done.is_set():
                return
            self._done.clear()
            threading.Thread(target=self._run, name=f"check-{self._name}", daemon=True).start()

    def outcome(self, seconds: float) -> str:
        return self._outcome if self._done.wait(seconds) else "timed out"

    def _run(self) -> None:
        try:
            self._check()
            self._outcome = "ok"
        except Exception:  # the edge of a check: whatever it raises means "not ready"
            self._outcome = "failed"
            log.warning("readiness check failed", extra={"check": self._name}, exc_info=True)
        finally:
            self._done.set()


class Readiness:
    """The checks of one app."""

    def __init__(self, checks: Mapping[str, Check], seconds: float = CHECK_SECONDS) -> None:
        self._probes = {name: _Probe(name, check) for name, check in checks.items()}
        self._seconds = seconds

    def outcomes(self) -> dict[str, str]:
        """`ok`, `failed` or `timed out` by name; takes as long as the slowest check, at most the limit."""
        for probe in self._probes.values():
            probe.start()
        return {name: probe.outcome(self._seconds) for name, probe in self._probes.items()}
