"""The native room over SQLite and the machine's clock, for a real server: `ROOM_FOLDER` is where all lies."""

import os
import time
from pathlib import Path

from services.compute.adapters.store_sql.store import open_store
from tests.fakes.compute_room import Room


class RealClock:
    def now(self) -> float:
        return time.time()

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


def open_room(folder: Path) -> Room:
    """Processes that open the same folder see the same jobs."""
    return Room(folder, store=open_store(f"sqlite:///{folder}/jobs.db"), clock=RealClock(), streams=3)


def open_app() -> object:
    return open_room(Path(os.environ["ROOM_FOLDER"])).app


app = open_app() if "ROOM_FOLDER" in os.environ else None
