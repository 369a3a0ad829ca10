"""What the auth service needs from the outside, as Protocols; adapters implement them, wiring chooses.

One module per theme; the clock is everybody's.
"""

from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""
