"""The machine's clock."""

import time


class SystemClock:
    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()
