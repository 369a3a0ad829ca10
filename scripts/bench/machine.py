"""What this machine can do at all, beside the one that the targets were set on. Nothing is scaled by it."""

import os
import secrets
import time
from dataclasses import asdict, dataclass

import coincurve

from scripts.bench import measure
from scripts.bench.baseline import nginx_alone
from scripts.stack.config import StackConfig

REFERENCE_RECOVERIES = 19_500
REFERENCE_NGINX = "730-840"
_TRIES = 3  # the best one counts: what else runs here only takes away
_SECONDS = 0.4
_FILE = "calibration.bin"
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Machine:
    recoveries: float  # of a signer from a signature, on one core, per second
    nginx_megabytes: float  # a second, four downloads of 100 MiB at once

    def line(self) -> str:
        return (
            f"machine: {self.recoveries:,.0f} signature recoveries/s "
            f"(the targets' reference machine: {REFERENCE_RECOVERIES:,}/s), "
            f"nginx alone {self.nginx_megabytes:,.0f} MB/s (reference {REFERENCE_NGINX})"
        )

    def as_json(self) -> dict[str, object]:
        measured: dict[str, object] = {name: round(value, 1) for name, value in asdict(self).items()}
        return {
            **measured,
            "reference_recoveries": REFERENCE_RECOVERIES,
            "reference_nginx_megabytes": REFERENCE_NGINX,
        }


def look(config: StackConfig) -> Machine:
    """Measure it, with the running stack's sample origin behind a plain nginx."""
    file = config.run_dir / "sample" / "files" / _FILE
    file.write_bytes(os.urandom(100 * measure.MIB))
    try:
        with nginx_alone(config) as url:
            nginx = max(measure.parallel_megabytes([f"{url}/{_FILE}"] * _AT_ONCE) for _ in range(_TRIES))
    finally:
        file.unlink()
    return Machine(max(_recoveries() for _ in range(_TRIES)), nginx)


def _recoveries() -> float:
    digest = secrets.token_bytes(32)
    signature = coincurve.PrivateKey().sign_recoverable(digest, hasher=None)
    done, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < _SECONDS:
        coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
        done += 1
    return done / passed
