"""What compute needs from the outside, as Protocols: `store` (jobs), `engines`, `files` (objects and live
logs), `provider` (orders, grants, nonces). Adapters implement them, wiring chooses.
"""

from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""
